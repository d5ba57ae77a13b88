"""`rosterdrop org remove`: an organization goes, with folder, directory and history (section K)."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.output import say
from commands.session import Session, open_session, run
from core.errors import BusyError, ServiceError, UsageError
from core.removed_folders import folder_aside_of

if TYPE_CHECKING:
    from core.organizations import Organization

SESSIONS_END_S = 2.5  # the daemon looks once a second whether accounts of open sessions are still good
AT_HAND_S = 60.0
LOOK_S = 0.2
ROWS_A_STEP = 5_000  # some hundredths of a second, in which other writers wait


class DropsWaitError(ServiceError):
    """Files of the organization are accepted and not imported."""

    code = "drops_wait"


def remove(
    ctx: typer.Context,
    org: Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask; needed where there is no terminal.")] = False,
    discard: Annotated[
        bool,
        typer.Option(
            "--discard", help="Also when files wait, are held or are not imported yet: they go, too."
        ),
    ] = False,
) -> None:
    """Remove an organization for good: its login, sessions, folder with all files, users and teams, history, mails.

    Only its audit trail stays, under another name, which is printed. The id and the user name can be used again.
    Interrupted, the same command ends it; until then nobody logs in.

    Example: `rosterdrop org remove 007 --yes`
    """
    session = open_session(ctx)
    if (half_removed := run(_half_removed(session, org))) is not None:
        trail = run(_finish(session, org, half_removed))
        say(
            f"The removal of {org}, which was interrupted, is finished. "
            f"Its audit trail: `rosterdrop audit --org '{trail}'`."
        )
        return
    organization = run(_one(session, org))
    _refuse_waiting(session, org, discard=discard)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError(f"This removes {organization.name} ({org}) for good: add --yes.")
        typer.confirm(
            f"Remove {organization.name} ({org}) with all its files and users for good?", abort=True
        )
    with _nobody_else_works(session.data_dir) as has_daemon:
        trail = run(remove_one(session, organization, discard=discard, has_daemon=has_daemon))
    session.nudge(org)
    say(f"{organization.name} ({org}) is removed. Its audit trail: `rosterdrop audit --org '{trail}'`.")


@contextmanager
def _nobody_else_works(data_dir: Path) -> Iterator[bool]:
    """Say whether a daemon runs, which knows what a disabled organization is; else hold the folder as `import` does."""
    from commands.daemon import running_daemon
    from core.locks import data_folder_lock

    with ExitStack() as stack:
        has_daemon = running_daemon(data_dir) is not None
        if not has_daemon:
            stack.enter_context(data_folder_lock(data_dir))
        yield has_daemon


def _refuse_waiting(session: Session, org_id: str, *, discard: bool) -> int:
    """Return how many files wait, are held or are not looked at yet.

    Raises:
        DropsWaitError: there are some, and they are not to be discarded.
    """
    drops = len(session.inbox().queue(org_id))
    if drops and not discard:
        files = "A file" if drops == 1 else f"{drops} files"
        verb = "is" if drops == 1 else "are"
        raise DropsWaitError(
            f"{files} of {org_id} {verb} not imported yet: `rosterdrop imports list --org {org_id}`. "
            "Let that end first, or add --discard."
        )
    return drops


async def _one(session: Session, org_id: str) -> "Organization":
    from core.organizations_store import organization_by_id

    async with session.reading() as connection:
        return await organization_by_id(connection, org_id)


async def _half_removed(session: Session, org_id: str) -> int | None:
    from core.removal_store import unfinished_removal

    async with session.reading() as connection:
        return await unfinished_removal(connection, org_id)


async def remove_one(
    session: Session,
    organization: "Organization",
    *,
    discard: bool,
    has_daemon: bool,
    at_hand_s: float = AT_HAND_S,
) -> str:
    """Stop what goes on, take the folder away, and everything out of the database; return what its trail is under.

    Whatever stops it before its row is marked leaves the organization as it was, enabled if it was.

    Raises:
        BusyError: an import takes longer than `at_hand_s`.
        DropsWaitError: a file came meanwhile.
    """
    org_id = organization.id
    async with _disabled(session, organization):
        if has_daemon:
            session.nudge(org_id)
            await asyncio.sleep(SESSIONS_END_S)
        await _let_end(session, organization, at_hand_s)
        drops = _refuse_waiting(session, org_id, discard=discard)
        aside = folder_aside_of(session.data_dir, org_id=org_id, org_no=organization.no)
        with folder_aside(session.inbox().folders(org_id).root, aside):
            await _mark(session, organization, drops)
    return await _finish(session, org_id, organization.no)


@asynccontextmanager
async def _disabled(session: Session, organization: "Organization") -> AsyncIterator[None]:
    """Disable it for the block; it is enabled again when that fails."""
    from commands.auditing import note
    from core.audit import Event
    from core.organizations_store import change_organization

    if not organization.enabled:
        yield
        return
    org_id = organization.id
    async with session.writing() as connection:
        await change_organization(connection, org_id, disabled_at=session.now())
        await note(session, connection, Event.ORGANIZATION_DISABLED, org_id=org_id)
    try:
        yield
    except BaseException:
        async with session.writing() as connection:
            await change_organization(connection, org_id, disabled_at=None)
            await note(session, connection, Event.ORGANIZATION_ENABLED, org_id=org_id)
        session.nudge(org_id)
        raise


async def _mark(session: Session, organization: "Organization", drops: int) -> None:
    """Make it nobody's, in one transaction: from here on the removal is only to be finished."""
    from commands.auditing import note
    from core.audit import Event
    from core.removal_store import begin_removal

    detail = f"{organization.username}; {drops} not imported" if drops else organization.username
    async with session.writing() as connection:
        await note(session, connection, Event.ORGANIZATION_REMOVED, org_id=organization.id, detail=detail)
        await begin_removal(connection, organization, now=session.now())


