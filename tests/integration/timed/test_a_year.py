"""A year of a customer's life (P8, N1 to N4, E1, G1): the directory compared each day, each mail counted."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta

import pytest

from processor.imports import Outcome
from tests.integration.directory.house import House
from tests.integration.mail.servers import Postbox
from tests.integration.timed.conftest import OPERATOR, mails
from tests.integration.timed.hr_system import HR, HrSystem
from tests.integration.timed.year import SETTINGS, Year, at

pytestmark = pytest.mark.timeout(600)

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # when the clocks change in Berlin
# Saturdays, so that the digest of the night after has something to tell.
EXTRA_FILES = {SPRING - timedelta(days=1), AUTUMN - timedelta(days=1)}
STOPPED = (date(2026, 2, 9), date(2026, 2, 14))  # the daemon, Monday to Friday
MISSED_FILE = date(2026, 5, 6)
LATE_FILE = date(2026, 5, 20)  # it comes at one o'clock in Berlin, and the next day's not at all
NOBODY = (date(2026, 11, 16), date(2026, 11, 19))  # no recipient, no owner, no operator could get a digest
ROTATION = date(2026, 6, 15)
MODES = {date(2026, 7, 1): "problems", date(2026, 9, 1): "every", date(2026, 10, 1): "digest"}
OUTAGE = (date(2026, 9, 15), date(2026, 9, 18))
REHIRES = {date(2026, 4, 14), date(2026, 8, 18), date(2026, 11, 24)}
MISTAKE = date(2026, 11, 10)  # half of the people leave
NIGHT, LONG_NIGHT = ("01:31",), ("00:01", "00:31", "01:01", "01:31", "02:01")

KINDS = {
    "no file came by": "missed",
    "the expected file came": "came",
    "today's export is ready": "export",
    "held for approval": "held",
    "old password ends": "password",
    "nothing to do": "digest",
    "somebody": "digest",
    "deactivated as planned": "digest",
}
TOLD = re.compile(r"(\d+) users? deactivated as planned(?: since|\. The reports)")


@pytest.fixture
async def year(house: House) -> AsyncIterator[Year]:
    house.clock.at = at(FIRST, "00:00")
    org = await house.org(**SETTINGS, mail="digest")
    living = Year(house=house, org=org, postbox=Postbox())
    await living.open_mail()
    await living.expected.look()
    yield living
    await living.close_mail()


async def test_p08_n01_n03_n04_e01_a_year_of_daily_files_ends_as_the_contract_says(
    year: Year, house: House
) -> None:
    hr = HrSystem(2026)
    for day in days():
        hr.live_a_day(day)
        if STOPPED[0] <= day < STOPPED[1]:
            continue
        await night(year, day)
        await morning(year, day, hr)
        await evening(year, day, hr)
    await night(year, LAST + timedelta(days=1))

    sent = await mails(house)
    assert {str(mail.state) for mail in sent} == {"sent"}
    year.ledger.mails[HR, "digest"] = len(year.ledger.digests)
    assert Counter((mail.recipient, kind_of(mail.content.subject)) for mail in sent) == year.ledger.mails
    got = year.postbox.messages
    assert Counter(str(message["Message-ID"]) for message in got) == Counter(mail.message_id for mail in sent)
    told = sum(int(found) for mail in sent for found in TOLD.findall(mail.content.text))
    waiting = await year.org.rows("SELECT coalesce(sum(people), 0) FROM news WHERE kind = 'deactivated'")
    assert told + waiting[0][0] == year.ledger.deactivated > 20
    assert waiting[0][0] == 0
    in_those_nights = [
        mail.created_at[:16] for mail in sent if mail.created_at[:10] in {str(SPRING), str(AUTUMN)}
    ]
    assert in_those_nights == ["2026-03-29T01:01", "2026-10-25T00:31"]


def days() -> Iterator[date]:
    day = FIRST
    while day <= LAST:
        yield day
        day += timedelta(days=1)


def kind_of(subject: str) -> str:
    return next((kind for words, kind in KINDS.items() if words in subject), "import")


async def night(year: Year, day: date) -> None:
    """The hours in which digests go out, and clocks change."""
    for clock in LONG_NIGHT if day in {SPRING, AUTUMN} else NIGHT:
        year.house.clock.at = at(day, clock)
        await year.digests.look()
    await year.deliver()
    if day.day == 1:
        await year.house.database.checkpoint()


async def morning(year: Year, day: date, hr: HrSystem) -> None:
    """The file comes, the export is renewed, what did not come is missed."""
    clock = year.house.clock
    clock.at = at(day, "04:00")
    if day == OUTAGE[0]:
        await year.close_mail()
    if day == OUTAGE[1]:
        await year.open_mail()
    if day in REHIRES:
        await rehire(year, hr)
    clock.at = at(day, "05:00")
    if day in NOBODY:
        await year.let_nobody_get_digests(day == NOBODY[0], until=NOBODY[1] + timedelta(days=1))
    missing = {MISSED_FILE, LATE_FILE, LATE_FILE + timedelta(days=1)}
    is_due = day in EXTRA_FILES or (day.weekday() < 5 and day not in missing)
    if day == MISTAKE:
        record = await year.drop(hr.file(leaving=day - timedelta(days=1)), is_held=True)
        assert record.outcome is Outcome.HELD
    elif is_due:
        await year.drop(hr.file(bad_rows=2 if day.day % 11 == 0 else 0))
    clock.at = at(day, "05:02")
    await year.carry_out_plans()
    await year.export()
    clock.at = at(day, "08:32")
    await year.expected.look()
    if day - ROTATION in (timedelta(0), timedelta(days=1)):
        await year.passwords.look()
    for kind, days_of in (
        ("missed", {*missing, STOPPED[1]}),
        (
            "came",
            {
                MISSED_FILE + timedelta(days=1),
                LATE_FILE + timedelta(days=2),
                STOPPED[1] + timedelta(days=2),
            },
        ),
    ):
        if day in days_of:
            year.ledger.count(kind, HR, OPERATOR)
    if day == ROTATION + timedelta(days=1):
        year.ledger.count("password", OPERATOR)
    await year.deliver()


async def evening(year: Year, day: date, hr: HrSystem) -> None:
    """A file may be late; people change settings; then the day's plans are due."""
    year.house.clock.at = at(day, "11:00")
    if day == LATE_FILE:
        await year.drop(hr.file())
        await year.expected.look()
        year.ledger.count("came", HR, OPERATOR)
    if day == ROTATION:
        await year.rotate_password()
    if day in MODES:
        await year.set_mail(MODES[day])
    year.house.clock.at = at(day, "23:05")
    if day == STOPPED[0] - timedelta(days=1):
        year.stopped_until(STOPPED[1])
    await year.carry_out_plans()
    if day.weekday() == 6 or day == MISTAKE:
        await year.holds.look()
        await year.alarms.look_at_mails()


async def rehire(year: Year, hr: HrSystem) -> None:
    """Somebody who was deactivated comes back: the command, and the next file without a date."""
    gone = [user.email for user in year.oracle.directory().users.values() if not user.is_active]
    await year.reactivate(gone[0])
    hr.rehire(gone[0])
