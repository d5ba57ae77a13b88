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
        await connection.execute(update(expectations).where(ours).values(expected=wanted, since=to_text(now)))


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
    missed = None if row.missed_at is None else from_text(row.missed_at)
    return Expectation(times=times, since=from_text(row.since), missed=missed)


async def note_missed(connection: AsyncConnection, org_no: int, *, by: datetime | None) -> None:
    """Keep the time that people were told of; None when a file came after all."""
    missed = None if by is None else to_text(by)
    await connection.execute(
        update(expectations).where(expectations.c.org_no == org_no).values(missed_at=missed)
    )


async def last_accepted(connection: AsyncConnection, org_no: int) -> tuple[datetime, str] | None:
    """Return when the last file that has an import was accepted, and its name."""
    query = (
        select(imports.c.accepted_at, imports.c.name)
        .where(imports.c.org_no == org_no)
        .order_by(imports.c.seq.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else (from_text(row.accepted_at), row.name)
