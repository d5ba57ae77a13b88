"""The secrets key in `keys/`: made where nothing depends on one, never overwritten; no backup has what is made of it.

`secrets_key_store.py` knows whether something depends on it, and whether it is the right one.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from core.beneath import rename_without_replacing
from core.errors import DamagedError

NAME = "secrets.key"
SIZE_BYTES = 32
FILE_MODE = 0o600
FOLDER_MODE = 0o700
ADVICE = (
    "bring it back from your copy of the keys folder, and what waits goes on. If it is lost for good, "
    "`rosterdrop keys --secrets-lost` says what that costs and makes a new one. Nothing was changed."
)


class SecretsKeyError(DamagedError):
    """The key that is needed is not at hand: what needs it waits until somebody brings it back (R3, S2)."""

    retryable = True


class SecretsKeyDamagedError(SecretsKeyError):
    """The file is not a key of ours; it stays as it is."""

    code = "secrets_key_damaged"


class SecretsKeyMissingError(SecretsKeyError):
    """There is no key, but something that only the one of before opens or knows."""

    code = "secrets_key_missing"


class SecretsKeyWrongError(SecretsKeyError):
    """The key is another one than what is kept was made with."""

    code = "secrets_key_wrong"


def load_secrets_key(keys_dir: Path, *, make: bool) -> bytes:
    """Return the key; where there is none it is made, if that is wanted, and durable before it is used (A3).

    Raises:
        SecretsKeyMissingError: there is none, and none may be made.
        SecretsKeyDamagedError: the file is empty or of another size.
    """
    path = keys_dir / NAME
    if not path.exists():
        if not make:
            raise SecretsKeyMissingError(
                f"The secrets key {path} is not there, and erased people or customers' passwords need it: {ADVICE}"
            )
        _make(path)
    key = path.read_bytes()
    if len(key) != SIZE_BYTES:
        raise SecretsKeyDamagedError(f"The secrets key {path} is empty or damaged: {ADVICE}")
    return key


def new_secrets_key(keys_dir: Path) -> tuple[Path, bytes]:
    """Make a key that is not in use yet; return its file, which is durable, and the key."""
    keys_dir.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    key, new = secrets.token_bytes(SIZE_BYTES), keys_dir / f".{NAME}.{secrets.token_hex(8)}"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(fd, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(fd)
    return new, key


def put_to_use(new: Path, *, aside: str) -> None:
    """Put a new key in the place of one that is no use, which is kept as `aside`; nothing is overwritten."""
    with _opened(new.parent) as folder:
        while True:
            try:
                rename_without_replacing(new.name, NAME, source_dir=folder, target_dir=folder)
                break
            except FileExistsError:
                _put_aside(folder, aside)
        os.fsync(folder)


def wrong_secrets_key(keys_dir: Path) -> SecretsKeyWrongError:
    """Say what to do about a key that is not the one of before."""
    return SecretsKeyWrongError(
        f"The secrets key {keys_dir / NAME} is another one than erased people and customers' passwords were stored "
        f"with: {ADVICE}"
    )


def fingerprint_of(key: bytes) -> str:
    """Return what the database keeps to know the key again (hex, 64 characters); nobody finds the key by it."""
    return keyed_hash(key, "fingerprint of the secrets key", "").hex()


def keyed_hash(key: bytes, purpose: str, text: str) -> bytes:
    """Return a hash that nobody without the key can compute; one purpose's hashes say nothing about another's."""
    return hmac.new(key, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()


def _make(path: Path) -> None:
    new, _ = new_secrets_key(path.parent)
    with _opened(path.parent) as folder:
        with suppress(FileExistsError):  # another process made it at the same time
            rename_without_replacing(new.name, path.name, source_dir=folder, target_dir=folder)
        new.unlink(missing_ok=True)
        os.fsync(folder)


def _put_aside(folder: int, aside: str) -> None:
    for number in count(1):
        name = aside if number == 1 else f"{aside}.{number}"
        with suppress(FileExistsError):
            with suppress(FileNotFoundError):  # somebody moved it away
                rename_without_replacing(NAME, name, source_dir=folder, target_dir=folder)
            return


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)
