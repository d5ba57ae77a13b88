"""What an import of a file would do, without doing it (rule H7): the same reading and planning, nothing written."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import Clock, to_text
from core.database import Database, open_database
from core.migrate import prepare_database
from core.names import NameKind, kind_of_name
from core.organization_settings import OrganizationSettings
from core.organizations import Organization
from core.organizations_store import add_organization
from processor.directory.directory_store import reading_directory
from processor.directory.plan import NewField, Plan, PlanSpace
from processor.directory.planning import Planner, Understood
from processor.filing.kept_details import Details
from processor.findings import Note, Problem
from processor.imports import Change, Counts, Kind, Outcome
from processor.reading.catalogue import problem
from processor.reading.meanings import meanings

Progress = Callable[[int, int], None]  # bytes read, size of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What a file is and what an import of it would do."""

    kind: Kind | None
    headers: list[tuple[str, str]]  # label, meaning: one of ours, `custom.<field>` or `ignore`
    problems: list[Problem]
    notes: list[Note]
    counts: Counts
    new_fields: list[NewField]
    changes: list[Change]
    outcome: Outcome
    hold: str | None  # why a guard would hold it (G1)
    details: Details = field(default_factory=Details)


async def dry_run(
    *,
    database: Database | None,
    clock: Clock,
    path: Path,
    org: Organization | None,
    organization_settings: OrganizationSettings,
    progress: Progress | None = None,
) -> DryRun:
    """Rule H7: plan the file against an organization's directory, or, without one, against that of a new one.

    Rule U5: a name that no import can use refuses the file here as there.
    """
    if kind_of_name(path.name) is not NameKind.USABLE:
        return _refused(problem("wrong-extension"))
    with tempfile.TemporaryDirectory(prefix="rosterdrop-check-") as name:
        folder = Path(name)
        if database is not None and org is not None:
            return await _planned(database, org.no, clock, path, organization_settings, folder, progress)
        async with _new_organization(folder, clock, organization_settings) as (empty, org_no):
            return await _planned(empty, org_no, clock, path, organization_settings, folder, progress)


async def _planned(
    database: Database,
    org_no: int,
    clock: Clock,
    path: Path,
    settings: OrganizationSettings,
    folder: Path,
    progress: Progress | None,
) -> DryRun:
    size = (await asyncio.to_thread(path.stat)).st_size
    with PlanSpace(folder=folder) as space:
        async with reading_directory(database, org_no) as directory:
            planner = Planner(
                space=space,
                directory=directory,
                settings=settings,
                now=clock.now(),
                folder=folder,
                progress=None if progress is None else lambda done: progress(done, size),
                detailed=True,
            )
            return _told(await planner.plan(path))


def _refused(why: Problem) -> DryRun:
    return DryRun(
        kind=None,
        headers=[],
        problems=[why],
        notes=[],
        counts=Counts(),
        new_fields=[],
        changes=[],
        outcome=Outcome.REFUSED,
        hold=None,
    )


def _told(understood: Understood) -> DryRun:
    plan, header = understood.plan, understood.header
    return DryRun(
        kind=plan.kind,
        headers=[] if header is None else meanings(header),
        problems=_findings(plan, notes=False),
        notes=_findings(plan, notes=True),
        counts=plan.counts,
        new_fields=[] if plan.outcome is Outcome.REFUSED else plan.new_fields,
        changes=_changes(plan),
        outcome=plan.outcome,
        hold=plan.hold,
        details=Details(plan.missing, created=plan.created),
    )


def _findings(plan: Plan, *, notes: bool) -> list[Problem]:
    found = [Problem(*row[1:]) for batch in plan.findings.batches() for row in batch if bool(row[0]) is notes]
    return sorted(found, key=lambda finding: finding.line or 0)


def _changes(plan: Plan) -> list[Change]:
    return [
        Change(kind, key, field, old, new)
        for batch in plan.all_changes()
        for kind, _target, key, field, old, new in batch
    ]


@asynccontextmanager
async def _new_organization(
    folder: Path, clock: Clock, settings: OrganizationSettings
) -> AsyncIterator[tuple[Database, int]]:
    path = folder / "check.sqlite"
    prepare_database(path)
    async with open_database(path) as database:
        async with database.writing() as connection:
            made = await add_organization(
                connection,
                org_id="check",
                name="check",
                username="check",
                password_hash="",
                settings=settings,
                now=to_text(clock.now()),
            )
        yield database, made.no
