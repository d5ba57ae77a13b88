"""`rosterdrop users export` and `teams export`: the directory in the import's own format (rule E1)."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from commands.output import warn
from commands.session import Session, open_session, run
from core.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from core.database import Database
    from core.organizations import Organization
    from processor.exporting import Exporter

OrgArgument = Annotated[str, typer.Argument(metavar="ORG", help="The organization's id.", show_default=False)]
OutputOption = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", help="Write this file instead of standard output.")
]
FolderOption = Annotated[
    bool,
    typer.Option("--to-folder", help="Put it into the organization's /export, in the place of the last one."),
]
MailOption = Annotated[
    str | None,
    typer.Option(
        metavar="EMAIL", help="Tell this administrator of the organization where it is; puts it into /export."
    ),
]
WorkbookOption = Annotated[bool, typer.Option("--xlsx", help="Write an Excel workbook instead of CSV.")]


class NotAnAdministratorError(ServiceError):
    """Only an active administrator of the organization is told of its exports (rule E1)."""

    code = "not_an_administrator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where the export goes."""

    org_id: str
    what: str  # users, teams
    output: Path | None
    to_folder: bool
    mail_to: str | None
    workbook: bool

    @property
    def into_folder(self) -> bool:
        """Whether the organization's `/export` gets it."""
        return self.to_folder or self.mail_to is not None


def export_users(
    ctx: typer.Context,
    org: OrgArgument,
    output: OutputOption = None,
    to_folder: FolderOption = False,
    mail_to: MailOption = None,
    xlsx: WorkbookOption = False,
) -> None:
    """Export all users with all fields, as a CSV file that imports as it stands.

    Example: `rosterdrop users export 007 --to-folder --mail-to ann@mavericks.example`
    """
    _export(
        ctx,
        Wish(org_id=org, what="users", output=output, to_folder=to_folder, mail_to=mail_to, workbook=xlsx),
    )


def export_teams(
    ctx: typer.Context,
    org: OrgArgument,
    output: OutputOption = None,
    to_folder: FolderOption = False,
    mail_to: MailOption = None,
    xlsx: WorkbookOption = False,
) -> None:
    """Export all teams, as a CSV file that imports as it stands.

    Example: `rosterdrop teams export 007 --output teams.csv`
    """
    _export(
        ctx,
        Wish(org_id=org, what="teams", output=output, to_folder=to_folder, mail_to=mail_to, workbook=xlsx),
    )


def _export(ctx: typer.Context, wish: Wish) -> None:
    if wish.workbook and wish.output is None and not wish.into_folder and sys.stdout.isatty():
        raise UsageError("A workbook is nothing to look at here: give --output FILE or --to-folder.")
    run(_work(open_session(ctx), wish))


async def _work(session: Session, wish: Wish) -> None:
    from core.organizations_store import organization_by_id
    from processor.exporting import Exporter, What

    async with session.existing_database() as database:
        async with database.reading() as connection:
            organization = await organization_by_id(connection, wish.org_id)
        administrator = None
        if wish.mail_to is not None:
            administrator = await _administrator(database, organization, wish.mail_to)
        exporter = Exporter(
            database=database, organization=organization, what=What(wish.what), workbook=wish.workbook
        )
        if wish.into_folder:
            count = await exporter.into_folder(session.inbox().folders(organization.id).export)
            warn(f"{count:,} {wish.what} exported to /export/{exporter.name} of {organization.name}.")
            if administrator is not None:
                await _tell(session, database, exporter, administrator, count)
        if wish.output is not None:
            with _opened(wish.output) as target:
                count = await exporter.into(target)
            warn(f"{count:,} {wish.what} exported to {wish.output}.")
        elif not wish.into_folder:
            await _to_standard_output(exporter)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file of the caller's: whole or not at all, or, where it is no plain file, written when it is whole.

    Raises:
        UsageError: there is no such folder.
    """
    from processor.filing.export_folder import replacing

    path = path.resolve()
    if not path.parent.is_dir():
        raise UsageError(f"There is no folder {path.parent}: make it, or name another --output.")
    if not path.exists() or path.is_file():
        with replacing(path.parent, path.name) as file:
            yield file
        return
    with tempfile.TemporaryFile() as whole, path.open("wb") as target:
        yield whole
        whole.seek(0)
        shutil.copyfileobj(whole, target)


async def _to_standard_output(exporter: "Exporter") -> None:
    """Write all of it when it is whole: a slow reader holds up no other command."""
    with tempfile.TemporaryFile() as whole:
        await exporter.into(whole)
        whole.seek(0)
        shutil.copyfileobj(whole, sys.stdout.buffer)
        sys.stdout.buffer.flush()


async def _administrator(database: "Database", organization: "Organization", email: str) -> str:
    """Return the address as the directory spells it."""
    from processor.directory.listing_store import user_of

    async with database.reading() as connection:
        user = await user_of(connection, organization.no, email)
    if user is None or not user.is_org_admin or user.status != "active":
        raise NotAnAdministratorError(
            f"{email} is no active administrator of {organization.name}, so nothing was exported: "
            f"`rosterdrop users list --org {organization.id}` shows who is one."
        )
    return user.email


async def _tell(session: Session, database: "Database", exporter: "Exporter", email: str, count: int) -> None:
    from uuid import uuid4

    from processor.mail import outbox_store
    from processor.mail.mails import NewMail
    from processor.mail.notices import compose_export_mail

    organization = exporter.organization
    content = compose_export_mail(
        organization=organization, what=str(exporter.what), path=f"/export/{exporter.name}", count=count
    )
    mail = NewMail(org_no=organization.no, import_number=None, recipient=email, content=content, uuid=uuid4())
    async with database.writing() as connection:
        await outbox_store.enqueue(
            connection, [mail], now=session.clock.now(), mail_from=session.settings.mail_from
        )
