"""Who may enter (rules A1, A2): looks up the name and checks the password, known or not at the same cost."""

from dataclasses import dataclass
from enum import Enum

from core.database import Database
from core.organizations import Organization
from core.organizations_store import organization_by_username
from core.passwords import NOBODY, password_matches
from server.threads import Pool

LONGEST_PASSWORD = 1024


class Refusal(Enum):
    """Why nobody may enter; for the log only, the client gets one answer for all."""

    UNKNOWN = "unknown user"
    PASSWORD = "wrong password"  # noqa: S105  # it is the reason of a refusal
    DISABLED = "organization disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out; `organization` is the one that was named, also when it may not enter."""

    organization: Organization | None
    refusal: Refusal | None


async def check_password(*, database: Database, pool: Pool, username: str, password: str) -> Checked:
    """Rules A1, A2: one look-up and one hash, whoever asks; a disabled organization is refused likewise."""
    async with database.reading() as connection:
        found = await organization_by_username(connection, username)
    organization, stored = found if found else (None, NOBODY)
    matches = await pool.run(password_matches, stored, password[:LONGEST_PASSWORD])
    return Checked(
        organization=organization,
        refusal=_judge(organization, matches=matches and len(password) <= LONGEST_PASSWORD),
    )


def _judge(organization: Organization | None, *, matches: bool) -> Refusal | None:
    if organization is None:
        return Refusal.UNKNOWN
    if not matches:
        return Refusal.PASSWORD
    return None if organization.enabled else Refusal.DISABLED
