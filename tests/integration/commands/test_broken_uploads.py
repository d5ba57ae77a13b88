"""Uploads that broke off and were not completed within an hour (rules U3, N1)."""

from datetime import timedelta
from pathlib import Path

import pytest

from commands.broken_uploads import BrokenUploads
from core.inbox import Inbox, Incoming, Origin
from core.settings import Settings
from tests.integration.directory.house import OWNER, open_house


async def test_u03_recipients_hear_once_of_an_upload_that_broke_off_an_hour_ago(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        settings = Settings(data_dir=tmp_path / "data", keys_dir=tmp_path / "keys")
        broken = BrokenUploads(database=org.database, inbox=org.inbox, clock=org.clock, settings=settings)
        incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
        incoming.data.write_bytes(b"User Email\nann@")
        org.inbox.note(incoming, extents=((0, 15),))
        org.clock.at += timedelta(minutes=59)
        await broken.look()
        assert await org.rows("SELECT recipient FROM outbox") == []
        org.clock.at += timedelta(minutes=2)
        for _ in range(2):
            await broken.look()
        told = await org.rows("SELECT recipient, import_number FROM outbox")
        assert [tuple(row) for row in told] == [(OWNER, None)]
        subjects = await org.rows("SELECT subject, text FROM outbox")
        assert "users.csv broke off" in subjects[0][0]
        assert "ann@" not in subjects[0][1]


async def test_u03_an_upload_that_goes_while_it_is_told_of_ends_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        settings = Settings(data_dir=tmp_path / "data", keys_dir=tmp_path / "keys")
        inbox = DiscardingInbox(data_dir=tmp_path / "data", clock=org.clock)
        broken = BrokenUploads(database=org.database, inbox=inbox, clock=org.clock, settings=settings)
        for name in ("gone.csv", "other.csv"):
            incoming = org.inbox.begin(org_id=org.id, name=name, origin=Origin(account="test"))
            org.inbox.note(incoming, extents=((0, 0),))
        org.clock.at += timedelta(hours=2)
        await broken.look()
        assert len(await org.rows("SELECT subject FROM outbox")) == 2


class DiscardingInbox(Inbox):
    """Housekeeping is quicker, each time."""

    def note_told(self, incoming: Incoming) -> None:
        self.discard(incoming)
        super().note_told(incoming)


@pytest.mark.parametrize("mode", ["every", "digest"])
async def test_u03_n03_what_was_told_before_a_crash_is_not_told_again(tmp_path: Path, mode: str) -> None:
    """The mail, or its place in the digest, is in the database; the note beside the upload is lost."""
    async with open_house(tmp_path) as house:
        org = await house.org(mail=mode)
        broken = BrokenUploads(
            database=org.database, inbox=org.inbox, clock=org.clock, settings=house.settings
        )
        incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
        incoming.data.write_bytes(b"User Email\nann@")
        org.inbox.note(incoming, extents=((0, 15),))
        org.clock.at += timedelta(hours=2)
        await broken.look()
        (incoming.folder / "told").unlink()
        await broken.look()
        told = await org.rows("SELECT id FROM outbox UNION ALL SELECT id FROM news")
        assert len(told) == 1


async def test_u03_r02_whoever_tells_of_an_upload_leaves_its_meta_data_to_those_who_go_on_with_it(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org(mail="digest")
        inbox = ResumedInbox(data_dir=tmp_path / "data", clock=org.clock)
        broken = BrokenUploads(database=org.database, inbox=inbox, clock=org.clock, settings=house.settings)
        incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
        incoming.data.write_bytes(b"User Email\nann@x.example\n")
        org.inbox.note(incoming, extents=((0, 11),))
        org.clock.at += timedelta(hours=2)
        await broken.look()
        (resumed,) = inbox.incoming(org.id)
        assert resumed.meta.extents == ((0, 25),)
        org.clock.at += timedelta(hours=2)
        await broken.look()
        assert len(await org.rows("SELECT id FROM news")) == 1, "each upload is told of once"
        drop = inbox.accept(resumed)
        (queued,) = inbox.queue(org.id)
        assert (queued.meta.size_bytes, queued.meta.accepted_at) == (25, drop.meta.accepted_at)
        await org.importer.process(drop)
        assert not drop.folder.exists()


class ResumedInbox(Inbox):
    """A session goes on with the upload while the database is waited for."""

    def is_told(self, incoming: Incoming) -> bool:
        found = super().is_told(incoming)
        if not found:
            self.note(incoming, extents=((0, 25),), changed_at=incoming.meta.changed_at)
        return found
