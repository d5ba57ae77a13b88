"""What one check of a password costs each server, in CPU seconds, measured on this machine."""

import ctypes
import ctypes.util
import secrets
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from core.passwords import hash_password, password_matches

ROUNDS = 9


def _cost_s(check: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.thread_time()
        check()
        taken.append(time.thread_time() - began)
    return statistics.median(taken)


def argon2_s() -> float:
    """Return the cost of ours: argon2id with the parameters of core/passwords.py."""
    stored = hash_password("correct")
    return _cost_s(lambda: password_matches(stored, "correct"))


def system_s(account: str) -> float | None:
    """Return the cost of the hash that the system made for an account; only root can see which that is."""
    for line in Path("/etc/shadow").read_text("utf-8").splitlines():
        name, stored, *_ = line.split(":")
        if name == account:
            return crypt_s(stored)
    return None


def crypt_s(stored: str) -> float | None:
    """Return the cost of a hash of the C library's."""
    return None if _crypt("-", stored) is None else _cost_s(lambda: _crypt("-", stored))


def sha512_crypt(password: str) -> str:
    """Return the password's hash as AuthUserFile of ProFTPD holds it.

    Raises:
        OSError: there is no crypt library.
    """
    found = _crypt(password, f"$6${secrets.token_hex(8)}$")
    if found is None:
        raise OSError("there is no crypt library that knows SHA-512")
    return found


def _crypt(password: str, setting: str) -> str | None:
    path = ctypes.util.find_library("crypt")
    if path is None:
        return None
    crypt = ctypes.CDLL(path).crypt
    crypt.restype = ctypes.c_char_p
    found: bytes | None = crypt(password.encode(), setting.encode())
    return found.decode() if found else None
