"""A file's way from the upload to archive, directory and mail."""

import csv
import html
from email import policy
from email.parser import BytesParser
from pathlib import Path

from tests.acceptance.daemon import Daemon, eventually
from tests.acceptance.openssh import client
from tests.acceptance.rosters import HEADER, address, people, roster, row

ROOT = Path(__file__).resolve().parents[2]


def test_u02_r01_an_uploaded_file_changes_the_directory_and_lies_in_archive(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    client(daemon, organization).put(people(tmp_path / "users.csv", 20))
    (finished,) = daemon.finished(organization)
    assert finished["outcome"] == "imported"
    assert finished["users_created"] == 20
    (record,) = daemon.imports(organization)
    name = Path(record["archived_as"]).name
    assert organization.files("archive") == [name, f"{name}.report.html"]
    assert name.endswith(f"-{record['number']:06}-users.csv")
    assert (organization.folder / "archive" / name).read_bytes() == (tmp_path / "users.csv").read_bytes()
    assert not organization.files("error")
    users = daemon.users(organization)
    assert users[address(7)]["name"] == "Pat Number 7"
    assert users[address(7)]["teams"] == ["Team 0"]
    assert users[address(7)]["custom"] == {"Employee ID": "000007"}


def test_n01_n03_without_a_mail_server_the_mail_lies_in_a_maildir(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    client(daemon, organization).put(roster(tmp_path / "users.csv", row(1), f"{row(2)},Zanzibar"))
    (finished,) = daemon.finished(organization)
    owner = f"owner@{organization.id}.example"
    (mail,) = eventually(
        lambda: [
            message
            for path in daemon.data.glob("mail/new/*")
            if (message := BytesParser(policy=policy.default).parsebytes(path.read_bytes()))["To"] == owner
        ],
        what="a mail in the Maildir",
    )
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "line 3" in text.lower()
    assert "Zanzibar" not in text, "a mail holds no cell values"
    sent = daemon.json("mail", "list", "--org", organization.id)
    assert [(one["to"], one["state"], one["import"]) for one in sent] == [(owner, "sent", finished["number"])]
    assert sent[0]["message_id"] == mail["Message-ID"]


def test_p11_r01_a_bad_row_is_refused_alone_and_comes_back_ready_to_be_corrected(
    daemon: Daemon, tmp_path: Path
) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    bad = "jordan.blake(at)people.example,Jordan,Blake,,,000131"
    customer.put(roster(tmp_path / "users.csv", row(1), bad, row(3)))
    (finished,) = daemon.finished(organization)
    assert (finished["outcome"], finished["rows_refused"], finished["users_created"]) == ("partial", 1, 2)
    assert any(name.endswith("-users.csv") for name in organization.files("archive"))
    with organization.only("error", ".problems.csv").open(encoding="utf-8-sig", newline="") as file:
        (problem,) = csv.DictReader(file)
    assert (problem["Line"], problem["Column"]) == ("3", "User Email")
    assert problem["Problem"]
    assert problem["What to do"]
    assert problem["Problem"] in html.unescape(
        organization.only("archive", ".report.html").read_text("utf-8")
    )
    rejected = organization.only("error", ".rejected.csv")
    assert rejected.read_text("utf-8") == f"{HEADER}\n{bad}\n"

    corrected = tmp_path / "corrected.csv"
    corrected.write_text(rejected.read_text("utf-8").replace("(at)", "@"), "utf-8")
    customer.put(corrected)
    assert daemon.finished(organization, 2)[1]["outcome"] == "imported"
    assert "jordan.blake@people.example" in daemon.users(organization)


def test_g02_the_same_file_again_changes_nothing_and_says_so(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(people(tmp_path / "users.csv", 30))
    customer.put(people(tmp_path / "users.csv", 30))
    _, second = daemon.finished(organization, 2)
    assert second["outcome"] == "imported"
    assert (second["users_created"], second["users_updated"], second["users_unchanged"]) == (0, 0, 30)
    shown = daemon.json("imports", "show", second["number"])
    assert shown["changes"] == []


def test_t04_the_samples_of_the_documentation_import_in_any_order(daemon: Daemon) -> None:
    samples = ROOT / "docs" / "samples"
    seen = []
    for order in (("users.csv", "teams.csv"), ("teams.csv", "users.csv")):
        organization = daemon.add("Mavericks", owner="owner@mavericks.example")
        for name in order:
            client(daemon, organization).put(samples / name)
        daemon.finished(organization, 2)
        teams = daemon.json("teams", "list", "--org", organization.id)
        seen.append((daemon.users(organization), sorted(teams, key=lambda team: str(team["name"]))))
    assert seen[0] == seen[1]
    users, teams = seen[0]
    assert len(users) == 12, "eleven good rows and the owner"
    assert [team["name"] for team in teams if team["parent"] == "Front Office"] == [
        "Coaches",
        "Medical",
        "Ticketing",
    ]


def test_r02_support_reads_what_one_import_changed(daemon: Daemon, tmp_path: Path) -> None:
    organization = daemon.add("Mavericks")
    customer = client(daemon, organization)
    customer.put(roster(tmp_path / "users.csv", row(1), row(2)))
    customer.put(roster(tmp_path / "users.csv", row(1), row(2, last="Renamed")))
    _, second = daemon.finished(organization, 2)
    shown = daemon.json("imports", "show", second["number"])
    assert {change["field"] for change in shown["changes"]} == {"name", "last_name"}
    assert {
        "kind": "user",
        "key": address(2),
        "field": "last_name",
        "old": "Number 2",
        "new": "Renamed",
    } in shown["changes"]
    assert shown["uploaded_by"] == organization.username
    assert shown["size_bytes"] == (tmp_path / "users.csv").stat().st_size
    assert shown["accepted_at"] <= shown["started_at"] <= shown["finished_at"]
