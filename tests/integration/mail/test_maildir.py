import os
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from processor.mail.maildir import MaildirTransport
from processor.mail.transport import Defer, Sent
from processor.mail.transports import transport_for
from tests.unit.mail.test_message import mail


async def test_n03_a_mail_becomes_a_file_in_the_maildir(tmp_path: Path) -> None:
    transport = transport_for(smtp_url=None, mail_from="r@v.example", data_dir=tmp_path)
    assert await transport.send(mail()) == Sent()
    (file,) = (tmp_path / "mail" / "new").iterdir()
    assert file.name.endswith(".eml")
    assert message_from_bytes(file.read_bytes(), policy=default)["Message-ID"] == "<abc@v.example>"
    assert file.stat().st_mode & 0o077 == 0
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []
    assert (tmp_path / "mail" / "cur").is_dir()


async def test_n03_sent_means_that_the_file_and_its_name_in_the_folder_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real = tmp_path.resolve(), os.fsync
    synced: list[tuple[str, list[str]]] = []

    def fsync(fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        synced.append((path.relative_to(folder).parts[0], [file.name for file in (folder / "new").iterdir()]))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    assert isinstance(await MaildirTransport(folder=folder, mail_from="r@v.example").send(mail()), Sent)
    (file,) = (folder / "new").iterdir()
    assert synced == [("tmp", []), ("new", [file.name])], (
        "first the bytes, then the folder with the name in it"
    )


async def test_n03_the_same_mail_twice_is_one_file(tmp_path: Path) -> None:
    transport = MaildirTransport(folder=tmp_path, mail_from="r@v.example")
    await transport.send(mail())
    await transport.send(mail())
    await transport.send(replace(mail(), id=5, message_id="<def@v.example>"))
    assert len(list((tmp_path / "new").iterdir())) == 2


async def test_n03_a_folder_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "mail").write_bytes(b"in the way")
    transport = MaildirTransport(folder=tmp_path / "mail", mail_from="r@v.example")
    verdict = await transport.send(mail())
    assert isinstance(verdict, Defer)
    assert verdict.unreachable
