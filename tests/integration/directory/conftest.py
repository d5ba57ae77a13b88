"""An open house and an organization in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.directory.house import House, Org, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def org(house: House) -> Org:
    return await house.org()
