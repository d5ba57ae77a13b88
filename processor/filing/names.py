"""How a filed drop and the files beside it are called (rule R1); nothing else makes such names."""

import re
from datetime import UTC

from core.clock import from_text
from processor.imports import ImportRecord, Outcome

NAME_LIMIT_BYTES = 150
EXTENSION_LIMIT_BYTES = 16

REPORT = ".report.html"
PROBLEMS = ".problems.csv"
REJECTED = ".rejected.csv"

_FOREIGN = re.compile(r"[^A-Za-z0-9._-]")


def filed_name(record: ImportRecord) -> str:
    """Rule R1: `20261123T090501Z-000017-users.csv`, by the row alone, so that filing twice is filing once."""
    accepted = from_text(record.accepted_at).astimezone(UTC)
    return f"{accepted:%Y%m%dT%H%M%SZ}-{record.number:06d}-{plain_name(record.name)}"


def filed_as(record: ImportRecord) -> str:
    """Rule R1: the path below the organization's folder: `archive/...` or `error/...`.

    Raises:
        ValueError: the import has no final outcome, so the drop stays in the queue.
    """
    return f"{folder_of(record)}/{filed_name(record)}"


def folder_of(record: ImportRecord) -> str:
    """Return `archive` or `error`.

    Raises:
        ValueError: the import has no final outcome.
    """
    if record.outcome is None or not record.outcome.is_final:
        raise ValueError(f"import {record.number} has no final outcome")
    return record.outcome.folder


def report_path(record: ImportRecord) -> str:
    """Where the report stands: beside the file."""
    return filed_as(record) + REPORT


def problems_path(record: ImportRecord, *, problems: int) -> str | None:
    """Where the table of problems stands, in `error/`: for partial and refused files that have any."""
    has_table = record.outcome in (Outcome.PARTIAL, Outcome.REFUSED) and problems > 0
    return f"error/{filed_name(record)}{PROBLEMS}" if has_table else None


def rejected_path(record: ImportRecord) -> str | None:
    """Where the refused rows stand, in `error/`: for partial files that have any."""
    has_rows = record.outcome is Outcome.PARTIAL and record.counts.rows_refused > 0
    return f"error/{filed_name(record)}{REJECTED}" if has_rows else None


def companions(path: str) -> list[str]:
    """Return all that may stand beside a filed file, wherever it was filed."""
    name = path.rpartition("/")[2]
    return [
        f"{folder}/{name}{ending}"
        for folder in ("archive", "error")
        for ending in (REPORT, PROBLEMS, REJECTED)
    ]


def plain_name(name: str) -> str:
    """Rule R1: ASCII letters, digits, `.`, `_`, `-`; cut to 150 bytes with the extension kept."""
    plain = _FOREIGN.sub("_", name) or "_"
    if len(plain) <= NAME_LIMIT_BYTES:
        return plain
    stem, dot, extension = plain.rpartition(".")
    if not stem or len(extension) > EXTENSION_LIMIT_BYTES:
        return plain[:NAME_LIMIT_BYTES]
    ending = dot + extension
    return stem[: NAME_LIMIT_BYTES - len(ending)] + ending
