"""Who may try to log in at this moment (rule A2): the counts in memory, asked before any hash and any query.

Decisions are in `core/bans.py`; `guard_keeper.py` reads and writes the database, so that counts survive a restart and
the command line sees and lifts them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.bans import (
    LONGEST_NAME,
    BanPolicy,
    Failure,
    GuardKey,
    GuardRecord,
    Kind,
    after_failure,
    delay_s,
    is_spent,
    name_key,
    refusal_text,
    without,
)
from core.settings import Settings

# People type passwords and e-mail addresses as user names: such names are kept nowhere until they were tried often.
ACCOUNT_LIKE = re.compile(r"(?=.{1,64}$)[A-Za-z0-9-]*_[A-Za-z0-9_-]*")  # 64: what a user name has at most (W)
SURELY_A_NAME = 3  # nobody types a password into the wrong field so often
MAX_RECORDS = 50_000  # of names and addresses; the least recent go first
KNOWN_AGAIN = timedelta(hours=1)  # a later login of a known address is written down after so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What the database must be told."""

    saved: tuple[GuardRecord, ...]
    removed: tuple[GuardKey, ...]
    known: tuple[tuple[str, datetime], ...]

    def __bool__(self) -> bool:
        return bool(self.saved or self.removed or self.known)


class LoginGuard:
    """Counts failed logins; one for each listener."""

    def __init__(
        self,
        *,
        settings: Settings,
        records: Iterable[GuardRecord] = (),
        known: Mapping[str, datetime] | None = None,
    ) -> None:
        window, first = timedelta(seconds=settings.ban_window_s), timedelta(seconds=settings.ban_s)
        lock = timedelta(seconds=settings.lock_s)
        self._bans = BanPolicy(
            limit=settings.ban_failures,
            window=window,
            first=first,
            longest=timedelta(seconds=max(settings.ban_longest_s, settings.ban_s)),
        )
        self._locks = BanPolicy(
            limit=settings.lock_failures,
            window=timedelta(seconds=settings.lock_window_s),
            first=lock,
            longest=lock,
        )
        self._known_for = timedelta(days=settings.known_address_days)
        self._known = dict(known or {})
        self._records = {record.key: record for record in records}
        self._changed: dict[GuardKey, None] = {}  # in the order of their changes
        self._changed_known: dict[str, None] = {}

    def refusal(self, address: str, name: str | None, now: datetime) -> str | None:
        """Rule A2: return what a banned client reads, or None; without a name only the address counts."""
        keys = [] if self._is_known(address, now) else [GuardKey(Kind.ADDRESS, address=address)]
        if name is not None:
            key = name_key(name)
            keys += [GuardKey(Kind.PAIR, key, address), GuardKey(Kind.NAME, key)]
        for one in keys:
            record = self._records.get(one)
            if record is not None and record.is_banned(now):
                return refusal_text(record, now)
        return None

    def failed(self, address: str, name: str, now: datetime, *, is_account: bool) -> float:
        """Count a failed login; return how many seconds its answer waits."""
        key = name_key(name)
        kept = key if is_account or ACCOUNT_LIKE.fullmatch(name) else ""
        spelt = name[:LONGEST_NAME]
        by_name = self._count(GuardKey(Kind.NAME, key), spelt, Failure(now, kept, address), self._locks)
        if self._is_known(address, now):
            place, shown = GuardKey(Kind.PAIR, key, address), spelt
        else:
            place, shown = GuardKey(Kind.ADDRESS, address=address), address
        by_address = self._count(place, shown, Failure(now, kept, address), self._bans)
        return delay_s(max(by_name, by_address))

    def succeeded(self, address: str, name: str, now: datetime) -> None:
        """Rule A2: clear the address's failures for that name, and know the address from now on."""
        key = name_key(name)
        self._forget(GuardKey(Kind.PAIR, key, address))
        for place in (GuardKey(Kind.NAME, key), GuardKey(Kind.ADDRESS, address=address)):
            record = self._records.get(place)
            if record is not None:
                cleared = without(record, name=key, address=address, now=now)
                if cleared is not record:
                    self._put(cleared)
        last = self._known.get(address)
        if last is None or now - last >= KNOWN_AGAIN:
            self._known[address] = now
            self._changed_known[address] = None

    def lift(self, value: str) -> None:
        """Rule A2: forget counts, bans and doubling of an address or name."""
        key = name_key(value)
        for place in [one for one in self._records if value == one.address or (key and key == one.name)]:
            self._forget(place)

    def sweep(self, now: datetime) -> None:
        """Forget what counts no more."""
        for place, record in list(self._records.items()):
            policy = self._locks if place.kind is Kind.NAME else self._bans
            if is_spent(record, policy, now):
                self._forget(place)
        for address in [one for one in self._known if not self._is_known(one, now)]:
            del self._known[address]

    def take_changes(self) -> Changes:
        """Return what changed since the last call."""
        places, self._changed = list(self._changed), {}
        known, self._changed_known = list(self._changed_known), {}
        found = [(place, self._records.get(place)) for place in places]
        return Changes(
            saved=tuple(record for _, record in found if record is not None and _may_be_kept(record)),
            removed=tuple(place for place, record in found if record is None),
            known=tuple((address, self._known[address]) for address in known if address in self._known),
        )

    def put_back(self, changes: Changes) -> None:
        """Say that the database could not be told: it is told later."""
        self._changed |= dict.fromkeys([*(record.key for record in changes.saved), *changes.removed])
        self._changed_known |= dict.fromkeys(address for address, _ in changes.known)

    def _count(self, place: GuardKey, shown: str, failure: Failure, policy: BanPolicy) -> int:
        before = self._records.get(place) or GuardRecord(key=place, shown=shown, changed_at=failure.at)
        record = after_failure(before, failure, policy)
        self._put(record)
        return len(record.failures) or record.failed

    def _put(self, record: GuardRecord) -> None:
        self._records.pop(record.key, None)  # so that the most recent stand last
        self._records[record.key] = record
        self._changed[record.key] = None
        if len(self._records) > MAX_RECORDS:
            self._forget(next(iter(self._records)))

    def _forget(self, place: GuardKey) -> None:
        if self._records.pop(place, None) is not None:
            self._changed[place] = None

    def _is_known(self, address: str, now: datetime) -> bool:
        last = self._known.get(address)
        return last is not None and now - last <= self._known_for


def _may_be_kept(record: GuardRecord) -> bool:
    if record.key.kind is Kind.ADDRESS or record.until is not None or len(record.failures) >= SURELY_A_NAME:
        return True
    return any(failure.name for failure in record.failures)
