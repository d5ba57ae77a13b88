"""The secrets key in `keys/`: made at its first use, never overwritten; what is derived from it stays in no backup."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from core.beneath import rename_without_replacing
from core.errors import DamagedError

NAME = "secrets.key"
SIZE_BYTES = 32
FILE_MODE = 0o600
FOLDER_MODE = 0o700


class SecretsKeyDamagedError(DamagedError):
    """The file is not a key of ours; it stays as it is."""


def load_secrets_key(keys_dir: Path) -> bytes:
    """Return the key; where there is none yet it is made, durable before it is used (A3).

    Raises:
        SecretsKeyDamagedError: the file is empty or of another size.
    """
    path = keys_dir / NAME
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if len(key) != SIZE_BYTES:
        raise SecretsKeyDamagedError(
            f"The secrets key {path} is empty or damaged: restore it from a backup. Nothing was changed."
        )
    return key


def keyed_hash(key: bytes, purpose: str, text: str) -> bytes:
    """Return a hash that nobody without the key can compute; one purpose's hashes say nothing about another's."""
    return hmac.new(key, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()


def _make(path: Path) -> None:
    path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    new = path.with_name(f".{NAME}.{secrets.token_hex(8)}")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(secrets.token_bytes(SIZE_BYTES))
        file.flush()
        os.fsync(fd)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(FileExistsError):  # another process made it at the same time
            rename_without_replacing(new.name, path.name, source_dir=folder, target_dir=folder)
        new.unlink(missing_ok=True)
        os.fsync(folder)
    finally:
        os.close(folder)
