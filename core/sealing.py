"""Secrets of customers' servers at rest (rule S2): AES-256-GCM with a key that is derived from the one in `keys/`."""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import ServiceError
from core.secrets_key import keyed_hash

PURPOSE = "secrets of customers' servers"
NONCE_BYTES = 12
PASSWORD, KEY = "password", "key"  # what a secret is


class SecretLostError(ServiceError):
    """A stored password or key cannot be decrypted: the secrets key is another one than when it was stored."""

    code = "secret_lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An encrypted secret; `kind` is one of those two."""

    kind: str
    box: bytes


def seal(key: bytes, kind: str, secret: str, *, bound_to: tuple[str, ...]) -> Sealed:
    """Encrypt a secret; it opens only with the same `bound_to`.

    Bound to where it is sent, it cannot be sent elsewhere by somebody who can write to the database alone.
    """
    nonce = os.urandom(NONCE_BYTES)
    return Sealed(
        kind=kind, box=nonce + _cipher(key).encrypt(nonce, secret.encode(), _context(kind, bound_to))
    )


def unseal(key: bytes, sealed: Sealed, *, bound_to: tuple[str, ...]) -> str:
    """Decrypt a secret.

    Raises:
        SecretLostError: the key is another one, or what it is bound to, or the bytes were changed.
    """
    nonce, rest = sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:]
    try:
        return _cipher(key).decrypt(nonce, rest, _context(sealed.kind, bound_to)).decode()
    except (InvalidTag, ValueError) as exc:
        raise SecretLostError(
            "The stored password or key cannot be decrypted: `secrets.key` in the folder of ROSTERDROP_KEYS_DIR is "
            "not the one that it was stored with. Bring that file back from your copy of the folder, or give the "
            "password again (`rosterdrop pull add ORG --replace --password-stdin`)."
        ) from exc


def bound_to_server(org_no: int, host: str, port: int, username: str, host_key: str) -> tuple[str, ...]:
    """Return what the secret of an organization's server is bound to."""
    return (str(org_no), host, str(port), username, host_key)


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(keyed_hash(key, PURPOSE, ""))


def _context(kind: str, bound_to: tuple[str, ...]) -> bytes:
    return "\0".join((kind, *bound_to)).encode()
