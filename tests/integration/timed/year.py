"""One organization through a year: everything that the daemon does by the clock, a real mail server, the oracle."""

from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from commands.expiring_passwords import ExpiringPasswords
from core.accounts_store import replace_password
from core.clock import to_text
from core.inbox import Origin
from processor.daily_exports import DailyExports
from processor.digesting import Digests
from processor.directory import deactivations_store
from processor.directory.deactivations import Deactivations
from processor.expecting import ExpectedFiles
from processor.holding import HoldKeeper
from processor.importing import work_queue
from processor.imports import ImportRecord, Outcome
from processor.mail import outbox_store
from processor.mail.acceptance import ActiveRecipients
from processor.mail.sender import OutboxSender
from processor.mail.smtp import SmtpTransport
from processor.mail.smtp_url import Security, SmtpServer
from processor.operator_alarms import OperatorAlarms
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.mail.servers import HOST, Postbox, serving
from tests.integration.timed.hr_system import HR
from tests.oracle import Choices, Directory, Oracle

ZONE = "Europe/Berlin"
DIGEST_AT = time(2, 30)  # a time that does not exist on one day of the year, and exists twice on another
SETTINGS = {
    "recipients": HR,
    "time_zone": ZONE,
    "dates": "auto",
    "digest_at": f"{DIGEST_AT:%H:%M}",
    "expected": "weekdays by 09:30",
    "export": "daily",
}


@dataclass(kw_only=True)
class Ledger:
    """What should be in the post, counted apart from the product."""

    mails: Counter[tuple[str, str]] = field(default_factory=Counter)  # recipient, kind
    digests: set[date] = field(default_factory=set)  # the days on which one goes out
    deactivated: int = 0
    exported: Directory | None = None

    def count(self, kind: str, *recipients: str) -> None:
        self.mails.update((recipient, kind) for recipient in recipients)


