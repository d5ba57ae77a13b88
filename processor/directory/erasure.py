"""Who was erased on request (rule R3): known by a keyed hash of the address only."""

from collections.abc import Set
from dataclasses import dataclass

from core.secrets_key import keyed_hash

PURPOSE = "erased person"


def hash_of(key: bytes, org_no: int, email_key: str) -> bytes:
    """Return what is kept of an erased person's address."""
    return keyed_hash(key, PURPOSE, f"{org_no}\0{email_key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """The erased people of one organization; ask it about addresses that nobody known has."""

    hashes: Set[bytes]
    key: bytes
    org_no: int

    def __contains__(self, email_key: str) -> bool:
        """Whether the person with this address was erased; costs nothing where nobody was."""
        return bool(self.hashes) and hash_of(self.key, self.org_no, email_key) in self.hashes


NOBODY_ERASED = Erased(hashes=frozenset(), key=b"", org_no=0)
