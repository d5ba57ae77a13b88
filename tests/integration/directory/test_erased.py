"""People who were erased on request are reported, not made again (rule R3)."""

from pathlib import Path

from core.secrets_key import load_secrets_key
from processor.directory.erasure import hash_of
from processor.imports import Outcome
from tests.integration.directory.house import Org


async def erase(org: Org, keys_dir: Path, email: str) -> None:
    key = load_secrets_key(keys_dir, make=True)
    await org.sql(
        "INSERT INTO erased_people (org_no, address_hash, erased_at) VALUES (:org, :hash, 'now')",
        hash=hash_of(key, org.no, email),
    )


async def test_r03_an_erased_person_is_refused_and_not_made_again(org: Org, tmp_path: Path) -> None:
    await erase(org, tmp_path / "keys", "ann@x.example")
    record = await org.drop("users.csv", b"User Email\nann@x.example\nbob@x.example\n")
    assert record.outcome is Outcome.PARTIAL
    assert await org.codes(record) == [(2, "User Email", "person-erased")]
    assert "ann@x.example" not in await org.users()


async def test_r03_nobody_makes_an_erased_person_as_manager_or_owner(org: Org, tmp_path: Path) -> None:
    await erase(org, tmp_path / "keys", "ann@x.example")
    users = await org.drop("users.csv", b"User Email,Manager Email\nbob@x.example,ann@x.example\n")
    teams = await org.drop("teams.csv", b"Team Name,Team Owner\nSales,ann@x.example\n")
    assert await org.codes(users) == [(2, "Manager Email", "manager-erased")]
    assert await org.codes(teams) == [(2, "Team Owner", "owner-erased")]
    assert "ann@x.example" not in await org.users()
