"""`rosterdrop mail`: the outbox (rule N3)."""

from typing import TYPE_CHECKING, Annotated

import typer

from commands import mail_test
from commands.output import JsonOption, print_json, print_table, say
from commands.session import Session, open_session, run
from core.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from processor.mail.mails import MailState, OutboxMail

FIRST = 50  # a terminal shows so many

app = typer.Typer(no_args_is_help=True, help="Mails: what went out, what waits, what failed.")
app.command("test")(mail_test.test)


@app.command("list")
def list_all(
    ctx: typer.Context,
    org: Annotated[str | None, typer.Option(metavar="ORG", help="Of this organization only.")] = None,
    number: Annotated[
        int | None, typer.Option("--import", metavar="NUMBER", help="Of this import only.")
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="waiting, sent, failed or skipped.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="The newest N; 0 shows all.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Show mails, newest first.

    Example: `rosterdrop mail list --state failed`
    """
    mails = run(_mails(open_session(ctx), org, number, _state(state), limit))
    if as_json:
        print_json(
            [
                {
                    "id": mail.id,
                    "to": mail.recipient,
                    "subject": mail.content.subject,
                    "state": str(mail.state),
                    "attempts": mail.attempts,
                    "import": mail.import_number,
                    "message_id": mail.message_id,
                }
                for mail in mails
            ]
        )
        return
    print_table(
        ("ID", "To", "Subject", "State", "Attempts", "Last error"),
        (
            (m.id, m.recipient, m.content.subject, m.state, m.attempts, m.last_error)
            for m in mails[: limit or FIRST]
        ),
        nothing="There are no such mails.",
    )
    if not limit and len(mails) > FIRST:
        say(f"These are the newest {FIRST} of {len(mails):,}; --limit or --json gives more.")


@app.command("retry")
def retry(
    ctx: typer.Context,
    ids: Annotated[
        list[int] | None,
        typer.Argument(metavar="[ID]...", help="Default: all failed ones.", show_default=False),
    ] = None,
) -> None:
    """Let mails that failed, or wait, go out at once.

    Example: `rosterdrop mail retry 12`
    """
    again = run(_retried(open_session(ctx), ids or None))
    if not again:
        raise NotFoundError("No such mail waits or has failed: `rosterdrop mail list` shows all.")
    say(
        f"{len(again)} {'mail goes' if len(again) == 1 else 'mails go'} out again: {', '.join(map(str, again))}"
    )


async def _mails(
    session: Session, org: str | None, number: int | None, state: "MailState | None", limit: int
) -> "list[OutboxMail]":
    from core.organizations_store import organization_by_id
    from processor.mail.outbox_store import list_mails

    async with session.reading() as connection:
        if org is not None:
            await organization_by_id(connection, org)
        return await list_mails(connection, org_id=org, import_number=number, state=state, limit=limit)


async def _retried(session: Session, ids: list[int] | None) -> list[int]:
    from processor.mail.outbox_store import retry

    async with session.writing() as connection:
        return await retry(connection, now=session.clock.now(), ids=ids)


def _state(text: str | None) -> "MailState | None":
    from processor.mail.mails import MailState

    if text is None:
        return None
    if text not in list(MailState):
        raise UsageError(f"{text!r} is no state; there are {', '.join(MailState)}.")
    return MailState(text)
