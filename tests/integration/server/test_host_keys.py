"""Host keys (rule A3)."""

import stat
from pathlib import Path

import asyncssh
import pytest

from server.host_keys import KINDS, HostKeyDamagedError, load_host_keys


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host") / "keys"
    load_host_keys(folder)
    return folder


def test_a03_three_keys_are_made_for_their_owner_only(made: Path) -> None:
    keys = load_host_keys(made)
    assert [key.get_algorithm() for key in keys] == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
    assert sorted(path.name for path in made.iterdir()) == sorted(name for name, _, _ in KINDS)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.iterdir()} == {0o600}
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a03_keys_are_never_made_anew(made: Path) -> None:
    first = [key.get_fingerprint() for key in load_host_keys(made)]
    assert [key.get_fingerprint() for key in load_host_keys(made)] == first


@pytest.mark.parametrize("content", [b"", b"-----BEGIN OPENSSH PRIVATE KEY-----\n", b"\0" * 100])
def test_a03_a_damaged_key_stops_the_start_and_stays(tmp_path: Path, content: bytes) -> None:
    damaged = tmp_path / "ssh_host_rsa_key"
    damaged.write_bytes(content)
    with pytest.raises(HostKeyDamagedError, match="ssh_host_rsa_key is empty, damaged or unreadable"):
        load_host_keys(tmp_path)
    assert damaged.read_bytes() == content
    assert list(tmp_path.iterdir()) == [damaged]


def test_a03_a_missing_key_is_made_beside_the_others(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "ssh_host_ed25519_key").write_bytes(key.export_private_key())
    (tmp_path / "ssh_host_ecdsa_key.new").write_bytes(b"left by a crash")
    keys = load_host_keys(tmp_path)
    assert keys[0].get_fingerprint() == key.get_fingerprint()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(name for name, _, _ in KINDS)
