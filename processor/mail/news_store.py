"""SQL of the news table (rules N1, N4): what a later mail tells; nothing else names that table."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.mail_schema import news
from core.schema import organizations

WOULD_BE = "would_be"


class NewsKind(StrEnum):
    """What happened."""

    IMPORT = "import"  # an import got its outcome, or began to wait
    UPLOAD = "upload"  # an upload broke off (U3)
    DEACTIVATED = "deactivated"  # planned deactivations were carried out (P8)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsItem:
    """One thing to tell."""

    id: int
    at: datetime
    kind: NewsKind
    import_number: int | None
    people: int
    detail: dict[str, Any]


async def add_import(
    connection: AsyncConnection, *, org_no: int, number: int, would_be: Collection[str], now: datetime
) -> None:
    """Rule N4: keep an import for the digest; `would_be`: the address keys of users a checked file would make (H8)."""
    detail = {WOULD_BE: sorted(would_be)} if would_be else None
    await _add(connection, org_no, NewsKind.IMPORT, now, import_number=number, detail=detail)


async def add_upload(
    connection: AsyncConnection, *, org_no: int, detail: dict[str, Any], now: datetime
) -> None:
    """Rules U3, N4: keep a broken upload for the digest, once."""
    query = select(news.c.detail).where(news.c.org_no == org_no, news.c.kind == NewsKind.UPLOAD)
    if detail in (await connection.execute(query)).scalars():
        return
    await _add(connection, org_no, NewsKind.UPLOAD, now, detail=detail)


async def add_deactivated(connection: AsyncConnection, *, org_no: int, count: int, now: datetime) -> None:
    """Rule P8: keep how many users were deactivated, for the next mail or digest."""
    await _add(connection, org_no, NewsKind.DEACTIVATED, now, people=count)


async def take_deactivated(connection: AsyncConnection, org_no: int) -> int:
    """Return how many users were deactivated that no mail told of yet; from now on this transaction's mail does."""
    ours = (news.c.org_no == org_no) & (news.c.kind == NewsKind.DEACTIVATED)
    count = (await connection.execute(select(func.sum(news.c.people)).where(ours))).scalar()
    if count:
        await connection.execute(delete(news).where(ours))
    return int(count or 0)


async def organizations_with_news(connection: AsyncConnection) -> dict[str, dict[NewsKind, datetime]]:
    """Return the organizations that news wait for, with the time of the oldest of each kind."""
    query = (
        select(organizations.c.id, news.c.kind, func.min(news.c.at))
        .join(organizations, organizations.c.no == news.c.org_no)
        .where(organizations.c.removed_at.is_(None))
        .group_by(organizations.c.id, news.c.kind)
    )
    found: dict[str, dict[NewsKind, datetime]] = {}
    for org_id, kind, at in await connection.execute(query):
        found.setdefault(org_id, {})[NewsKind(kind)] = from_text(at)
    return found


async def news_of(connection: AsyncConnection, org_no: int, *, limit: int) -> list[NewsItem]:
    """Return the news of an organization, the oldest first."""
    query = select(news).where(news.c.org_no == org_no).order_by(news.c.id).limit(limit)
    return [
        NewsItem(
            id=row.id,
            at=from_text(row.at),
            kind=NewsKind(row.kind),
            import_number=row.import_number,
            people=row.people,
            detail=row.detail or {},
        )
        for row in await connection.execute(query)
    ]


async def remove(connection: AsyncConnection, org_no: int, *, up_to: int) -> None:
    """Remove the news of an organization up to that one: this transaction's mail tells of them."""
    await connection.execute(delete(news).where(news.c.org_no == org_no, news.c.id <= up_to))


async def _add(
    connection: AsyncConnection, org_no: int, kind: NewsKind, now: datetime, **values: Any
) -> None:
    await connection.execute(insert(news).values(org_no=org_no, at=to_text(now), kind=str(kind), **values))
