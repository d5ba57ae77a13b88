"""The setting `export = daily` (E1)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import connect

import pytest
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from core.clock import to_text
from core.organizations import Organization
from processor import daily_exports
from processor.daily_exports import DailyExports, Exported
from tests.integration.directory.house import OWNER, House, Org
from tests.integration.timed.conftest import told

READY = "Mavericks: today's export is ready"


def exports(house: House, monotonic: Callable[[], float] = time.monotonic) -> DailyExports:
    return DailyExports(
        monotonic=monotonic,
        database=house.database,
        clock=house.clock,
        settings=house.settings,
        folder_of=lambda org_id: house.inbox.folders(org_id).export,
    )


def folder(house: House, org: Org) -> Path:
    return house.inbox.folders(org.id).export


async def drop(org: Org, name: str) -> None:
    await org.drop("users.csv", f"User Email,Teams\n{name}@x.example,Ops\n".encode())


async def ready_mails(house: House) -> list[str]:
    return [recipient for recipient, subject in await told(house) if subject == READY]


async def test_e01_a_minute_after_the_last_import_both_files_are_renewed_and_told_once_a_day(
    house: House,
) -> None:
    org = await house.org(export="daily")
    await drop(org, "ann")
    house.clock.move(seconds=59)
    await exports(house).look()
    assert not list(folder(house, org).iterdir())
    house.clock.move(seconds=1)
    for _ in range(2):
        await exports(house).look()
    assert {path.name for path in folder(house, org).iterdir()} == {"users.csv", "teams.csv"}
    assert b"ann@x.example" in (folder(house, org) / "users.csv").read_bytes()
    assert await ready_mails(house) == [OWNER]
    await drop(org, "bob")
    house.clock.move(minutes=2)
    await exports(house).look()
    assert b"bob@x.example" in (folder(house, org) / "users.csv").read_bytes()
    assert await ready_mails(house) == [OWNER], "one mail a day"
    house.clock.move(days=1)
    await exports(house).look()
    assert await ready_mails(house) == [OWNER], "nothing changed"
    await drop(org, "cy")
    house.clock.move(minutes=2)
    await exports(house).look()
    assert await ready_mails(house) == [OWNER] * 2


async def test_e01_r03_a_file_whose_retention_is_over_is_made_again_without_a_mail(house: House) -> None:
    org = await house.org(export="daily")
    house.clock.move(minutes=2)
    await exports(house).look()
    (folder(house, org) / "users.csv").unlink()
    await exports(house).look()
    assert (folder(house, org) / "users.csv").exists()
    assert await ready_mails(house) == [OWNER]


async def test_e01_at_the_end_of_the_day_the_files_are_renewed_although_imports_go_on(house: House) -> None:
    org = await house.org(export="daily", time_zone="Europe/Berlin")
    await drop(org, "ann")
    house.clock.move(minutes=2)
    await exports(house).look()
    before = (folder(house, org) / "users.csv").read_bytes()
    house.clock.at = datetime(2026, 11, 23, 22, 59, 40, tzinfo=UTC)
    await drop(org, "bob")
    await exports(house).look()
    assert (folder(house, org) / "users.csv").read_bytes() == before
    house.clock.at = datetime(2026, 11, 23, 23, 0, 10, tzinfo=UTC)  # midnight in Berlin is over
    await drop(org, "cy")
    await exports(house).look()
    assert b"bob@x.example" in (folder(house, org) / "users.csv").read_bytes()


async def test_e01_the_first_export_comes_at_the_end_of_the_day_too_although_imports_go_on(
    house: House,
) -> None:
    org = await house.org(export="daily", time_zone="Europe/Berlin")
    house.clock.at = datetime(2026, 11, 23, 22, 59, 40, tzinfo=UTC)
    await drop(org, "ann")
    await exports(house).look()
    assert not list(folder(house, org).iterdir())
    house.clock.at = datetime(2026, 11, 23, 23, 0, 10, tzinfo=UTC)  # midnight in Berlin is over
    await drop(org, "bob")
    await exports(house).look()
    assert b"ann@x.example" in (folder(house, org) / "users.csv").read_bytes()
    await drop(org, "cy")
    await exports(house).look()
    assert b"cy@x.example" not in (folder(house, org) / "users.csv").read_bytes(), "once, while imports go on"


async def test_k_e01_an_organization_that_is_disabled_while_its_export_is_written_is_not_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = await house.org(export="daily")
    await drop(org, "ann")
    house.clock.move(minutes=2)
    real = daily_exports.export_into

    async def disabled_meanwhile(database: Path, organization: Organization, folder: Path) -> Exported:
        done = await real(database, organization, folder)
        with connect(database) as connection:
            connection.execute("UPDATE organizations SET disabled_at = '2026-11-23'")
        connection.close()
        return done

    with monkeypatch.context() as patched:
        patched.setattr(daily_exports, "export_into", disabled_meanwhile)
        await exports(house).look()
    assert (folder(house, org) / "users.csv").exists()
    assert (await ready_mails(house), await org.rows("SELECT * FROM daily_exports")) == ([], [])
    await org.sql("UPDATE organizations SET disabled_at = NULL WHERE no = :org")
    await exports(house).look()
    assert await ready_mails(house) == [OWNER]


async def test_e01_what_was_renewed_before_a_crash_is_told_of_after_it(house: House) -> None:
    org = await house.org(export="daily")
    await drop(org, "ann")
    house.clock.move(minutes=2)
    work = exports(house)
    await org.sql("CREATE TRIGGER crash BEFORE INSERT ON daily_exports BEGIN SELECT RAISE(ABORT, 'x'); END")
    with pytest.raises(IntegrityError):  # the crash between the files and what is noted of them
        await work.look()
    assert (folder(house, org) / "users.csv").exists()
    assert await ready_mails(house) == []
    await org.sql("DROP TRIGGER crash")
    await work.look()
    assert await ready_mails(house) == [OWNER]


async def test_e01_every_active_administrator_is_told_and_nobody_without_the_setting(house: House) -> None:
    org = await house.org(export="daily")
    other = await house.org()
    data = b"User Email,Is Org Admin\nann@x.example,Yes\nbob@x.example,No\ncy@x.example,Yes\n"
    for one in (org, other):
        await one.drop("users.csv", data)
    await org.sql(
        "UPDATE users SET deactivated_at = :at WHERE email = 'cy@x.example'", at=to_text(house.clock.now())
    )
    house.clock.move(minutes=2)
    await exports(house).look()
    assert await ready_mails(house) == [OWNER, "ann@x.example"]
    assert not list(folder(house, other).iterdir())


async def test_e01_a_folder_that_cannot_be_written_holds_up_no_other(house: House) -> None:
    broken, well = await house.org(export="daily"), await house.org(export="daily")
    folder(house, broken).rmdir()
    folder(house, broken).symlink_to("/nowhere")
    for one in (broken, well):
        await drop(one, "ann")
    house.clock.move(minutes=2)
    await exports(house).look()
    assert (folder(house, well) / "users.csv").exists()
    assert await ready_mails(house) == [OWNER]


async def test_e01_a_folder_that_cannot_be_written_is_tried_after_pauses_that_double_to_5_minutes(
    house: House,
) -> None:
    org = await house.org(export="daily")
    path = folder(house, org)
    path.rmdir()
    path.symlink_to("/nowhere")
    await drop(org, "ann")
    house.clock.move(minutes=2)
    now_s, tried_at = 0, []
    work = exports(house, lambda: float(now_s))
    for now_s in range(0, 1_400, 5):
        with capture_logs() as lines:
            await work.look()
        if [line for line in lines if line["event"] == "export.deferred"]:
            tried_at.append(now_s)
    assert tried_at == [0, 5, 15, 35, 75, 155, 315, 615, 915, 1215]
    path.unlink()
    path.mkdir()
    now_s = 1_510
    await work.look()
    assert not list(path.iterdir())
    now_s = 1_515
    await work.look()
    assert await ready_mails(house) == [OWNER]
