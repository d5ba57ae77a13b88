"""SQL of what support sees in `held/` (rule A6): imports that wait or are held."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.schema import imports, organizations

UNFINISHED = ("waiting", "held")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImport:
    """One drop that is not applied yet."""

    number: int
    uid: str
    name: str

    @property
    def shown(self) -> bytes:
        """Its name in `held/`: with its number, which `imports approve` takes, so that names never collide."""
        return f"{self.number:06d}-{self.name}".encode()


async def held_imports(connection: AsyncConnection, org_id: str) -> list[HeldImport]:
    """Return an organization's imports that wait or are held, in their order."""
    query = (
        select(imports.c.number, imports.c.uid, imports.c.name)
        .join(organizations, organizations.c.no == imports.c.org_no)
        .where(organizations.c.id == org_id, imports.c.outcome.in_(UNFINISHED))
        .order_by(imports.c.number)
    )
    rows = await connection.execute(query)
    return [HeldImport(number=row.number, uid=row.uid, name=row.name) for row in rows]
