"""`rosterdrop mail test`: through the outbox to the configured server, and what that said (N3, N5)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.database import open_database
from core.locks import data_folder_lock
from processor.mail import outbox_store
from tests.integration.commands.conftest import CommandLine
from tests.integration.mail.servers import Postbox, refused_port, serving, silent_server
from tests.integration.mail.writing import all_mails, eventually

ADDRESS = "nora@x.example"


async def send(cli: CommandLine, monkeypatch: pytest.MonkeyPatch, postbox: Postbox) -> tuple[int, str]:
    async with serving(postbox) as port:
        monkeypatch.setenv("ROSTERDROP_SMTP_URL", f"smtp://127.0.0.1:{port}")
        said = await asyncio.to_thread(cli.process, "mail", "test", ADDRESS)
    return said.status, said.out + said.err


async def test_n05_the_servers_answer_is_printed(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    postbox = Postbox(data="250 2.0.0 queued as 4711")
    assert await send(cli, monkeypatch, postbox) == (0, "Mail 1 was sent: 250 2.0.0 queued as 4711\n")
    assert postbox.messages[0]["To"] == ADDRESS
    (mail,) = (await asyncio.to_thread(cli.process, "mail", "list", "--json")).json
    assert (mail["to"], mail["state"], mail["attempts"], mail["import"]) == (ADDRESS, "sent", 1, None)


async def test_n03_a_refusal_is_printed_and_the_exit_status_is_1(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = await send(cli, monkeypatch, Postbox(rcpt="550 5.1.1 no such user"))
    assert status == 1
    assert "550 5.1.1 no such user" in said
    assert "not tried again" in said


async def test_n03_a_server_that_puts_it_off_gives_exit_status_1_and_is_tried_again(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, said = await send(cli, monkeypatch, Postbox(data="451 4.7.1 greylisted"))
    assert status == 1
    assert "451 4.7.1 greylisted" in said
    assert "tried again" in said


async def test_n05_a_server_that_is_not_there_gives_exit_status_1(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROSTERDROP_SMTP_URL", f"smtp://127.0.0.1:{await refused_port()}")
    said = await asyncio.to_thread(cli.process, "mail", "test", ADDRESS)
    assert said.status == 1
    assert said.err.startswith("rosterdrop: Mail 1 was not sent: The mail server could not be reached")
    assert len(said.lines) == 1


def test_n03_without_a_server_it_lies_in_the_maildir(cli: CommandLine) -> None:
    said = cli.process("mail", "test", ADDRESS)
    assert (said.status, said.err) == (0, "")
    (file,) = (cli.data_dir / "mail" / "new").iterdir()
    assert file.name in said.out


def test_k_what_is_no_address_is_refused(cli: CommandLine) -> None:
    said = cli("mail", "test", "nora")
    assert said.status == 2
    assert not cli.data_dir.exists()


async def test_o02_n03_while_the_server_is_silent_a_daemon_can_start_and_leaves_this_mail_alone(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(cli.process, "org", "add", "Mavericks", "--owner", ADDRESS)
    async with silent_server() as port, open_database(cli.data_dir / "rosterdrop.sqlite") as database:
        monkeypatch.setenv("ROSTERDROP_SMTP_URL", f"smtp://127.0.0.1:{port}")
        with cli.start("mail", "test", ADDRESS) as sending:
            try:

                async def is_reserved() -> bool:
                    return [mail.next_at > mail.created_at for mail in await all_mails(database)] == [True]

                await eventually(is_reserved)
                with data_folder_lock(cli.data_dir):
                    for after, found in ((timedelta(minutes=10), 0), (timedelta(minutes=16), 1)):
                        async with database.reading() as connection:
                            due = await outbox_store.due(connection, now=datetime.now(UTC) + after)
                        assert len(due) == found
            finally:
                sending.kill()
