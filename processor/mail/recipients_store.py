"""SQL that asks how a recipient stands in his organization's directory (rule N2); it only reads."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.schema import users


async def is_active(connection: AsyncConnection, *, org_no: int, key: str) -> bool | None:
    """Return whether the user with that address is active, None if there is none."""
    query = select(users.c.deactivated_at).where(users.c.org_no == org_no, users.c.email_key == key)
    row = (await connection.execute(query)).first()
    return None if row is None else row.deactivated_at is None