async def _finish(session: Session, org_id: str, org_no: int) -> str:
    """Delete its rows step by step and its folder, then free its id; whatever stops it, it is done again from here."""
    from core.removal_store import end_removal, remove_rows

    async with session.existing_database() as database:
        deleted = ROWS_A_STEP
        while deleted:
            async with database.writing() as connection:
                deleted = await remove_rows(connection, org_no, most=ROWS_A_STEP)
        # Its own folder only: another one there may be that of a removal which was interrupted (`doctor`).
        aside = folder_aside_of(session.data_dir, org_id=org_id, org_no=org_no)
        await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)
        with suppress(OSError):
            aside.parent.rmdir()
        # The daemon may have missed `local/` just before and made the folder again: from now on it does not.
        await asyncio.to_thread(shutil.rmtree, session.inbox().folders(org_id).root, ignore_errors=True)
        async with database.writing() as connection:
            return await end_removal(connection, org_no, org_id)


async def _let_end(session: Session, organization: "Organization", within_s: float) -> None:
    """Wait for an import that runs.

    Raises:
        BusyError: it takes long.
    """
    from core.removal_store import started_uids

    end = asyncio.get_running_loop().time() + within_s
    while True:
        queued = {drop.meta.uid for drop in await asyncio.to_thread(session.inbox().queue, organization.id)}
        async with session.reading() as connection:
            started = await started_uids(connection, organization.no)
        if not queued & started:
            return
        if asyncio.get_running_loop().time() > end:
            raise BusyError(
                f"An import of {organization.id} runs still: nothing was removed, try again when it has ended."
            )
        await asyncio.sleep(LOOK_S)


@contextmanager
def folder_aside(root: Path, aside: Path) -> Iterator[None]:
    """Move the folder away for the time of the transaction; it comes back when that fails.

    The other way round, a crash between the two would give the old files to the next organization of that id.
    """
    from core.durable import sync_directory

    aside.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    there = root.exists()
    if there:
        root.rename(aside)
        sync_directory(root.parent)
    try:
        yield
    except BaseException:
        if there:
            aside.rename(root)
        raise
