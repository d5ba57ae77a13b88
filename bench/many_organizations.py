"""Makes thousands of organizations fast: `python -m bench.many_organizations DATA_FOLDER COUNT`.

By the product's own code, but in one transaction, and with one password for all: `rosterdrop org add` would take hours.
"""

import asyncio
import sys
from pathlib import Path

from core.clock import SystemClock, to_text
from core.database import open_database
from core.inbox import Inbox
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations import username_of
from core.organizations_store import add_organization
from core.passwords import hash_password
from core.settings import load_settings
from processor.expectations_store import note_setting

PASSWORD = "password"


def org_id(number: int) -> str:
    """Return the id of one of them, from 0."""
    return f"{number:05}"


def username(number: int) -> str:
    """Return the name that it logs in with."""
    return username_of("Many", org_id(number))


async def make(data_dir: Path, count: int) -> None:
    """Make them in a data folder that no daemon works on."""
    settings, clock = load_settings(data_dir=data_dir), SystemClock()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    prepare_database(settings.database_path)
    inbox, hashed, now = Inbox(data_dir=data_dir, clock=clock), hash_password(PASSWORD), clock.now()
    for number in range(count):
        inbox.prepare(org_id(number))
    async with open_database(settings.database_path) as database, database.writing() as connection:
        for number in range(count):
            organization = await add_organization(
                connection,
                org_id=org_id(number),
                name="Many",
                username=username(number),
                password_hash=hashed,
                settings=OrganizationSettings(owner=f"owner@many-{number}.example"),
                now=to_text(now),
            )
            await note_setting(connection, organization, now=now)


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]), int(sys.argv[2])))
