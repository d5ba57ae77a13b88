"""Single rules that random sequences once showed broken, or that the oracle leaves out; each in its smallest files."""

import pytest

from processor.imports import Outcome
from tests.integration.directory.house import OWNER, House, Org

ADMIN_HEADER = b"User Email,Is Org Admin,Deactivation Date\n"


async def test_c1_values_of_repeated_rows_do_not_count(org: Org) -> None:
    await org.drop("f.csv", b"User Email,Badge,Size\nann@x.example,false,\nann@x.example, padded ,M\n")
    assert await org.fields() == {"Badge": "boolean"}
    assert (await org.user("ann@x.example")).custom == {"Badge": False}


async def test_p09_dates_of_repeated_rows_prove_nothing(org: Org) -> None:
    record = await org.drop(
        "f.csv",
        b"User Email,Deactivation Date\nann@x.example,\nbob@x.example,5/6/2027\nAnn@X.example,31/12/2027\n",
    )
    assert await org.codes(record) == [
        (3, "Deactivation Date", "date-doubtful"),
        (4, "User Email", "repeated-address"),
    ]


@pytest.mark.parametrize("word", ["Yes", "yes", "TRUE"])
async def test_c2_what_was_a_boolean_is_shown_as_the_export_writes_it(org: Org, word: str) -> None:
    await org.drop("f.csv", b"User Email,Remote\nann@x.example,%s\n" % word.encode())
    record = await org.drop("f.csv", b"User Email,Remote\nbob@x.example,maybe\n")
    assert await org.fields() == {"Remote": "text"}
    assert await org.codes(record, notes=True) == [(None, "Remote", "field-became-text")]
    assert (await org.user("ann@x.example")).custom == {"Remote": "Yes"}
    record = await org.drop("f.csv", b"User Email,Remote\nann@x.example,Yes\n")
    assert record.counts.users_unchanged == 1


async def test_c2_lines_that_are_known_are_read_anew_when_their_field_becomes_text(org: Org) -> None:
    await org.drop("f.csv", b"User Email,Remote\nann@x.example,no\n")
    data = b"User Email,Remote\nann@x.example,no\nbob@x.example,maybe\n"
    record = await org.drop("f.csv", data)
    assert record.counts.users_updated == 1
    assert (await org.user("ann@x.example")).custom == {"Remote": "no"}
    assert (await org.drop("f.csv", data)).counts.users_unchanged == 2


async def test_p06_the_first_spelling_of_a_manager_stays_whoever_names_him(org: Org) -> None:
    data = (
        b"User Email,Manager Email,Teams,Deactivation Date\n%s,Yan@Y.Example,OPS,2026-11-01\n"
        % OWNER.encode()
    )
    await org.drop("f.csv", data + b"ann@x.example,yan@y.example,Ops,\n")
    assert (await org.user("ann@x.example")).manager == "Yan@Y.Example"
    assert list(await org.teams()) == ["OPS"]


async def test_t3_the_first_spelling_of_an_unknown_parent_stays(org: Org) -> None:
    await org.drop("f.csv", b"Team Name,Parent Team\nWest,SALES\nEast,sales\n")
    assert set(await org.teams()) == {"West", "East", "SALES"}


async def test_p06_naming_oneself_is_a_note_in_every_file(org: Org) -> None:
    for _ in range(2):
        record = await org.drop("f.csv", b"User Email,Manager Email\nann@x.example,ANN@x.example\n")
        assert record.outcome is Outcome.IMPORTED
        assert await org.codes(record, notes=True) == [(2, "Manager Email", "manager-self")]


async def test_p08_a_date_that_is_known_already_takes_no_administrator(org: Org) -> None:
    await org.drop("f.csv", ADMIN_HEADER + b"ann@x.example,Yes,\n")
    await org.drop("f.csv", ADMIN_HEADER + b"ann@x.example,,2026-12-31\n")
    await org.drop("f.csv", b"User Email,Is Org Admin\n%s,No\n" % OWNER.encode())
    record = await org.drop("f.csv", ADMIN_HEADER + b"ann@x.example,No,2026-12-31\n")
    assert await org.codes(record) == [(2, "Is Org Admin", "last-admin")]
    assert await org.codes(record, notes=True) == []


