"""Reads what a report shows of an import: the first thousand of each list, and how many there are (rules R1, F4)."""

from collections.abc import AsyncIterator

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.organizations import Organization
from core.schema import changes, problems
from processor import imports_store
from processor.filing.change_lists import SHOWN, ChangeList, list_of
from processor.filing.report import ReportContents
from processor.findings import Problem
from processor.imports import Change, ImportRecord

Group = tuple[str, str, bool]  # kind, field, whether there is a new value: what decides the list of a change


async def report_contents(
    connection: AsyncConnection, *, record: ImportRecord, organization: Organization
) -> ReportContents:
    """Return the contents of an import's report; memory does not grow with the file."""
    number = record.number
    shown, totals = await _changes(connection, number)
    findings = await imports_store.first_findings(connection, number, limit=SHOWN)
    return ReportContents(
        record=record,
        organization=organization,
        problems=findings.problems,
        notes=findings.notes,
        problem_total=findings.problem_total,
        note_total=findings.note_total,
        changes=shown,
        change_totals=totals,
    )


async def problem_batches(connection: AsyncConnection, number: int) -> AsyncIterator[list[Problem]]:
    """Yield all problems of an import in the order of the file."""
    query = (
        select(problems)
        .where(problems.c.import_number == number, problems.c.is_note == 0)
        .order_by(func.coalesce(problems.c.line, 0), problems.c.place)
    )
    result = await connection.stream(query)
    async for rows in result.partitions(SHOWN):
        yield [Problem(row.line, row.column, row.code, row.text, row.advice, row.times) for row in rows]


async def _changes(connection: AsyncConnection, number: int) -> tuple[list[Change], dict[ChangeList, int]]:
    groups: dict[ChangeList, dict[Group, int]] = {}
    query = (
        select(changes.c.kind, changes.c.field, changes.c.new.is_not(None), func.count())
        .where(changes.c.import_number == number)
        .group_by(changes.c.kind, changes.c.field, changes.c.new.is_not(None))
    )
    for kind, field, has_new, count in (await connection.execute(query)).all():
        name = list_of(Change(kind, "", field, None, "" if has_new else None))
        groups.setdefault(name, {})[(kind, field, bool(has_new))] = count
    shown = [change for found in groups.values() for change in await _first(connection, number, list(found))]
    return shown, {name: sum(found.values()) for name, found in groups.items()}


async def _first(connection: AsyncConnection, number: int, groups: list[Group]) -> list[Change]:
    kind, fields = groups[0][0], {field for _, field, _ in groups}
    query = (
        select(changes)
        .where(changes.c.import_number == number, changes.c.kind == kind, changes.c.field.in_(fields))
        .order_by(changes.c.place)
        .limit(SHOWN)
    )
    rows = await connection.execute(query)
    return [Change(row.kind, row.key, row.field, row.old, row.new) for row in rows]
