"""SQL of what the operator was told of (rules U9, N3); nothing else names the table alarms."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.mail_schema import alarms


async def told_at(connection: AsyncConnection, name: str) -> datetime | None:
    """Return when the operator was told of something that is not over yet, None if he was not."""
    at = (await connection.execute(select(alarms.c.at).where(alarms.c.name == name))).scalar()
    return None if at is None else from_text(at)


async def note_told(connection: AsyncConnection, name: str, *, now: datetime) -> None:
    """Keep that the operator is told, by a mail of this transaction."""
    await forget(connection, name)
    await connection.execute(insert(alarms).values(name=name, at=to_text(now)))


async def forget(connection: AsyncConnection, name: str) -> None:
    """It is over: the next time is told of again."""
    await connection.execute(delete(alarms).where(alarms.c.name == name))
