"""One connection's way in (rules A1, A2, A5): its tries, what each costs, what is written down about it.

Nothing here knows SSH; `visitor.py` asks and answers the client.
"""

import asyncio
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from core.accounts import Account
from core.audit import REFUSED, AuditEntry, Event
from core.bans import address_group
from server import limits
from server.guard import ACCOUNT_LIKE
from server.logins import Checked, Refusal, check_password, find_account, judge_key

if TYPE_CHECKING:
    from server.grounds import Grounds

log = structlog.get_logger()

MAX_KEY_OFFERS = 20  # an agent with more keys than that is asked to name the right one
NOBODY_KNOWN = "?"  # who, where the name may be a password that was typed into the wrong field
TOO_MANY_KEYS = "Too many keys were offered: tell your client which one to use (A1)"


class Entrance:
    """What a connection has tried so far."""

    def __init__(self, *, grounds: "Grounds", address: str, client: Callable[[], str]) -> None:
        self.address = address
        self._grounds = grounds
        self._group = address_group(address)
        self._client = client
        self._name: str | None = None
        self._half_open_for: str | None = None  # the name whose key was proved, with a password to come
        self._hashing = False
        self._failures = 0
        self._key_offers = 0
        self._not_before = 0.0

    def refusal_of_address(self) -> str | None:
        """Rule A2: return what a banned address reads, before anything else is asked."""
        refusal = self._grounds.guard.refusal(self._group, None, self._grounds.clock.now())
        if refusal is not None:
            self._audit_refusal(NOBODY_KNOWN, None, refusal)
        return refusal

    def refusal_of(self, username: str) -> str | None:
        """Rule A2: return what is told who names a locked name, or comes from an address that was banned meanwhile."""
        if username != self._name:
            self._name, self._half_open_for = username, None
        refusal = self._grounds.guard.refusal(self._group, username, self._grounds.clock.now())
        if refusal is not None:
            self._write_refusal(username, None, refusal)
        return refusal

    @property
    def too_many_tries(self) -> str | None:
        """Rule U9: return what a client reads that has failed often on this connection."""
        return limits.tries_refusal(self._grounds.settings, failures=self._failures)

    @property
    def is_half_open(self) -> bool:
        """Rule A1, `both`: whether the key was proved and the password is to come."""
        return self._half_open_for is not None

    async def password(self, username: str, password: str) -> Account | None:
        """Rules A1, A2: check a password; one at a time: a client's next try does not stop the last one's thread."""
        if self._hashing:
            return None
        await self._wait()
        self._hashing = True
        checking = asyncio.ensure_future(
            check_password(
                database=self._grounds.database,
                pool=self._grounds.threads.hashes,
                username=username,
                password=password,
                address=self.address,
                key_shown=self._half_open_for == username,
                now=self._grounds.clock.now(),
            )
        )
        checking.add_done_callback(functools.partial(self._hashed, username))
        checked = await asyncio.shield(checking)
        if checked.refusal is None:
            return checked.account
        await self._wait()
        return None

    def _hashed(self, username: str, checking: "asyncio.Future[Checked]") -> None:
        # Here and not after the await: a client that asks again at once cancels that, and must not try for free.
        self._hashing = False
        if checking.cancelled():
            return
        if checking.exception() is not None:
            log.error("login.failed", exc_info=checking.exception())
        elif (refusal := checking.result().refusal) is not None:
            self._fail(username, checking.result().account, refusal)

    async def key_offered(self, username: str, key: str) -> bool:
        """Rule A1: say whether a login with this key would be taken; nothing is proved yet, and nothing counted."""
        self._key_offers += 1
        return await self._judge_key(username, key) is None

    @property
    def too_many_keys(self) -> str | None:
        """Return what a client reads that offers one key after the other."""
        return TOO_MANY_KEYS if self._key_offers > MAX_KEY_OFFERS else None

    async def key_used(self, username: str, key: str, verify: Callable[[], bool]) -> Account | None:
        """Rule A1: check a signature; where a password is wanted, too, the door is half open after it."""
        account = await find_account(self._grounds.database, username)
        refusal = judge_key(account, key, address=self.address)
        if refusal is None and not verify():
            refusal = Refusal.KEY
        if refusal is not None:
            self._fail(username, account, refusal)
            await self._wait()
            return None
        assert account is not None
        if account.login == "both":
            self._half_open_for = username
            return None
        return account

    async def _judge_key(self, username: str, key: str) -> Refusal | None:
        account = await find_account(self._grounds.database, username)
        return judge_key(account, key, address=self.address)

    def admitted(self, account: Account) -> None:
        """Rule A2: clear what this address failed for that name, and write the login down."""
        grounds, now = self._grounds, self._grounds.clock.now()
        grounds.guard.succeeded(self._group, account.username, now)
        org_id = account.organization.id if account.organization else None
        grounds.audit(
            AuditEntry(
                at=now,
                event=Event.LOGIN_SUCCEEDED,
                who=account.username,
                org_id=org_id,
                address=self.address,
                detail=self._client() or None,
            )
        )
        log.info(
            "login.succeeded",
            org=org_id,
            account=account.username,
            address=self.address,
            client=self._client(),
        )

    def turned_away(self, account: Account, reason: str) -> None:
        """Write down that a limit kept out somebody who proved who they are; it is no failure."""
        self._write_refusal(account.username, account, reason)

    def left(self, *, admitted: bool) -> None:
        """Rule A2: a connection that only offered keys, and none that is known, has failed once."""
        if not admitted and self._key_offers and not self._failures and self._name is not None:
            self._count(self._name, is_account=False)
            self._write_refusal(self._name, None, Refusal.UNKNOWN_KEY.value)

    def _fail(self, username: str, account: Account | None, refusal: Refusal) -> None:
        self._failures += 1
        self._count(username, is_account=account is not None)
        self._write_refusal(username, account, refusal.value)

    def _count(self, username: str, *, is_account: bool) -> None:
        now = self._grounds.clock.now()
        delay_s = self._grounds.guard.failed(self._group, username, now, is_account=is_account)
        self._not_before = self._grounds.monotonic() + delay_s

    async def _wait(self) -> None:
        """Rule A2: repeated failures slow down; a try that comes early waits, too."""
        left_s = self._not_before - self._grounds.monotonic()
        if left_s > 0:
            await asyncio.sleep(left_s)

    def _write_refusal(self, username: str, account: Account | None, reason: str) -> None:
        # People type passwords and e-mail addresses as user names: those are not written down.
        known = account is not None or ACCOUNT_LIKE.fullmatch(username) is not None
        log.warning(
            "login.refused",
            account=username if known else None,
            address=self.address,
            client=self._client(),
            reason=reason,
        )
        self._audit_refusal(username if known else NOBODY_KNOWN, account, reason)

    def _audit_refusal(self, who: str, account: Account | None, reason: str) -> None:
        organization = account.organization if account else None
        self._grounds.audit(
            AuditEntry(
                at=self._grounds.clock.now(),
                event=Event.LOGIN_REFUSED,
                who=who,
                org_id=organization.id if organization else None,
                address=self.address,
                outcome=REFUSED,
                detail=reason,
            )
        )
