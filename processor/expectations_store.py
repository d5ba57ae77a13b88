"""SQL of the expectations table (rule N4), and when an organization's last file was accepted."""

from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.mail_schema import expectations
from core.organizations import Organization
from core.schema import imports
from processor.expectations import Expectation, expected_times, setting_of


async def note_setting(connection: AsyncConnection, organization: Organization, *, now: datetime) -> None:
    """Rule N4: begin to expect files from now on, go on, or stop, as the organization's settings say now."""
    ours = expectations.c.org_no == organization.no
    wanted = setting_of(organization.settings)
    row = (await connection.execute(select(expectations.c.expected).where(ours))).first()
    if wanted is None:
        await connection.execute(delete(expectations).where(ours))
    elif row is None:
        values = {"org_no": organization.no, "expected": wanted, "since": to_text(now)}
        await connection.execute(insert(expectations).values(**values))
    elif row.expected != wanted:
        changed = {"expected": wanted, "since": to_text(now), "late_at": None}
        await connection.execute(update(expectations).where(ours).values(**changed))


async def forget(connection: AsyncConnection, org_no: int) -> None:
    """Expect nothing until the next `note_setting`."""
    await connection.execute(delete(expectations).where(expectations.c.org_no == org_no))


async def noted_settings(connection: AsyncConnection) -> dict[int, str]:
    """Return what is noted of each organization by its number."""
    rows = await connection.execute(select(expectations.c.org_no, expectations.c.expected))
    return {row.org_no: row.expected for row in rows}


async def expectation_of(connection: AsyncConnection, organization: Organization) -> Expectation | None:
    """Return what an organization expects, None where nothing is noted."""
    times = expected_times(organization.settings)
    query = select(expectations).where(expectations.c.org_no == organization.no)
    row = (await connection.execute(query)).first()
    if row is None or times is None:
        return None
    return Expectation(
        times=times, since=from_text(row.since), missed=_time(row.missed_at), late=_time(row.late_at)
    )


async def note_missed(connection: AsyncConnection, org_no: int, *, by: datetime) -> None:
    """Keep the time that people were told of."""
    ours = expectations.c.org_no == org_no
    await connection.execute(update(expectations).where(ours).values(missed_at=to_text(by)))


async def note_late(connection: AsyncConnection, org_no: int, *, at: datetime) -> None:
    """Keep when a file came that was late, so that nothing is missed any more."""
    ours = expectations.c.org_no == org_no
    await connection.execute(update(expectations).where(ours).values(missed_at=None, late_at=to_text(at)))


async def last_accepted(
    connection: AsyncConnection, org_no: int, *, until: datetime | None = None
) -> tuple[datetime, str] | None:
    """Return when the last file that has an import was accepted, and its name; `until` then at the latest."""
    query = (
        select(imports.c.accepted_at, imports.c.name)
        .where(imports.c.org_no == org_no)
        .order_by(imports.c.seq.desc())
        .limit(1)
    )
    if until is not None:
        query = query.where(imports.c.accepted_at <= to_text(until))
    row = (await connection.execute(query)).first()
    return None if row is None else (from_text(row.accepted_at), row.name)


def _time(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)
