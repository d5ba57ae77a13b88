"""Erased people are known by a keyed hash of their address only (rule R3)."""

from pathlib import Path

import pytest

from core.secrets_key import (
    NAME,
    SecretsKeyDamagedError,
    SecretsKeyMissingError,
    load_secrets_key,
    new_secrets_key,
    put_to_use,
)
from processor.directory.erasure import NOBODY_ERASED, Erased, hash_of


def test_r03_an_erased_address_is_recognised_in_its_organization_only() -> None:
    erased = Erased(hashes={hash_of(b"k", 1, "bo@x.example")}, key=b"k", org_no=1)
    assert "bo@x.example" in erased
    assert "cy@x.example" not in erased
    assert "bo@x.example" not in Erased(hashes=erased.hashes, key=b"k", org_no=2)
    assert "bo@x.example" not in Erased(hashes=erased.hashes, key=b"another", org_no=1)
    assert "bo@x.example" not in NOBODY_ERASED


def test_a03_the_secrets_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    key = load_secrets_key(folder, make=True)
    assert load_secrets_key(folder, make=True) == key
    assert len(key) == 32
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_a03_r03_a_key_that_may_not_be_made_is_missed_with_its_path_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SecretsKeyMissingError, match=rf"{tmp_path}/secrets\.key.*bring it back") as caught:
        load_secrets_key(tmp_path, make=False)
    assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []


def test_a03_a_damaged_secrets_key_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"")
    with pytest.raises(SecretsKeyDamagedError):
        load_secrets_key(tmp_path, make=True)
    assert (tmp_path / NAME).read_bytes() == b""


def test_a03_a_key_that_makes_room_for_the_next_one_overwrites_nothing(tmp_path: Path) -> None:
    load_secrets_key(tmp_path, make=True)
    for _ in range(3):
        new, key = new_secrets_key(tmp_path)
        put_to_use(new, aside="secrets.key.aside")
        assert load_secrets_key(tmp_path, make=False) == key
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {NAME, "secrets.key.aside", "secrets.key.aside.2", "secrets.key.aside.3"}
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 4
