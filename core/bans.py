"""Failed logins and what follows (rule A2): pure decisions on frozen values; `bans_store.py` keeps them.

A record counts the failures of an address, of a name, or of a name from one address that is known for good logins. An
address is what `address_group` makes of it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

LONGEST_NAME = 64  # no account has a longer one; what is longer is cut, so that it counts as one name
FORGET_DOUBLING = timedelta(days=7)
FREE_FAILURES = 2  # a mistyped password costs no time
FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 1.0
IPV6_PREFIX = 64


class Kind(StrEnum):
    """What a record counts for."""

    ADDRESS = "address"
    NAME = "name"
    PAIR = "pair"


@dataclass(frozen=True, slots=True, order=True)
class GuardKey:
    """Which record; `name` is casefolded."""

    kind: Kind
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed login."""

    at: datetime
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardRecord:
    """What is known of an address, a name, or both."""

    key: GuardKey
    shown: str  # the name as it was first spelt, or the address
    changed_at: datetime
    failures: tuple[Failure, ...] = ()
    until: datetime | None = None
    failed: int = 0  # how many failures led to the last ban
    bans: int = 0

    def is_banned(self, now: datetime) -> bool:
        """Whether nobody may try."""
        return self.until is not None and now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class BanPolicy:
    """When a record is banned, and for how long; `limit` 0: never."""

    limit: int
    window: timedelta
    first: timedelta
    longest: timedelta


def address_group(address: str) -> str:
    """Rule A2: return what counts as one address: an IPv6 /64 has one owner; what is no address stays as it is."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> IPV6_PREFIX << IPV6_PREFIX)}/{IPV6_PREFIX}"
    return str(parsed)


def name_key(name: str) -> str:
    """Return the form in which two names are the same."""
    return name[:LONGEST_NAME].casefold()


def after_failure(record: GuardRecord, failure: Failure, policy: BanPolicy) -> GuardRecord:
    """Rule A2: count a failure; the one that is too much bans, each further ban doubles up to the longest."""
    now = failure.at
    failures = (*(past for past in record.failures if past.at > now - policy.window), failure)
    if not policy.limit or len(failures) < policy.limit:
        return replace(record, failures=failures[-max(policy.limit, 1) :], changed_at=now)
    bans = 0 if _is_forgotten(record, now) else record.bans
    return replace(
        record,
        failures=(),
        failed=len(failures),
        until=now + min(policy.first * 2 ** min(bans, 32), policy.longest),
        bans=bans + 1,
        changed_at=now,
    )


def _is_forgotten(record: GuardRecord, now: datetime) -> bool:
    return record.until is not None and now - record.until > FORGET_DOUBLING


def without(record: GuardRecord, *, name: str, address: str, now: datetime) -> GuardRecord:
    """Rule A2: a successful login clears that address's failures for that name, and no others."""
    left = tuple(failure for failure in record.failures if (failure.name, failure.address) != (name, address))
    return record if left == record.failures else replace(record, failures=left, changed_at=now)


def is_spent(record: GuardRecord, policy: BanPolicy, now: datetime) -> bool:
    """Whether nothing is left that could matter: the record may go."""
    if record.is_banned(now) or any(failure.at > now - policy.window for failure in record.failures):
        return False
    return record.bans == 0 or _is_forgotten(record, now)


def delay_s(failures: int) -> float:
    """Return how long the answer to a failed login waits: nothing for two, then 0.25 s, doubling to 1 s."""
    if failures <= FREE_FAILURES:
        return 0.0
    return float(min(FIRST_DELAY_S * 2 ** min(failures - FREE_FAILURES - 1, 8), LONGEST_DELAY_S))


def refusal_text(record: GuardRecord, now: datetime) -> str:
    """Return what a banned client reads; it is the same for names that exist and for others."""
    assert record.until is not None
    minutes = max(1, -((now - record.until) // timedelta(minutes=1)))
    wait = f"{minutes} minute{'' if minutes == 1 else 's'}" if minutes < 120 else f"{minutes // 60} hours"
    whose = {
        Kind.ADDRESS: "from your address",
        Kind.NAME: "for this user name",
        Kind.PAIR: "for this user name from your address",
    }[record.key.kind]
    return f"Too many failed logins {whose}: try again in {wait} (A2)"
