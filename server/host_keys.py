"""The host keys in the keys folder (rule A3): made once, never overwritten."""

import os
from pathlib import Path

import asyncssh

from core.beneath import rename_without_replacing
from core.durable import sync_directory
from core.errors import DamagedError

FOLDER_MODE = 0o700
FILE_MODE = 0o600

# File name, algorithm and arguments of asyncssh.generate_private_key.
KINDS: tuple[tuple[str, str, dict[str, int]], ...] = (
    ("ssh_host_ed25519_key", "ssh-ed25519", {}),
    ("ssh_host_ecdsa_key", "ecdsa-sha2-nistp256", {}),
    ("ssh_host_rsa_key", "ssh-rsa", {"key_size": 3072}),
)


class HostKeyDamagedError(DamagedError):
    """A host key file is empty or cannot be read; it stays as it is."""

    code = "host_key_damaged"


def load_host_keys(keys_dir: Path) -> list[asyncssh.SSHKey]:
    """Rule A3: read the host keys and make those that are missing (blocks; an RSA key takes up to a second).

    They are handed to asyncssh as objects: as paths they would be read again at each login, 140 ms of CPU.

    Raises:
        HostKeyDamagedError: a file is empty or damaged; nothing was changed.
    """
    keys = {name: read_host_key(keys_dir / name) for name, _, _ in KINDS if os.path.lexists(keys_dir / name)}
    for name, algorithm, options in KINDS:
        if name not in keys:
            keys[name] = make_host_key(keys_dir / name, algorithm, options)
    return [keys[name] for name, _, _ in KINDS]


def read_host_key(path: Path) -> asyncssh.SSHKey:
    """Read one key file.

    Raises:
        HostKeyDamagedError: it is empty, damaged or unreadable; it stays as it is.
    """
    try:
        return asyncssh.import_private_key(path.read_bytes())
    except (OSError, ValueError, asyncssh.Error) as exc:
        raise HostKeyDamagedError(
            f"The host key {path} is empty, damaged or unreadable: restore it from a backup, or move it away to get "
            "a new one (clients will then warn that the key changed)."
        ) from exc


def make_host_key(path: Path, algorithm: str, options: dict[str, int]) -> asyncssh.SSHKey:
    """Make one key file of mode 0600 on stable storage; one that is there is never replaced.

    Raises:
        FileExistsError: it is there.
    """
    key = asyncssh.generate_private_key(algorithm, comment="", **options)
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(key.export_private_key())
        file.flush()
        os.fsync(fd)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rename_without_replacing(new.name, path.name, source_dir=folder, target_dir=folder)
    finally:
        os.close(folder)
    # Without this a key was empty after a power cut in 44 of 44 cuts.
    sync_directory(path.parent)
    return key
