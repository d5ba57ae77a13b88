from dataclasses import replace

import pytest
from sqlalchemy import insert

from core.database import Database
from core.schema import users
from processor.mail.acceptance import ActiveRecipients
from tests.unit.mail.test_message import mail

OPERATOR = "Ops@vendor.example"


@pytest.fixture
async def acceptable(database: Database) -> ActiveRecipients:
    """Otto is deactivated, the owner is active, the operator is nobody's user."""
    otto = {"id": (1 << 32) + 2, "email": "Otto@x.example", "email_key": "otto@x.example", "name": "Otto"}
    async with database.writing() as connection:
        values = {
            **otto,
            "org_no": 1,
            "account_type": "Regular",
            "deactivated_at": "2026-11-20T00:00:00.000+00:00",
        }
        await connection.execute(insert(users).values(**values))
    return ActiveRecipients(database=database, operator=OPERATOR)


@pytest.mark.parametrize(
    ("recipient", "import_number", "goes"),
    [
        ("OWNER@x.example", 1, True),
        ("owner@x.example", None, True),
        ("otto@x.example", 1, False),
        ("nobody@x.example", 1, False),
        ("nobody@x.example", None, False),
        ("ops@vendor.example", 1, True),
    ],
)
async def test_n02_only_active_users_and_the_operator_get_mail(
    acceptable: ActiveRecipients, recipient: str, import_number: int | None, goes: bool
) -> None:
    assert await acceptable(mail(recipient, import_number=import_number)) is goes


async def test_n02_a_mail_of_no_organization_goes(acceptable: ActiveRecipients) -> None:
    assert await acceptable(replace(mail("nobody@x.example"), org_no=None))


@pytest.mark.parametrize("number", [2, None], ids=["import", "summary or digest"])
@pytest.mark.parametrize(("recipient", "goes"), [("nobody@x.example", True), ("otto@x.example", False)])
async def test_h08_n02_after_a_check_users_whom_the_file_would_make_count(
    acceptable: ActiveRecipients, recipient: str, number: int | None, goes: bool
) -> None:
    assert await acceptable(replace(mail(recipient, import_number=number), would_be=True)) is goes
