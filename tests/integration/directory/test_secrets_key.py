"""The secrets key is made where nothing depends on one; a lost or strange one lets files wait and loses nobody (R3)."""

from pathlib import Path

import pytest

from core.inbox import Drop, Origin
from core.secrets_key import (
    SecretsKeyDamagedError,
    SecretsKeyError,
    SecretsKeyMissingError,
    SecretsKeyWrongError,
    fingerprint_of,
    load_secrets_key,
)
from core.secrets_key_store import (
    give_up_secrets_key,
    note_secrets_key,
    secrets_key_of,
    secrets_key_to_keep_with,
    trouble_with_secrets_key,
)
from processor.directory.erasure import hash_of
from processor.imports import Outcome
from processor.intake import pulls_store
from processor.intake.pulls import PullServer, PullState
from tests.integration.directory.house import NOON, Org

FILE = b"User Email\nann@x.example\nbob@x.example\n"


async def erased(org: Org, keys_dir: Path, email: str = "ann@x.example") -> bytes:
    """Keep somebody as erased, as `users erase` does; return the key."""
    key = await secrets_key_to_keep_with(org.database, keys_dir, now=NOON)
    await org.sql(
        "INSERT INTO erased_people (org_no, address_hash, erased_at) VALUES (:org, :hash, 'now')",
        hash=hash_of(key, org.no, email),
    )
    return key


def accepted(org: Org) -> Drop:
    """Put a file into the queue."""
    incoming = org.inbox.begin(org_id=org.id, name="users.csv", origin=Origin(account="test"))
    incoming.data.write_bytes(FILE)
    return org.inbox.accept(incoming)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, SecretsKeyMissingError),
        (b"x" * 32, SecretsKeyWrongError),
        (b"", SecretsKeyDamagedError),
    ],
)
async def test_r03_a_file_waits_for_the_key_and_makes_nobody_again_when_it_is_back(
    org: Org, keys: Path, content: bytes | None, error: type[SecretsKeyError]
) -> None:
    key, path = await erased(org, keys), keys / "secrets.key"
    path.unlink() if content is None else path.write_bytes(content)
    drop = accepted(org)
    for _ in range(5):  # more often than a file may fail
        with pytest.raises(error) as caught:
            await org.importer.process(drop)
        assert caught.value.retryable, "else the queue blames the file"
    assert await org.rows("SELECT outcome, attempts FROM imports") == [(None, 0)]
    assert path.exists() == (content is not None)
    path.write_bytes(key)
    record = await org.importer.process(drop)
    assert record.outcome is Outcome.PARTIAL
    assert await org.codes(record) == [(2, "User Email", "person-erased")]
    assert "ann@x.example" not in await org.users()


async def test_r03_where_nobody_was_erased_files_wait_for_no_key(org: Org, keys: Path) -> None:
    record = await org.importer.process(accepted(org))
    assert record.outcome is Outcome.IMPORTED
    assert not (keys / "secrets.key").exists()


async def test_r03_a_key_is_made_once_and_never_where_something_depends_on_one(org: Org, keys: Path) -> None:
    key = await erased(org, keys)
    assert await secrets_key_to_keep_with(org.database, keys, now=NOON) == key
    (keys / "secrets.key").unlink()
    with pytest.raises(SecretsKeyMissingError):
        await secrets_key_to_keep_with(org.database, keys, now=NOON)
    (keys / "secrets.key").write_bytes(b"x" * 32)
    with pytest.raises(SecretsKeyWrongError):
        await secrets_key_to_keep_with(org.database, keys, now=NOON)
    await org.sql("DELETE FROM erased_people")
    assert await secrets_key_to_keep_with(org.database, keys, now=NOON) == b"x" * 32, (
        "nothing depends on the old one"
    )
    assert len(await org.rows("SELECT * FROM secrets_keys")) == 1


async def test_r03_a_database_of_before_the_fingerprints_makes_no_key_either(org: Org, keys: Path) -> None:
    key = await erased(org, keys)
    await org.sql("DELETE FROM secrets_keys")
    async with org.database.reading() as connection:
        assert await secrets_key_of(connection, keys) == key
        (keys / "secrets.key").unlink()
        with pytest.raises(SecretsKeyMissingError):
            await secrets_key_of(connection, keys)
    with pytest.raises(SecretsKeyMissingError):
        await secrets_key_to_keep_with(org.database, keys, now=NOON)


async def test_r03_a_key_that_is_lost_for_good_is_given_up_and_nothing_waits_any_more(
    org: Org, keys: Path
) -> None:
    await erased(org, keys)
    (keys / "secrets.key").unlink()
    key = load_secrets_key(keys, make=True)
    async with org.database.writing() as connection:
        assert (await give_up_secrets_key(connection, key, now=NOON)).erased_people == 1
    async with org.database.reading() as connection:
        assert await trouble_with_secrets_key(connection, keys) is None
    assert (await org.importer.process(accepted(org))).outcome is Outcome.IMPORTED


async def test_r03_the_key_of_a_database_of_before_is_noted_and_no_other_passes_any_more(
    org: Org, keys: Path
) -> None:
    await note_secrets_key(org.database, keys, now=NOON)
    assert await org.rows("SELECT 1 FROM secrets_keys") == [], "nothing depends on one"
    key = await erased(org, keys)
    await org.sql("DELETE FROM secrets_keys")
    for _ in range(2):
        await note_secrets_key(org.database, keys, now=NOON)
    assert await org.rows("SELECT fingerprint FROM secrets_keys") == [(fingerprint_of(key),)]
    (keys / "secrets.key").write_bytes(b"x" * 32)
    with pytest.raises(SecretsKeyWrongError):
        await secrets_key_to_keep_with(org.database, keys, now=NOON)


async def test_r03_s02_a_key_that_opens_no_stored_password_is_wrong_and_is_not_noted(
    org: Org, keys: Path
) -> None:
    key = await erased(org, keys)
    server = PullServer(host="h", port=22, username="u", password="p", folder="/", host_key="SHA256:a")
    async with org.database.writing() as connection:
        await pulls_store.save_server(connection, org.no, server, PullState(added_at="now"), key=key)
    await org.sql("DELETE FROM secrets_keys")
    (keys / "secrets.key").write_bytes(b"x" * 32)
    with pytest.raises(SecretsKeyWrongError):
        await note_secrets_key(org.database, keys, now=NOON)
    with pytest.raises(SecretsKeyWrongError):
        await secrets_key_to_keep_with(org.database, keys, now=NOON)
    with pytest.raises(SecretsKeyWrongError):
        await org.importer.process(accepted(org))
    assert await org.rows("SELECT 1 FROM secrets_keys") == []
    (keys / "secrets.key").write_bytes(key)
    await note_secrets_key(org.database, keys, now=NOON)
    assert len(await org.rows("SELECT 1 FROM secrets_keys")) == 1
