"""Passwords: made here, kept only as argon2id hashes (rule A1)."""

import base64
import hmac
import secrets
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

GENERATED_LENGTH = 24
ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without look-alikes; 140 bits in 24

# OWASP's second choice (m=19 MiB, t=2, p=1): 19 ms on the reference machine.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# The hash of a password that nobody has: an unknown user costs the same as a wrong password (A2).
NOBODY = _hasher.hash(secrets.token_urlsafe(32))


def generate_password() -> str:
    """Return a new password of 24 characters."""
    return "".join(secrets.choice(ALPHABET) for _ in range(GENERATED_LENGTH))


def hash_password(password: str) -> str:
    """Return the argon2id hash that is stored (blocks for 19 ms)."""
    return _hasher.hash(password)


def hash_beside(password: str, other_hash: str) -> str:
    """Return the hash of a password that is good beside another one for a while (A1): with the other's salt.

    So one computation checks both, and nobody can tell by the time it takes that there are two.
    """
    try:
        return _hasher.hash(password, salt=_salt(other_hash))
    except ValueError:
        return _hasher.hash(password)


def any_password_matches(stored_hashes: Sequence[str], password: str) -> bool:
    """Say whether the password belongs to one of the hashes; those of one salt cost one computation (19 ms)."""
    first, *others = stored_hashes
    if not others:
        return password_matches(first, password)
    same = [stored for stored in others if _beginning(stored) == _beginning(first)]
    if len(same) < len(others):
        return any([password_matches(stored, password) for stored in stored_hashes])  # noqa: C419  # all of them
    found = _hasher.hash(password, salt=_salt(first))
    if _beginning(found) != _beginning(first):  # of an earlier release, with other parameters
        return any([password_matches(stored, password) for stored in stored_hashes])  # noqa: C419  # all of them
    return any([hmac.compare_digest(found, stored) for stored in stored_hashes])  # noqa: C419  # all of them


def _beginning(stored_hash: str) -> str:
    """Return everything before the digest: parameters and salt, `$argon2id$v=19$m=...,t=2,p=1$<salt>`."""
    return stored_hash.rpartition("$")[0]


def _salt(stored_hash: str) -> bytes:
    text = _beginning(stored_hash).rpartition("$")[2]
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def password_matches(stored_hash: str, password: str) -> bool:
    """Say whether the password belongs to the hash (blocks for 19 ms; call it in a thread)."""
    try:
        return _hasher.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
