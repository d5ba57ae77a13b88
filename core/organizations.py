"""An organization and its user name for SFTP (section W); its row is in `organizations_store.py`."""

import re
from dataclasses import dataclass

from core.errors import UsageError
from core.organization_settings import OrganizationSettings

ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
USERNAME_LIMIT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """One customer of the vendor."""

    no: int  # the database's number; ids of its users and teams begin with it
    id: str
    name: str
    username: str
    settings: OrganizationSettings
    enabled: bool
    created_at: str


def username_of(name: str, org_id: str) -> str:
    """Section W: name and id, `_` for what is not an ASCII letter, digit, `_` or `-`; at most 64 characters."""
    ending = f"_{org_id}"
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[: USERNAME_LIMIT - len(ending)] + ending


def check_id(org_id: str) -> str:
    """Return the id if it may be one.

    Raises:
        UsageError: other characters than letters, digits, `_`, `-`, or not 1 to 32 of them.
    """
    if not ID.fullmatch(org_id):
        raise UsageError(f"{org_id!r} cannot be an organization's id: 1 to 32 of A-Z, a-z, 0-9, _ and -.")
    return org_id
