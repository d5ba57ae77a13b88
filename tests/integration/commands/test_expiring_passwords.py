"""The operator hears of an old password before it ends (rule A1)."""

from datetime import timedelta
from pathlib import Path

from commands.expiring_passwords import ExpiringPasswords
from core.clock import to_text
from core.settings import Settings
from tests.integration.directory.house import open_house

OPERATOR = "ops@vendor.example"


async def test_a01_the_operator_hears_once_that_an_old_password_ends(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        settings = Settings(data_dir=tmp_path / "data", keys_dir=tmp_path / "keys", operator_email=OPERATOR)
        until = to_text(org.clock.at + timedelta(hours=24))
        await org.sql("UPDATE organizations SET old_password_until = :until WHERE no = :org", until=until)
        passwords = ExpiringPasswords(database=org.database, clock=org.clock, settings=settings)
        await passwords.look()
        assert await org.rows("SELECT recipient FROM outbox") == []
        org.clock.move(hours=21)
        for _ in range(2):
            await passwords.look()
        told = await org.rows("SELECT recipient, subject FROM outbox")
        assert [row[0] for row in told] == [OPERATOR]
        assert "old password ends soon" in told[0][1]
