"""Who may enter (rules A1, A2): looks up the name and checks password or key, known or not at the same cost."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from core.accounts import Account, comes_from
from core.accounts_store import account_by_username
from core.database import Database
from core.passwords import NOBODY, any_password_matches
from server.threads import Pool

LONGEST_PASSWORD = 1024


class Refusal(Enum):
    """Why nobody may enter; for the log only, the client gets one answer for all."""

    UNKNOWN = "unknown user"
    PASSWORD = "wrong password"  # noqa: S105  # it is the reason of a refusal
    KEY = "wrong signature"
    UNKNOWN_KEY = "no key that is known"
    METHOD = "not the way in which this account logs in"
    ADDRESS = "address not allowed"
    DISABLED = "organization disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out; `account` is the one that was named, also when it may not enter."""

    account: Account | None
    refusal: Refusal | None


async def find_account(database: Database, username: str) -> Account | None:
    """Return the account of that name."""
    async with database.reading() as connection:
        return await account_by_username(connection, username)


async def check_password(
    *,
    database: Database,
    pool: Pool,
    username: str,
    password: str,
    address: str,
    key_shown: bool,
    now: datetime,
) -> Checked:
    """Rules A1, A2: one look-up and one hash, whoever asks; whatever else keeps it out is answered likewise.

    `key_shown`: the client has proved to have one of the account's keys on this connection.
    """
    account = await find_account(database, username)
    stored = account.hashes(now) if account else (NOBODY,)
    matches = await pool.run(any_password_matches, stored, password[:LONGEST_PASSWORD])
    matches = matches and len(password) <= LONGEST_PASSWORD
    return Checked(
        account=account,
        refusal=judge_password(account, matches=matches, key_shown=key_shown, address=address),
    )


def judge_password(
    account: Account | None, *, matches: bool, key_shown: bool, address: str
) -> Refusal | None:
    """Rule A1: say what keeps out who sent this password, or None."""
    if account is None:
        return Refusal.UNKNOWN
    if not matches:
        return Refusal.PASSWORD
    if account.login == "key" or (account.login == "both" and not key_shown):
        return Refusal.METHOD
    return judge_account(account, address=address)


def judge_key(account: Account | None, key: str, *, address: str) -> Refusal | None:
    """Rule A1: say what keeps out who has this public key, or None."""
    if account is None:
        return Refusal.UNKNOWN
    if key not in account.keys:
        return Refusal.UNKNOWN_KEY
    if account.login == "password":
        return Refusal.METHOD
    return judge_account(account, address=address)


def judge_account(account: Account, *, address: str) -> Refusal | None:
    """Say what keeps an account out that has proved who it is."""
    if not comes_from(account.allow_from, address):
        return Refusal.ADDRESS
    return None if account.enabled else Refusal.DISABLED
