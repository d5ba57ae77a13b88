"""Files that cannot be read go to error/, with a report that names the place, the reason and what to do (F2, R1)."""

import csv
import html
import re
from pathlib import Path

import pytest

from tests.acceptance.daemon import Daemon, Organization
from tests.acceptance.openssh import client
from tests.acceptance.rosters import HEADER, row

BROKEN = {
    "empty": (b"", "empty-file", None),
    "blank": (b"\n\n  \n", "empty-file", None),
    "binary": (b"MZ\x90\x00\x03\x00\x00\x00" * 100, "nul-byte", 1),
    "archive": (b"PK\x03\x04" + b"\x14\x00\x00\x00\x08\x00" * 50, "is-archive", None),
    "latin": (f"{HEADER}\n{row(1, last='José')}\n".encode("iso-8859-1"), "not-utf8", 2),
    "headerless": (f"{row(1)}\n{row(2)}\n".encode(), "no-header", None),
    "header_only": (f"{HEADER}\n".encode(), "no-rows", None),
    "other_labels": (b"E-mail,Name\nann@people.example,Ann\n", "no-key", None),
    "label_twice": (f"{HEADER},Teams\n{row(1)},x\n".encode(), "label-twice", None),
    "open_quote": (f'{HEADER}\n{row(1)}\nann@people.example,"Ann\n{row(2)}\n'.encode(), "quote-open", 3),
    "cut": (f"{HEADER}\n{row(1)}\n{row(2)[:20]}".encode(), "looks-cut-off", 3),
}


@pytest.fixture(scope="module")
def refused(daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Organization:
    """An organization that sent all of them in one session."""
    folder = tmp_path_factory.mktemp("broken")
    organization = daemon.add("Mavericks")
    for kind, (content, _code, _line) in BROKEN.items():
        (folder / f"{kind}.csv").write_bytes(content)
    done = client(daemon, organization).sftp(*(f"put {folder}/{kind}.csv /local/" for kind in BROKEN))
    assert done.returncode == 0, done.stderr
    daemon.finished(organization, len(BROKEN))
    return organization


@pytest.mark.parametrize("kind", BROKEN)
def test_f02_r01_a_file_that_cannot_be_read_is_refused_with_place_reason_and_advice(
    kind: str, daemon: Daemon, refused: Organization
) -> None:
    content, code, line = BROKEN[kind]
    (finished,) = daemon.events("import.finished", org=refused.id, name=f"{kind}.csv")
    assert finished["outcome"] == "refused"
    problem = daemon.json("imports", "show", finished["number"])["problems"][0]
    assert (problem["code"], problem["line"]) == (code, line)
    assert problem["advice"]
    report = shown(refused.only("error", f"-{kind}.csv.report.html"))
    for sentence in (problem["text"], problem["advice"]):
        assert without_marks(sentence) in report
    with refused.only("error", f"-{kind}.csv.problems.csv").open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.DictReader(file))
    assert first["Line"] == ("" if line is None else str(line))
    assert (first["Problem"], first["What to do"]) == (problem["text"], problem["advice"])
    assert refused.only("error", f"-{kind}.csv").read_bytes() == content


def test_f02_nothing_of_a_refused_file_is_applied(daemon: Daemon, refused: Organization) -> None:
    assert len(daemon.users(refused)) == 1, "the owner"
    assert not refused.files("archive")


def shown(report: Path) -> str:
    """The text of a report as a browser shows it, without the marks around labels."""
    text = html.unescape(re.sub(r"<[^>]*>", "", report.read_text("utf-8")))
    return without_marks(text)


def without_marks(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("`", ""))


def test_f02_a_refused_file_holds_up_no_later_one(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "users.csv").write_text(f"{HEADER}\n{row(1)}\n", "utf-8")
    customer = client(daemon, organization)
    customer.put(tmp_path / "empty.csv")
    customer.put(tmp_path / "users.csv")
    assert [one["outcome"] for one in daemon.finished(organization, 2)] == ["refused", "imported"]


def test_u05_f01_a_name_that_no_import_can_use_waits_to_be_renamed_and_is_refused_at_the_end(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    path = tmp_path / "roster.dat"
    path.write_text(f"{HEADER}\n{row(1)}\n", "utf-8")
    customer.put(path)
    assert "roster.dat" in customer.listing()
    assert customer.sftp("rename /local/roster.dat /local/roster.CSV").returncode == 0
    (finished,) = daemon.finished(organization)
    assert (finished["name"], finished["outcome"]) == ("roster.CSV", "imported")
