"""A hundred thousand people, and the same file with one row in a hundred changed (architecture: importing fast)."""

from processor.imports import Outcome
from tests.integration.directory.house import House

ROWS = 100_000
HEADER = "User Email,First Name,Last Name,Teams,Manager Email,Deactivation Date,Badge,Start,Remote\n"


def line(number: int, *, last_name: str = "Lee") -> str:
    manager = "" if number == 0 else f"user{number // 10}@x.example"
    date = "2026-11-01" if number % 1_000 == 7 else ""
    start = f"2020-01-{number % 28 + 1:02}"
    cells = (
        f"user{number}@x.example", f"Ann{number}", last_name, f"Team {number % 50}", manager, date,
        f"{number:06}", start, "Yes" if number % 2 else "No",
    )  # fmt: skip
    return ",".join(cells) + "\n"


async def test_u07_a_hundred_thousand_rows_arrive_and_one_in_a_hundred_changes(house: House) -> None:
    org = await house.org()
    rows = [line(number) for number in range(ROWS)]
    first = await org.drop("users.csv", (HEADER + "".join(rows)).encode())
    assert first.outcome is Outcome.IMPORTED
    assert first.counts.as_dict() == {
        **dict.fromkeys(first.counts.as_dict(), 0),
        "rows": ROWS,
        "users_created": ROWS,
        "teams_created": 50,
        "memberships_added": ROWS,
        "fields_created": 3,
    }
    assert await org.fields() == {"Badge": "text", "Start": "date", "Remote": "boolean"}
    aggregates = """
    SELECT count(*), count(DISTINCT email_key), count(manager_id), count(deactivated_at), count(deactivates_at),
      sum(last_name = 'Lee'), sum(json_extract(custom, '$.Badge') = substr('00000' || substr(first_name, 4), -6)),
      sum(json_extract(custom, '$.Remote') = 1), min(json_extract(custom, '$.Start')), sum(name = first_name || ' Lee')
    FROM users WHERE org_no = :org AND email_key LIKE 'user%'
    """
    expected = (ROWS, ROWS, ROWS - 1, 100, 0, ROWS, ROWS, ROWS // 2, "2020-01-01", ROWS)
    assert (await org.rows(aggregates))[0] == expected
    wrong_managers = """
    SELECT count(*) FROM users u LEFT JOIN users m ON m.id = u.manager_id
    WHERE u.org_no = :org AND u.email_key LIKE 'user%' AND u.email_key != 'user0@x.example'
      AND m.email IS NOT 'user' || (CAST(substr(u.first_name, 4) AS INTEGER) / 10) || '@x.example'
    """
    assert await org.rows(wrong_managers) == [(0,)]
    members = """
    SELECT t.name, count(*) FROM memberships m JOIN teams t ON t.id = m.team_id WHERE t.org_no = :org GROUP BY t.id
    """
    assert dict(await org.rows(members)) == {f"Team {number}": ROWS // 50 for number in range(50)}

    house.clock.move(days=1)
    rows[::100] = [line(number, last_name="Ray") for number in range(0, ROWS, 100)]
    rows[50] += rows[49]  # stands twice
    second = await org.drop("users.csv", (HEADER + "".join(rows)).encode())
    assert second.outcome is Outcome.PARTIAL
    assert second.counts.as_dict() == {
        **dict.fromkeys(second.counts.as_dict(), 0),
        "rows": ROWS + 1,
        "rows_refused": 1,
        "users_updated": ROWS // 100,
        "users_unchanged": ROWS - ROWS // 100,
    }
    assert await org.codes(second) == [(53, "User Email", "repeated-address")]
    expected = (*expected[:5], ROWS - ROWS // 100, *expected[6:9], ROWS - ROWS // 100)
    assert (await org.rows(aggregates))[0] == expected
    assert await org.rows(wrong_managers) == [(0,)]
    changed = (
        "SELECT field, count(*) FROM changes WHERE import_number = :number GROUP BY field ORDER BY field"
    )
    assert await org.rows(changed, number=second.number) == [("last_name", 1_000), ("name", 1_000)]