class Year:
    """The organization, its HR files' way in, and the hands of the clock."""

    def __init__(self, *, house: House, org: Org, postbox: Postbox) -> None:
        self.house, self.org, self.postbox = house, org, postbox
        self.oracle = Oracle(Choices(owner=OWNER, time_zone=ZONE))
        self.ledger = Ledger()
        self.mode = "digest"
        self._server = AsyncExitStack()
        self._port = 0
        self._stopped_until: date | None = None
        database, clock, settings = house.database, house.clock, house.settings
        without_operator = settings.model_copy(update={"operator_email": None})
        self.digests = Digests(database=database, clock=clock, settings=without_operator)
        self.alarms = OperatorAlarms(database=database, clock=clock, settings=settings)
        self.passwords = ExpiringPasswords(database=database, clock=clock, settings=settings)
        self.expected = ExpectedFiles(
            database=database,
            inbox=house.inbox,
            clock=clock,
            settings=settings,
            is_uploading=lambda _org_id: False,
        )
        self.exports = DailyExports(
            database=database,
            clock=clock,
            settings=settings,
            folder_of=lambda org_id: house.inbox.folders(org_id).export,
        )
        self.holds = HoldKeeper(database=database, clock=clock, settings=settings, nudge=lambda _org_id: None)
        self.deactivations = Deactivations(
            database=database,
            clock=clock,
            operator=settings.operator_email,
            mail_from=settings.mail_from,
        )

    # --- the mail server

    async def open_mail(self) -> None:
        """Start the mail server, on the port that it had."""
        self._port = await self._server.enter_async_context(serving(self.postbox, port=self._port))
        database, settings = self.house.database, self.house.settings
        server = SmtpServer(security=Security.PLAIN, host=HOST, port=self._port)
        self._sender = OutboxSender(
            database=database,
            transport=SmtpTransport(server=server, mail_from=settings.mail_from),
            clock=self.house.clock,
            acceptable=ActiveRecipients(database=database, operator=settings.operator_email),
        )

    async def close_mail(self) -> None:
        """Stop it: connections are refused."""
        await self._server.aclose()

    async def deliver(self) -> None:
        """Try what is due in the outbox, once."""
        async with self.house.database.reading() as connection:
            due = await outbox_store.due(connection, now=self.house.clock.now(), limit=500)
        for mail in due:
            await self._sender.send_one(mail.id)

    # --- what people and files do

    async def drop(self, data: bytes, *, is_held: bool = False) -> ImportRecord:
        """Accept a file and work the queue; compare outcome, problems and directory with the oracle's."""
        house, org = self.house, self.org
        incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
        incoming.data.write_bytes(data)
        org.inbox.accept(incoming)
        records = await work_queue(
            database=house.database,
            inbox=org.inbox,
            clock=house.clock,
            settings=house.settings,
            org_id=org.id,
        )
        for record in records:
            self._expect_mail(record)
        if not is_held:
            verdict = self.oracle.drop(data, house.clock.now())
            assert records[-1].outcome == verdict.outcome
            assert await org.codes(records[-1]) == verdict.problems
        await self.compare()
        return records[-1]

    async def compare(self) -> None:
        """The directory is the oracle's."""
        assert await self.org.directory() == self.oracle.directory()

    async def reactivate(self, email: str) -> None:
        """What `users reactivate` does."""
        async with self.house.database.writing() as connection:
            user = await deactivations_store.state_of(connection, org_no=self.org.no, email=email)
            assert user is not None
            now = to_text(self.house.clock.now())
            await deactivations_store.reactivate(connection, user, org_no=self.org.no, now=now)
        self.oracle.reactivate(email)

    async def rotate_password(self) -> None:
        """A new password; the old one is good for a day."""
        async with self.house.database.writing() as connection:
            await replace_password(
                connection,
                self.org.id,
                password_hash=uuid4().hex,
                old_password_hash="old",
                old_password_until=self.house.clock.now() + timedelta(hours=24),
            )

    async def set_mail(self, mode: str) -> None:
        """Change the setting `mail`, as soon as the daemon notices."""
        self.mode = mode
        await self.org.change_settings(**SETTINGS, mail=mode)
        await self.digests.look()

    async def let_nobody_get_digests(self, is_so: bool, *, until: date) -> None:
        """Set addresses that are nobody's, or the right ones again; one digest tells of all that time."""
        nobody = {"recipients": "nobody@x.example", "owner": "left@x.example"} if is_so else {}
        await self.org.change_settings(**{**SETTINGS, "mail": self.mode, **nobody})
        self.stopped_until(until)

    # --- what the daemon does by the clock

    async def carry_out_plans(self) -> None:
        """Deactivate who is due, and compare."""
        count = await self.deactivations.apply_due()
        assert count == self.oracle.carry_out(self.house.clock.now())
        self.ledger.deactivated += count
        if count and self.mode == "digest":
            self._expect_digest()
        if count:
            await self.compare()

    async def export(self) -> None:
        """Renew the daily export if it is due; its administrators hear of it if its content changed."""
        await self.exports.look()
        shown = exported(self.oracle.directory())
        if shown != self.ledger.exported:
            self.ledger.count("export", OWNER)
            self.ledger.exported = shown

    def stopped_until(self, day: date) -> None:
        """From now on till that day nobody works: one digest stands for all of that time."""
        self._stopped_until = day

    def _expect_mail(self, record: ImportRecord) -> None:
        operator = str(self.house.settings.operator_email)
        if record.outcome is Outcome.HELD:
            self.ledger.count("held", HR, operator)
        elif self.mode == "digest":
            self._expect_digest()
        elif self.mode == "every" or record.outcome is Outcome.PARTIAL:
            self.ledger.count("import", HR)

    def _expect_digest(self) -> None:
        here = self.house.clock.now().astimezone(ZoneInfo(ZONE))
        day = here.date() if here.time() < DIGEST_AT else here.date() + timedelta(days=1)
        if self._stopped_until is not None and here.date() < self._stopped_until:
            day = self._stopped_until
        self.ledger.digests.add(day)


def exported(directory: Directory) -> Directory:
    """Return what an export shows of a directory."""
    users = {
        email: replace(user, is_active=True, deactivates_at=None) for email, user in directory.users.items()
    }
    return replace(directory, users=users)


def at(day: date, clock: str) -> datetime:
    """Return a time of a day in UTC."""
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}+00:00")
