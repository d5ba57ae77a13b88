"""Mails of imports with a real SMTP server, and without one that answers (N1, N3)."""

import asyncio
from pathlib import Path

from tests.acceptance.conftest import Start
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people, roster, row
from tests.integration.mail.servers import Postbox, serving


async def test_n01_n03_the_recipients_of_an_import_get_its_mail_by_smtp(start: Start, tmp_path: Path) -> None:
    postbox = Postbox()

    def story(port: int) -> None:
        daemon = start(smtp_url=f"smtp://127.0.0.1:{port}", mail_from="files@vendor.example")
        organization = daemon.add("Mavericks", recipients="person1@people.example, stranger@people.example")
        bad = "jordan(at)people.example,Zanzibar,Blake,,,000131"
        client(daemon, organization).put(roster(tmp_path / "users.csv", row(1), bad))
        daemon.finished(organization)
        daemon.wait_for("mail.sent")

    async with serving(postbox) as port:
        await asyncio.to_thread(story, port)
    (message,) = postbox.messages
    assert message["To"] == "person1@people.example", (
        "the one recipient who is an active user, made by this very file"
    )
    assert "<files@vendor.example>" in message["From"]
    assert "users.csv" in message["Subject"]
    parts = {
        part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()
    }
    assert set(parts) == {"text/plain", "text/html"}
    assert "line 3" in parts["text/plain"].lower()
    assert not any("Zanzibar" in text for text in parts.values())


async def test_n03_a_mail_server_that_is_down_delays_no_import_and_gets_the_mail_later(
    start: Start, tmp_path: Path
) -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        pass  # the port is free again, and nobody answers there

    def before() -> None:
        daemon = start(smtp_url=f"smtp://127.0.0.1:{port}")
        organization = daemon.add("Mavericks")
        for number in range(2):
            client(daemon, organization).put(people(tmp_path / f"users{number}.csv", 5, first=10 * number))
        assert [line["outcome"] for line in daemon.finished(organization, 2)] == ["imported"] * 2
        daemon.wait_for("mail.deferred")
        assert {mail["state"] for mail in daemon.json("mail", "list")} == {"waiting"}

    await asyncio.to_thread(before)
    async with serving(postbox, port=port):
        until = asyncio.get_running_loop().time() + 60
        while len(postbox.got) < 2:
            assert asyncio.get_running_loop().time() < until
            await asyncio.sleep(0.05)
    assert len({message["Message-ID"] for message in postbox.messages}) == 2
