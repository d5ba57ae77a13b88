"""`rosterdrop users export` and `teams export`: where the files go and who is told (rules E1, E2)."""

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from tests.integration.commands.conftest import OWNER, CommandLine

USERS = (
    "User Email,User Name,Teams,Is Org Admin,Badge",
    "bo@mavericks.example,=Bo,Sales,,007",
    "cy@mavericks.example,Cy,,Yes,",
)


def filled(cli: CommandLine, name: str = "Mavericks") -> str:
    org = cli.add(name)
    assert cli.process("import", cli.file("users.csv", *USERS), "--org", org).status == 0
    return org


def export_folder(cli: CommandLine, org: str) -> Path:
    return cli.data_dir / "orgs" / org / "export"


def cells(path: Path) -> list[list[str]]:
    """The texts of a workbook's first sheet, by row."""
    with zipfile.ZipFile(path) as book:
        tree = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    space = {"x": tree.tag[1:].partition("}")[0]}
    return [
        [cell.findtext(".//x:t", "", space) for cell in row.findall("x:c", space)]
        for row in tree.findall(".//x:row", space)
    ]


def test_e01_an_export_goes_to_standard_output_and_imports_as_nothing_changed(cli: CommandLine) -> None:
    org = filled(cli)
    said = cli.process("users", "export", org)
    assert said.status == 0
    assert said.err == ""
    path = cli.folder / "again.csv"
    path.write_text(said.out, "utf-8", newline="")
    done = cli.process("import", path, "--org", org, "--json").json
    assert (done["outcome"], done["counts"]["users_unchanged"], done["changes"]) == ("imported", 3, [])


def test_e01_an_export_takes_the_place_of_the_file_it_is_written_to(cli: CommandLine) -> None:
    org = filled(cli)
    path = cli.folder / "out.csv"
    path.write_text("before")
    assert cli("users", "export", org, "--output", path).status == 0
    assert path.read_bytes().startswith(b"User Email,User Name,")
    assert cli("teams", "export", org, "--output", path).status == 0
    assert (
        path.read_bytes()
        == b"Team Name,Team Owner,Parent Team,Team Type\r\nSales,ann@mavericks.example,,\r\n"
    )
    assert not [one for one in cli.folder.iterdir() if one.name.startswith(".")]


def test_e01_an_export_lands_in_the_folder_and_the_administrator_is_told_where(cli: CommandLine) -> None:
    org = filled(cli)
    said = cli("users", "export", org, "--mail-to", "CY@mavericks.example")
    assert said.status == 0
    assert said.out == ""
    assert [path.name for path in export_folder(cli, org).iterdir()] == ["users.csv"]
    mail = cli("mail", "list", "--org", org, "--json").json[0]
    assert (mail["to"], mail["import"], mail["state"]) == ("cy@mavericks.example", None, "waiting")
    assert "users exported" in mail["subject"]
    cli("teams", "export", org, "--to-folder")
    assert {path.name for path in export_folder(cli, org).iterdir()} == {"users.csv", "teams.csv"}
    assert (
        len(cli("mail", "list", "--org", org, "--json").json) == 2
    )  # that of the import and that of the export


def test_e01_only_an_active_administrator_of_that_organization_is_told(cli: CommandLine) -> None:
    org, other = filled(cli), cli.add("Lakers")
    for address in ("bo@mavericks.example", "nobody@x.example"):
        said = cli("users", "export", org, "--mail-to", address)
        assert said.status == 1
        assert len(said.lines) == 1
    assert cli("users", "export", other, "--mail-to", "cy@mavericks.example").status == 1
    leaver = ("User Email,Is Org Admin,Deactivation Date", "dee@mavericks.example,Yes,2020-01-01")
    cli.process("import", cli.file("leaver.csv", *leaver), "--org", org)
    assert cli("users", "export", org, "--mail-to", "dee@mavericks.example").status == 1
    assert list(export_folder(cli, org).iterdir()) == []
    assert cli("users", "export", other, "--mail-to", OWNER).status == 0


def test_e01_e02_a_workbook_holds_the_same_cells_as_texts(cli: CommandLine) -> None:
    org = filled(cli)
    path = cli.folder / "out.xlsx"
    assert cli("users", "export", org, "--xlsx", "--output", path).status == 0
    header, *rows = cells(path)
    assert header[:2] == ["User Email", "User Name"]
    assert header[-1] == "Badge"
    assert rows[1] == ["bo@mavericks.example", "'=Bo", "Sales", "Regular", "No", "007"]
    assert cli("teams", "export", org, "--xlsx", "--to-folder").status == 0
    assert cells(export_folder(cli, org) / "teams.xlsx")[1] == ["Sales", "ann@mavericks.example"]


def test_k_an_export_says_in_one_line_what_is_wrong(cli: CommandLine) -> None:
    org = filled(cli)
    for words in (("nowhere",), (org, "--output", cli.folder / "no" / "such" / "folder.csv")):
        said = cli("users", "export", *words)
        assert said.status in (1, 2)
        assert len(said.lines) == 1
        assert said.out == ""
