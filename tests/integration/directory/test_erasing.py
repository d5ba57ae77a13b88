"""Whoever is erased is in no export and in no waiting mail, whatever comes between or was under way (rule R3)."""

import asyncio
from pathlib import Path
from typing import BinaryIO

import pytest

from core.organizations_store import organization_by_id
from processor.erasing import Erasure, erase_person
from processor.exporting import Exporter, What
from processor.filing.export_folder import folder_turn
from tests.integration.directory.house import House, Org, open_house
from tests.integration.mail.writing import eventually

TWO = "User Email\nann@x.example\nbob@x.example\n"


async def erased(house: House, org: Org, email: str) -> Erasure:
    return await erase_person(
        database=house.database,
        clock=house.clock,
        keys_dir=house.settings.keys_dir,
        root=house.inbox.folders(org.id).root,
        org_id=org.id,
        email=email,
        who="test",
    )


async def is_gone(org: Org, email: str) -> bool:
    return email not in await org.users()


async def exporter_of(org: Org) -> Exporter:
    async with org.database.reading() as connection:
        organization = await organization_by_id(connection, org.id)
    return Exporter(database=org.database, organization=organization, what=What.USERS)


async def test_r03_an_erasure_that_was_killed_before_the_exports_is_ended_by_the_same_command(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        await org.drop("users.csv", TWO.encode())
        folder = org.inbox.folders(org.id).export
        await (await exporter_of(org)).into_folder(folder)
        before = (folder / "users.csv").read_bytes()
        first = await erased(house, org, "ann@x.example")
        (folder / "users.csv").write_bytes(before)
        second = await erased(house, org, " Ann@x.example")
        assert b"ann@x.example" not in (folder / "users.csv").read_bytes()
        assert (first.number is None, second.number) == (False, None)
        assert second.files == first.files != []
        assert len(await org.rows("SELECT 1 FROM audit WHERE event = 'person.erased'")) == 1


async def test_r03_an_export_that_began_before_an_erasure_does_not_bring_the_person_back(
    tmp_path: Path,
) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        await org.drop("users.csv", TWO.encode())

        class Overtaken(Exporter):
            """Somebody is erased when the rows are written and the file has not its name yet."""

            async def into(self, target: BinaryIO) -> int:
                count = await super().into(target)
                if "ann@x.example" in await org.users():
                    await erased(house, org, "ann@x.example")
                return count

        plain = await exporter_of(org)
        folder = org.inbox.folders(org.id).export
        exporter = Overtaken(database=org.database, organization=plain.organization, what=What.USERS)
        assert await exporter.into_folder(folder) == 2, "bob and the owner"
        assert b"ann@x.example" not in (folder / "users.csv").read_bytes()
        assert [path.name for path in folder.iterdir()] == ["users.csv"]


async def test_r03_whoever_erases_finds_a_file_that_was_about_to_get_its_name(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org()
        await org.drop("users.csv", TWO.encode())
        folder = org.inbox.folders(org.id).export
        with folder_turn(folder):
            erasing = asyncio.create_task(erased(house, org, "ann@x.example"))
            await eventually(lambda: is_gone(org, "ann@x.example"))
            await asyncio.sleep(0.3)
            (folder / "users.csv").write_bytes(TWO.encode())
        await erasing
        assert b"ann@x.example" not in (folder / "users.csv").read_bytes()


@pytest.mark.parametrize(
    ("recipient", "email"),
    [
        ("JÖRG@example.com", "jörg@example.com"),
        ("ann@BÜCHER.example", "ann@bücher.example"),
        ("ann@xn--bcher-kva.example", "ann@bücher.example"),
        ("ANN@x.example", "ann@x.example"),
    ],
)
async def test_r03_mails_to_the_person_go_however_the_address_is_spelt(
    tmp_path: Path, recipient: str, email: str
) -> None:
    async with open_house(tmp_path) as house:
        org = await house.org(mail="every", recipients=("bob@x.example",))
        await org.drop("users.csv", f"User Email\n{email}\nbob@x.example\n".encode())
        await org.sql("UPDATE outbox SET recipient = :recipient", recipient=recipient)
        await org.drop("users.csv", b"User Email\ncy@x.example\n")
        assert len(await org.rows("SELECT recipient FROM outbox")) == 2
        await erased(house, org, email)
        assert await org.rows("SELECT recipient FROM outbox") == [("bob@x.example",)]
