"""Reads a whole file in memory with the parts of processor/reading, as the import does in blocks."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.organization_settings import OrganizationSettings
from processor.findings import Problem
from processor.reading.dates import EarlierProof, Order
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Header, understand_header
from processor.reading.presets import Preset
from processor.reading.survey import Survey
from processor.reading.user_rows import UserRow, user_row_reader
from tests.unit.reading.refusals import key_checker

OWNER = "coach@mavericks.example"


@dataclass(frozen=True, slots=True)
class WholeFile:
    """What a users file says."""

    header: Header
    decisions: Decisions
    rows: tuple[UserRow, ...]
    refused: tuple[Problem, ...]

    @property
    def row(self) -> UserRow:
        (row,) = self.rows
        return row

    @property
    def codes(self) -> list[str]:
        """The codes of all problems, rows refused first."""
        return [p.code for p in (*self.refused, *(f for row in self.rows for f in row.findings))]

    @property
    def notes(self) -> list[str]:
        return [p.code for p in (*self.header.notes, *self.decisions.notes)]


def settings_with(**values: object) -> OrganizationSettings:
    return OrganizationSettings.model_validate({"owner": OWNER, **values})


def known(**types: str) -> dict[str, KnownField]:
    """Custom fields by label; `_` in a name is a space, a type that ends with `!` was set by command."""
    return {
        label.replace("_", " "): KnownField(
            label.replace("_", " "), FieldType(kind.rstrip("!")), kind.endswith("!")
        )
        for label, kind in types.items()
    }


def understood(
    *labels: str,
    header_map: Mapping[str, str] | None = None,
    fields: Sequence[str] = (),
    match_by: str | None = None,
) -> Header:
    found = understand_header(labels, header_map=header_map or {}, field_labels=fields, match_by=match_by)
    assert isinstance(found, Header), found
    return found


def refusal(
    *labels: str, header_map: Mapping[str, str] | None = None, match_by: str | None = None
) -> Problem:
    found = understand_header(labels, header_map=header_map or {}, field_labels=(), match_by=match_by)
    assert not isinstance(found, Header), found
    return found[0]


def read_users(
    text: str,
    *,
    header_map: Mapping[str, str] | None = None,
    fields: Mapping[str, KnownField] | None = None,
    earlier: EarlierProof | None = None,
    habit: tuple[str, Order] | None = None,
    preset: Preset | None = None,
    **values: object,
) -> WholeFile:
    settings = settings_with(**values)
    labels, *records = csv.reader(io.StringIO(text))
    fields = fields or {}
    header = understood(*labels, header_map=header_map, fields=list(fields))
    survey = Survey(header=header, known_fields=fields, clear_word=settings.clear_word)
    check = key_checker(header=header, settings=settings)
    for line, cells in enumerate(records, start=2):
        if check(line, cells) is None:
            survey.add(cells)
    decisions = survey.decide(setting=settings.dates, earlier=earlier, habit=habit)
    read = user_row_reader(
        header=header, decisions=decisions, settings=settings, known_fields=fields, preset=preset
    )
    found = [read(line, cells) for line, cells in enumerate(records, start=2)]
    return WholeFile(
        header,
        decisions,
        tuple(f for f in found if isinstance(f, UserRow)),
        tuple(f for f in found if isinstance(f, Problem)),
    )
