"""Passwords: made here, kept only as argon2id hashes (rule A1)."""

import secrets

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


def password_matches(stored_hash: str, password: str) -> bool:
    """Say whether the password belongs to the hash (blocks for 19 ms; call it in a thread)."""
    try:
        return _hasher.verify(stored_hash, password)
    except (VerificationError, InvalidHashError):
        return False
