"""`rosterdrop users`, `teams`, `fields`: the directory as programs read it."""

from tests.integration.commands.conftest import CommandLine

USERS = (
    "User Email,User Name,First Name,Last Name,Teams,Manager Email,User Account Type,Is Org Admin,Shoe,Member,Hired",
    'Bo@Mavericks.example,Bo Berg,Bo,Berg,"Sales,Audit",ann@mavericks.example,Observer,Yes,042,Yes,2020-02-01',
    "cy@mavericks.example,,Cy,Cole,,,,,,,",
    "dee@mavericks.example,Dee,,,,bo@mavericks.example,,,,,",
)
TEAMS = ("Team Name,Team Owner,Parent Team,Team Type", "Sales,bo@mavericks.example,Audit,Group")


def filled(cli: CommandLine) -> str:
    org = cli.add()
    assert cli.process("import", cli.file("users.csv", *USERS), "--org", org).status == 0
    assert cli.process("import", cli.file("teams.csv", *TEAMS), "--org", org).status == 0
    return org


def test_x_users_teams_and_fields_have_the_names_of_the_contract(cli: CommandLine) -> None:
    org = filled(cli)
    users = cli("users", "list", "--org", org, "--json").json
    assert [user["email"] for user in users] == [
        "ann@mavericks.example",
        "Bo@Mavericks.example",
        "cy@mavericks.example",
        "dee@mavericks.example",
    ]
    assert users[1] == {
        "email": "Bo@Mavericks.example",
        "name": "Bo Berg",
        "first_name": "Bo",
        "last_name": "Berg",
        "account_type": "Observer",
        "is_org_admin": True,
        "status": "active",
        "deactivation_date": None,
        "deactivates_at": None,
        "manager_email": "ann@mavericks.example",
        "teams": ["Audit", "Sales"],
        "custom": {"Shoe": "042", "Member": True, "Hired": "2020-02-01"},
    }
    assert (users[2]["name"], users[2]["teams"], users[2]["custom"]) == ("Cy Cole", [], {})
    assert users[3]["manager_email"] == "Bo@Mavericks.example"
    assert cli("users", "show", org, "BO@mavericks.EXAMPLE", "--json").json == users[1]
    assert cli("teams", "list", "--org", org, "--json").json == [
        {"name": "Audit", "owner_email": "ann@mavericks.example", "parent": None, "type": None},
        {"name": "Sales", "owner_email": "Bo@Mavericks.example", "parent": "Audit", "type": "Group"},
    ]
    assert cli("fields", "list", "--org", org, "--json").json == [
        {"label": "Shoe", "type": "text"},
        {"label": "Member", "type": "boolean"},
        {"label": "Hired", "type": "date"},
    ]


def test_c02_what_was_yes_or_no_before_its_field_became_text_is_shown_as_it_is_exported(
    cli: CommandLine,
) -> None:
    org = filled(cli)
    more = cli.file("more.csv", "User Email,Member", "cy@mavericks.example,perhaps")
    assert cli.process("import", more, "--org", org).status == 0
    custom = {user["email"]: user["custom"] for user in cli("users", "list", "--org", org, "--json").json}
    assert custom["Bo@Mavericks.example"]["Member"] == "Yes"
    assert custom["cy@mavericks.example"]["Member"] == "perhaps"


def test_p08_a_planned_deactivation_is_shown_with_its_time(cli: CommandLine) -> None:
    org = filled(cli)
    leaving = cli.file("leaving.csv", "User Email,Deactivation Date", "cy@mavericks.example,2999-12-31")
    assert cli.process("import", leaving, "--org", org).status == 0
    user = cli("users", "show", org, "cy@mavericks.example", "--json").json
    assert (user["status"], user["deactivation_date"]) == ("active", "2999-12-31")
    assert user["deactivates_at"] == "2999-12-31T23:59:00.000+00:00"
    assert "active until 2999-12-31" in cli("users", "list", "--org", org).out


def test_p08_users_list_shows_the_day_in_the_organizations_time_zone(cli: CommandLine) -> None:
    org = cli.add("Mavericks", "--time-zone", "America/Los_Angeles")
    leaving = cli.file("leaving.csv", "User Email,Deactivation Date", "cy@mavericks.example,2999-12-31")
    assert cli.process("import", leaving, "--org", org).status == 0
    assert "active until 2999-12-31" in cli("users", "list", "--org", org).out
    shown = cli("users", "show", org, "cy@mavericks.example").out
    assert "Deactivates at:" in shown
    assert "3000-01-01T07:59:00" in shown


def test_x_users_of_one_organization_are_not_those_of_another(cli: CommandLine) -> None:
    filled(cli)
    other = cli.add("Lakers")
    assert [user["email"] for user in cli("users", "list", "--org", other, "--json").json] == [
        "ann@mavericks.example"
    ]
    assert cli("teams", "list", "--org", other, "--json").json == []
    assert cli("users", "show", other, "cy@mavericks.example").status == 1


def test_x_more_users_than_one_look_at_the_database_returns_are_all_listed_once(cli: CommandLine) -> None:
    org = cli.add()
    lines = (f"user{n}@mavericks.example,Team {n % 3}" for n in range(1_234))
    cli.process("import", cli.file("users.csv", "User Email,Teams", *lines), "--org", org)
    users = cli("users", "list", "--org", org, "--json").json
    assert len(users) == 1_235
    assert len({user["email"] for user in users}) == 1_235
    assert [user["email"] for user in users] == sorted(user["email"] for user in users)
    assert all(len(user["teams"]) == 1 for user in users if user["email"].startswith("user"))
    printed = cli("users", "list", "--org", org).out
    assert "first 1,000" in printed


def test_k_an_unknown_user_is_status_1(cli: CommandLine) -> None:
    org = cli.add()
    said = cli("users", "show", org, "nobody@x.example")
    assert said.status == 1
    assert len(said.lines) == 1
