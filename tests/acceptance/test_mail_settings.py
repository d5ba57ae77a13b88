"""What a running daemon mails by the clock (N4, E1), and what `mail test` hears through it (N5)."""

import asyncio
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import Start
from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import people
from tests.integration.mail.servers import Postbox, serving

OPERATOR = "ops@vendor.example"
TWO_DAYS_S = 2 * 24 * 3600


def mails(daemon: Daemon, words: str) -> list[dict[str, Any]]:
    """The mails whose subject has these words."""
    found: list[dict[str, Any]] = daemon.json("mail", "list")
    return [mail for mail in found if words in mail["subject"]]


def test_n04_a_daemon_that_starts_two_days_later_sends_one_digest_and_tells_of_a_missed_file(
    start: Start, tmp_path: Path
) -> None:
    daemon = start(operator_email=OPERATOR)
    organization = daemon.add("Mavericks", mail="digest", expected="daily by 00:00")
    for number in range(2):
        client(daemon, organization).put(people(tmp_path / f"users{number}.csv", 3 + number))
    daemon.finished(organization, 2)
    assert daemon.json("mail", "list") == []
    assert daemon.stop() == 0
    daemon.environment["ROSTERDROP_TEST_NOW_OFFSET_S"] = str(TWO_DAYS_S)
    daemon.start()
    eventually(lambda: len(mails(daemon, "no file came by 00:00")) == 2, what="the mails about a missed file")
    (digest,) = eventually(lambda: mails(daemon, "2 files, nothing to do"), what="the digest")
    assert (digest["to"], digest["import"]) == (f"owner@{organization.id}.example", None)
    assert {mail["to"] for mail in mails(daemon, "no file")} == {digest["to"], OPERATOR}
    client(daemon, organization).put(people(tmp_path / "late.csv", 9))
    eventually(
        lambda: len(mails(daemon, "the expected file came")) == 2, what="the mails that it came after all"
    )
    daemon.restart()
    daemon.wait_for("mail.sent", 5)
    assert len(daemon.json("mail", "list")) == 5


def test_e01_a_daily_export_lies_in_the_folder_and_is_told_of(start: Start, tmp_path: Path) -> None:
    daemon = start()
    organization = daemon.add("Mavericks", export="daily")
    daemon.wait_for("export.renewed", org=organization.id)
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 3))
    daemon.finished(organization)
    assert daemon.stop() == 0
    daemon.environment["ROSTERDROP_TEST_NOW_OFFSET_S"] = str(TWO_DAYS_S)
    daemon.start()
    daemon.wait_for("export.renewed", 2, org=organization.id)
    assert b"person3@people.example" in (organization.folder / "export" / "users.csv").read_bytes()
    assert organization.files("export") == ["teams.csv", "users.csv"]
    assert len(mails(daemon, "today's export is ready")) == 2


async def test_n05_mail_test_goes_through_the_daemon_and_prints_the_servers_answer(start: Start) -> None:
    postbox = Postbox(data="250 2.0.0 queued as 4711")

    def story(port: int) -> None:
        daemon = start(smtp_url=f"smtp://127.0.0.1:{port}")
        done = daemon.run("mail", "test", "nora@x.example")
        assert (done.returncode, done.stdout) == (0, "Mail 1 was sent: 250 2.0.0 queued as 4711\n")
        assert len(daemon.events("mail.sent")) == 1
        postbox.rcpt = "550 5.1.1 no such user"
        done = daemon.run("mail", "test", "nobody@x.example")
        assert done.returncode == 1
        assert "550 5.1.1 no such user" in done.stderr

    async with serving(postbox) as port:
        await asyncio.to_thread(story, port)
    assert [message["To"] for message in postbox.messages] == ["nora@x.example"]
