"""Rows of a teams file (rules T1 to T3)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from core.addresses import AddressError, EmailAddress, parse_address
from core.organization_settings import OrganizationSettings
from processor.findings import Problem
from processor.reading.address_faults import why_no_address
from processor.reading.catalogue import problem
from processor.reading.header import Column, Header
from processor.reading.labels import Meaning, clean_label, label_key
from processor.reading.stray_rows import (
    check_width,
    is_total_of_teams,
    looks_like_labels,
    looks_like_total,
)
from processor.reading.values import clean, key_text, take_guard_off


class TeamRow(NamedTuple):
    """One row that is not refused; None means that the row says nothing about it (P3)."""

    line: int
    name: str
    name_key: str
    owner: EmailAddress | None
    parent: str | None
    type: str | None
    findings: tuple[Problem, ...]
    cleared: frozenset[str] = frozenset()  # owner, parent, type


def team_row_reader(
    *, header: Header, settings: OrganizationSettings
) -> Callable[[int, Sequence[str]], TeamRow | Problem]:
    """Return the function that reads a row (its first line, its cells): a `TeamRow`, or why the row is refused."""
    clear = settings.clear_word.casefold() if settings.clear_word else None
    names, owners, parents, types = (
        header.of(m) for m in (Meaning.TEAM_NAME, Meaning.TEAM_OWNER, Meaning.PARENT_TEAM, Meaning.TEAM_TYPE)
    )

    name_keys = {label_key(clean_label(column.label)) for column in names} | {label_key(Meaning.TEAM_NAME)}

    def read(line: int, cells: Sequence[str]) -> TeamRow | Problem:
        if wrong := check_width(line, cells, header):
            return wrong
        name, _ = _first(names, cells)
        if not name or name.casefold() == clear:
            code = "total-row" if looks_like_total(cells) else "team-name-missing"
            return problem(code, line=line, column=None if code == "total-row" else names[0].label)
        if is_total_of_teams(cells):
            return problem("total-row", line=line)
        if label_key(name) in name_keys and looks_like_labels(cells, header):
            return problem("labels-again", line=line)
        given = {
            "owner": _first(owners, cells),
            "parent": _first(parents, cells),
            "type": _first(types, cells),
        }
        cleared = frozenset(key for key, (text, _) in given.items() if clear and text.casefold() == clear)
        owner, parent, kind = ("" if key in cleared else text for key, (text, _) in given.items())
        address = None
        findings: tuple[Problem, ...] = ()
        if owner:
            try:
                address = parse_address(owner)
            except AddressError:
                why = why_no_address(owner)
                findings = (problem("owner-invalid", line=line, column=given["owner"][1], why=why),)
        return TeamRow(line, name, key_text(name), address, parent or None, kind or None, findings, cleared)

    return read


def _first(columns: tuple[Column, ...], cells: Sequence[str]) -> tuple[str, str | None]:
    """The first text that is not blank, and the label of its column (H5)."""
    for column in columns:
        if text := clean(take_guard_off(cells[column.index])):
            return text, column.label
    return "", None
