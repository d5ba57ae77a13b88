"""Accounts, keys and passwords in a real database (A1, A2, A6)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.accounts import comes_from
from core.accounts_store import (
    account_by_username,
    add_key,
    add_support,
    all_support,
    keys_of,
    old_passwords_until,
    remove_key,
    remove_support,
    replace_password,
)
from core.clock import to_text
from core.database import Database, open_database
from core.errors import UsageError
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization
from core.passwords import any_password_matches, hash_beside, hash_password

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    path = tmp_path / "accounts.sqlite"
    prepare_database(path)
    async with open_database(path) as opened:
        async with opened.writing() as connection:
            await add_organization(
                connection,
                org_id="007",
                name="Mavericks",
                username="Mavericks_007",
                password_hash="the hash",
                settings=OrganizationSettings(owner="owner@example.com"),
                now=to_text(NOW),
            )
        yield opened


async def test_a01_an_account_is_found_whatever_the_case_with_its_keys(database: Database) -> None:
    async with database.writing() as connection:
        for key in ("ssh-ed25519 AAAA", "ssh-rsa BBBB"):
            await add_key(connection, key=key, fingerprint=f"SHA256:{key}", comment="", now=NOW, org_no=1)
        with pytest.raises(UsageError, match="there already"):
            await add_key(connection, key="ssh-rsa BBBB", fingerprint="", comment="", now=NOW, org_no=1)
        account = await account_by_username(connection, "mavericks_007")
        assert account is not None
        assert account.organization is not None
        assert account.keys == {"ssh-ed25519 AAAA", "ssh-rsa BBBB"}
        await remove_key(connection, (await keys_of(connection, org_no=1))[0].id)
        again = await account_by_username(connection, "MAVERICKS_007")
        assert again is not None
        assert again.keys == {"ssh-rsa BBBB"}
        assert await account_by_username(connection, "Nobody_1") is None


async def test_a01_the_old_password_is_good_beside_the_new_one_for_its_time_only(database: Database) -> None:
    until = NOW + timedelta(hours=24)
    async with database.writing() as connection:
        await replace_password(
            connection, "007", password_hash="new", old_password_hash="old", old_password_until=until
        )
        account = await account_by_username(connection, "Mavericks_007")
        assert account is not None
        assert account.hashes(NOW) == ("new", "old")
        assert account.hashes(until) == ("new",)
        assert await old_passwords_until(connection, before=until + timedelta(minutes=1)) == {
            "007": to_text(until)
        }
        await replace_password(connection, "007", password_hash="newer")
        assert not await old_passwords_until(connection, before=until + timedelta(days=99))


def test_a01_a02_two_passwords_of_one_salt_are_checked_by_one_computation() -> None:
    old = hash_password("old password")
    new = hash_beside("new password", old)
    assert old.rpartition("$")[0] == new.rpartition("$")[0]
    assert any_password_matches((new, old), "new password")
    assert any_password_matches((new, old), "old password")
    assert not any_password_matches((new, old), "another")
    assert any_password_matches((hash_password("x"), old), "old password")
    assert any_password_matches((old,), "old password")


async def test_a06_w_support_accounts_and_organizations_share_user_names(database: Database) -> None:
    async with database.writing() as connection:
        with pytest.raises(UsageError, match="taken"):
            await add_support(connection, name="x", username="MAVERICKS_007", password_hash="h", now=NOW)
        ann = await add_support(
            connection, name="Ann Smith", username="Ann_Smith", password_hash="h", now=NOW
        )
        with pytest.raises(UsageError, match="taken"):
            await add_support(connection, name="ann", username="ann_smith", password_hash="h", now=NOW)
        await add_key(
            connection, key="ssh-rsa C", fingerprint="SHA256:C", comment="", now=NOW, support_no=ann.no
        )
        account = await account_by_username(connection, "ANN_SMITH")
        assert account is not None
        assert account.support == ann
        assert account.keys == {"ssh-rsa C"}
        await remove_support(connection, ann.no)
        assert await account_by_username(connection, "Ann_Smith") is None
        assert not await all_support(connection)


@pytest.mark.parametrize(
    ("networks", "address", "allowed"),
    [
        ((), "203.0.113.7", True),
        (("203.0.113.0/24",), "203.0.113.7", True),
        (("203.0.113.0/24",), "203.0.114.7", False),
        (("203.0.113.0/24",), "::ffff:203.0.113.7", True),
        (("2001:db8::/32", "203.0.113.7/32"), "2001:db8:1::1", True),
        (("2001:db8::/32",), "203.0.113.7", False),
        (("0.0.0.0/0",), "not an address", False),
    ],
)
def test_a01_an_allow_list_lets_in_its_networks_only(
    networks: tuple[str, ...], address: str, allowed: bool
) -> None:
    assert comes_from(networks, address) is allowed
