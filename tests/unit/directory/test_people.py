import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.organization_settings import OrganizationSettings
from processor.directory.people import (
    Person,
    Today,
    new_person,
    person_on_the_way,
    today_of,
    updated_person,
)
from processor.reading.user_rows import UserRow

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = Today(now=NOON, zone=ZoneInfo("UTC"))
ANN = person_on_the_way(person_id=7, email="Ann@x.example", name="Ann Lee")


def row(**values: Any) -> UserRow:
    """A row that says nothing but what is given."""
    plain: dict[str, Any] = {
        **dict.fromkeys(UserRow._fields),
        "line": 2,
        "email": "ann@x.example",
        "email_key": "ann@x.example",
        "cleared": frozenset(),
        "findings": (),
        "notes": (),
        "leaver": False,
    }
    return UserRow(**{**plain, **values})


def after(known: Person = ANN, *, today: Today = TODAY, **values: Any) -> Person:
    return updated_person(row(**values), known, today=today, has_status=False)[0]


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"name": "Dr. Lee", "first_name": "Ann"}, "Dr. Lee"),
        ({"first_name": "Ann", "last_name": "Lee"}, "Ann Lee"),
        ({"first_name": "Ann"}, "Ann"),
        ({"last_name": "Lee"}, "Lee"),
        ({}, "ann"),
    ],
)
def test_p04_the_name_of_a_new_user(given: dict[str, str], name: str) -> None:
    assert new_person(row(**given), person_id=7, today=TODAY).name == name


def test_p04_a_quoted_address_gives_the_name_before_its_last_at() -> None:
    assert person_on_the_way(person_id=1, email='"a@b"@x.example', name=None).name == '"a@b"'


def test_p04_a_known_name_follows_first_and_last_as_stored_after_the_row() -> None:
    known = ANN._replace(first_name="Ann", last_name="Lee")
    assert after(known, last_name="Ray").name == "Ann Ray"
    assert after(known, name="Boss", last_name="Ray").name == "Boss"
    assert after(known).name == "Ann Lee"


def test_p06_somebody_made_on_the_way_has_defaults() -> None:
    made = person_on_the_way(person_id=1, email="zoe@x.example", name=None)
    assert (made.name, made.account_type, made.is_org_admin, made.deactivated_at, made.custom) == (
        "zoe", "Regular", 0, None, "{}",
    )  # fmt: skip


@given(st.builds(row), st.booleans())
def test_p03_a_row_that_says_nothing_changes_nothing(said: UserRow, has_status: bool) -> None:
    known = ANN._replace(deactivation_date="2026-01-01", custom='{"a": "b"}', first_name="A")
    assert updated_person(said, known, today=TODAY, has_status=has_status) == (known, [])


def test_p08_a_new_user_with_a_past_date_is_deactivated_at_once() -> None:
    made = new_person(row(deactivation_date="2026-11-22"), person_id=7, today=TODAY)
    assert (made.deactivated_at, made.deactivates_at) == ("2026-11-23T12:00:00.000+00:00", None)
    for day in ("2026-11-23", "2026-11-24"):
        made = new_person(row(deactivation_date=day), person_id=7, today=TODAY)
        assert (made.deactivated_at, made.deactivates_at) == (None, f"{day}T23:59:00.000+00:00")


def test_p08_a_known_user_with_a_past_date_has_24_hours() -> None:
    planned = after(deactivation_date="2026-11-22")
    assert (planned.deactivated_at, planned.deactivates_at) == (None, "2026-11-24T12:00:00.000+00:00")


def test_p08_the_same_date_never_plans_again() -> None:
    planned = after(deactivation_date="2026-11-22")
    later = Today(now=datetime(2026, 11, 29, 12, 0, tzinfo=UTC), zone=ZoneInfo("UTC"))
    reactivated = planned._replace(deactivates_at=None)
    for known in (planned, reactivated):
        assert after(known, today=later, deactivation_date="2026-11-22") == known
        moved = after(known, today=later, deactivation_date="2026-11-21")
        assert moved.deactivates_at == "2026-11-30T12:00:00.000+00:00"


def test_p08_a_deactivated_user_gets_the_date_and_no_plan() -> None:
    gone = ANN._replace(deactivated_at="2026-11-01T00:00:00.000+00:00")
    changed = after(gone, deactivation_date="2027-01-01")
    assert (changed.deactivation_date, changed.deactivates_at) == ("2027-01-01", None)
    assert changed.deactivated_at == gone.deactivated_at


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Pacific/Kiritimati", "2026-11-24"), ("UTC", "2026-11-23"), ("Etc/GMT+12", "2026-11-22")],
)
def test_p08_the_day_of_the_import_is_the_organizations(zone: str, day: str) -> None:
    moment = NOON.replace(hour=11) if zone == "Etc/GMT+12" else NOON
    today = Today(now=moment, zone=ZoneInfo(zone))
    assert today.day == day
    assert not today.is_past(day)


def test_p08_the_end_of_a_day_follows_summer_time() -> None:
    berlin = Today(now=NOON, zone=ZoneInfo("Europe/Berlin"))
    assert berlin.due("2026-12-31") == "2026-12-31T22:59:00.000+00:00"
    assert berlin.due("2027-07-01") == "2027-07-01T21:59:00.000+00:00"


def test_p08_an_organization_can_name_another_time_of_that_day() -> None:
    settings = OrganizationSettings(owner="o@x.example", time_zone="Europe/Berlin", deactivate_at="18:00")
    evening = today_of(settings, now=NOON)
    assert evening.due("2026-12-31") == "2026-12-31T17:00:00.000+00:00"
    assert evening.due("2026-11-01") == "2026-11-24T12:00:00.000+00:00", (
        "a past date is due in 24 hours still"
    )


def test_r2_changes_name_each_field_with_its_values() -> None:
    known = ANN._replace(custom=json.dumps({"Badge": "1", "Remote": True}))
    said = row(first_name="Ann", account_type="Observer", custom={"Badge": "2", "Size": "M", "Remote": True})
    changed, changes = updated_person(said, known, today=TODAY, has_status=False)
    assert sorted(map(str, changes)) == sorted(
        map(
            str,
            [
                ("name", "Ann Lee", "Ann"),
                ("first_name", "", "Ann"),
                ("account_type", "Regular", "Observer"),
                ("custom.Badge", "1", "2"),
                ("custom.Size", None, "M"),
            ],
        )
    )
    assert json.loads(changed.custom) == {"Badge": "2", "Remote": True, "Size": "M"}