async def test_p08_the_last_active_administrator_is_not_planned_away(org: Org) -> None:
    record = await org.drop("f.csv", ADMIN_HEADER + b"%s,No,2026-12-31\n" % OWNER.encode())
    assert await org.codes(record) == [
        (2, "Deactivation Date", "last-admin-date"),
        (2, "Is Org Admin", "last-admin"),
    ]
    owner = await org.user(OWNER)
    assert (owner.is_org_admin, owner.deactivation_date, owner.deactivates_at) == (True, None, None)


async def test_p11_all_or_nothing_counts_nothing_as_done(house: House) -> None:
    org = await house.org(all_or_nothing=True)
    record = await org.drop(
        "f.csv", b"User Email,Is Org Admin,Teams\nann@x.example,maybe,Ops\nbob@x.example,Yes,\n"
    )
    assert record.outcome is Outcome.REFUSED
    counts = record.counts
    assert (counts.users_created, counts.teams_created, counts.memberships_added) == (0, 0, 0)
    assert list(await org.users()) == [OWNER]


async def test_p10_each_repeat_of_a_known_line_names_the_row_that_counted(org: Org) -> None:
    await org.drop("f.csv", b"User Email,User Name\nann@x.example,A\n")
    lines = b"ann@x.example,B\nann@x.example,A\nann@x.example,A\n"
    record = await org.drop("f.csv", b"User Email,User Name\n" + lines)
    found = await org.problems(record)
    assert [problem.line for problem in found] == [3, 4]
    assert all("line 2 already" in problem.text for problem in found)


async def test_t3_a_parent_that_the_file_clears_closes_no_circle(house: House) -> None:
    org = await house.org(clear_word="-")
    await org.drop("f.csv", b"Team Name,Parent Team\nA,B\n")
    record = await org.drop("f.csv", b"Team Name,Parent Team\nA,-\nB,A\n")
    assert await org.codes(record) == []
    assert {name: team.parent for name, team in (await org.teams()).items()} == {"A": None, "B": "A"}


async def test_p03_the_clear_word_empties_what_can_be_empty(house: House) -> None:
    org = await house.org(clear_word="nil")
    header = b"User Email,First Name,Last Name,Manager Email,Teams,Badge,Deactivation Date\n"
    await org.drop("f.csv", header + b"ann@x.example,Ann,Lee,bob@x.example,Ops,7,2026-12-31\n")
    await org.drop("f.csv", header + b"ann@x.example,,NIL, nil ,Nil,nil,nil\n")
    ann = await org.user("ann@x.example")
    assert (ann.first_name, ann.last_name, ann.manager, ann.teams) == ("Ann", "", None, frozenset())
    assert (ann.custom, ann.deactivation_date, ann.deactivates_at) == ({}, None, None)


async def test_h8_test_mode_applies_nothing(house: House) -> None:
    org = await house.org(mode="test")
    record = await org.drop("f.csv", b"User Email,Teams\nann@x.example,Ops\n")
    assert record.outcome is Outcome.CHECKED
    assert list(await org.users()) == [OWNER]
    assert await org.teams() == {}
    assert (await org.drop("f.csv", b"no table")).outcome is Outcome.REFUSED


async def test_p02_active_users_whom_the_last_file_named_are_counted_as_missing(org: Org) -> None:
    await org.drop("f.csv", b"User Email\nann@x.example\nbob@x.example\ncy@x.example\n")
    await org.sql(
        "UPDATE users SET deactivated_at = '2026-11-01' WHERE email_key = 'cy@x.example' AND org_no = :org"
    )
    record = await org.drop("f.csv", b"User Email\nann@x.example\n")
    assert record.counts.users_missing == 1
    assert len(await org.users()) == 4
    assert (await org.drop("f.csv", b"User Email\nann@x.example\n")).counts.users_missing == 0


async def test_f02_utf16_with_a_byte_order_mark_is_called_by_its_name(org: Org) -> None:
    record = await org.drop("users.csv", "User Email\nann@x.example\n".encode("utf-16"))
    assert record.outcome is Outcome.REFUSED
    found = await org.problems(record)
    assert [(one.line, one.code) for one in found] == [(1, "not-utf8")]
    assert "UTF-16" in found[0].text
