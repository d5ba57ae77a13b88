"""A house with an operator, and what lies in its outbox."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from processor.mail import outbox_store
from processor.mail.mails import OutboxMail
from tests.integration.directory.house import House, open_house

OPERATOR = "ops@vendor.example"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, operator_email=OPERATOR) as opened:
        yield opened


async def mails(house: House) -> list[OutboxMail]:
    """All mails, oldest first, with bodies."""
    async with house.database.reading() as connection:
        found = await outbox_store.list_mails(connection)
        return [await outbox_store.mail_of(connection, mail.id) for mail in found[::-1]]


async def told(house: House) -> list[tuple[str, str]]:
    """Recipient and subject of each mail, oldest first."""
    return [(mail.recipient, mail.content.subject) for mail in await mails(house)]
