"""Ends the sessions of accounts that may log in no more (rules A6, K); the command line changes only the database."""

import asyncio
from collections.abc import Collection, Sequence

import structlog

from core.accounts import Account, may_stay
from core.accounts_store import account_by_username
from core.database import Database
from core.organizations_store import open_organizations
from server.visitor import Visitor

log = structlog.get_logger()

LOOK_S = 1.0
ORGANIZATION_CLOSED = "Your organization was disabled or removed (K)"
SUPPORT_CHANGED = "This support account was removed, or its password or keys were changed (A6)"


class SessionKeeper:
    """Looks after everybody who is logged in."""

    def __init__(self, *, database: Database, visitors: Collection[Visitor]) -> None:
        self._database = database
        self._visitors = visitors

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except Exception as exc:  # noqa: BLE001  # trouble with the database passes; until then nobody is sent away
                log.warning("sessions.troubled", reason=type(exc).__name__)

    async def look(self) -> None:
        """Send away who may not stay."""
        accounts = {visitor: visitor.account for visitor in self._visitors if visitor.account is not None}
        if not accounts:
            return
        stays = await self._judged(list(accounts.values()))
        for (visitor, account), may in zip(accounts.items(), stays, strict=True):
            if not may:
                reason = SUPPORT_CHANGED if account.organization is None else ORGANIZATION_CLOSED
                log.info("session.closed", account=account.username, address=visitor.address, reason=reason)
                visitor.send_away(reason)

    async def _judged(self, accounts: Sequence[Account]) -> list[bool]:
        """Judge each session by what it logged in with: an old one condemns no new one of its name."""
        numbers = {account.organization.no for account in accounts if account.organization is not None}
        async with self._database.reading() as connection:
            open_numbers = await open_organizations(connection, numbers) if numbers else set()
            support = {
                account.username: await account_by_username(connection, account.username)
                for account in accounts
                if account.organization is None
            }
        return [
            may_stay(account, support[account.username])
            if account.organization is None
            else account.organization.no in open_numbers
            for account in accounts
        ]
