"""Values of pulls, their secrets, and what is remembered of them (rule S2)."""

from dataclasses import replace

import pytest

from core.errors import UsageError
from core.sealing import KEY, PASSWORD, SecretLostError, seal, unseal
from processor.intake.leaving import renamed
from processor.intake.pull_ledger import surplus_of
from processor.intake.pulls import PULL, Progress, PulledFile, PullServer, check_server

SERVER = PullServer(
    host="sftp.mavericks.example",
    port=22,
    username="roster",
    password="geheim",
    folder="/out",
    host_key="SHA256:" + "A" * 43,
)
FILE = PulledFile(
    name="users.csv",
    size_bytes=1,
    mtime=1,
    uid="0123456789abcdef",
    progress=Progress.LEAVING,
    at="2026-11-24T09:30:00.000+00:00",
)
MASTER = bytes(range(32))


def test_s02_a_secret_opens_with_its_key_and_its_place_only() -> None:
    sealed = seal(MASTER, PASSWORD, "geheim", bound_to=("1", "host"))
    assert b"geheim" not in sealed.box
    assert unseal(MASTER, sealed, bound_to=("1", "host")) == "geheim"
    for key, box, place in (
        (bytes(32), sealed, ("1", "host")),
        (MASTER, sealed, ("1", "attacker")),
        (MASTER, replace(sealed, kind=KEY), ("1", "host")),
        (MASTER, replace(sealed, box=sealed.box[:-1] + b"x"), ("1", "host")),
        (MASTER, replace(sealed, box=b""), ("1", "host")),
    ):
        with pytest.raises(SecretLostError, match=r"`secrets\.key`"):
            unseal(key, box, bound_to=place)


def test_s02_the_same_secret_is_never_encrypted_the_same() -> None:
    assert seal(MASTER, PASSWORD, "x", bound_to=()) != seal(MASTER, PASSWORD, "x", bound_to=())


def test_a01_a_server_does_not_show_its_secret() -> None:
    assert "geheim" not in repr(SERVER) + repr(SERVER.account)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, "sftp.mavericks.example:22/out"),
        ({"folder": "out"}, "sftp.mavericks.example:22/~/out"),
        ({"host": "::1", "port": 2022}, "[::1]:2022/out"),
    ],
)
def test_s02_a_drop_says_where_it_comes_from(changes: dict[str, object], place: str) -> None:
    server = replace(SERVER, **changes)  # type: ignore[arg-type]  # of a table
    assert server.origin.account == PULL
    assert server.origin.client == place
    assert server.origin.address is None  # else the SFTP side would take its partials for a client's


@pytest.mark.parametrize("folder", ["/out", "/out/"])
def test_s02_a_path_is_folder_and_name(folder: str) -> None:
    assert replace(SERVER, folder=folder).path("a.csv") == "/out/a.csv"
    assert replace(SERVER, folder="/").path("a.csv") == "/a.csv"


@pytest.mark.parametrize(
    "changes",
    [
        {"host": ""},
        {"host": "a b"},
        {"host": "user@host"},
        {"username": " "},
        {"folder": "a\nb"},
        {"pattern": "a/b"},
        {"pattern": ""},
        {"host_key": "MD5:aa"},
        {"host_key": "SHA256:short"},
        {"schedule": "sometimes"},
    ],
)
def test_s02_what_is_no_server_is_refused_with_the_option_that_is_wrong(changes: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--"):
        check_server(replace(SERVER, **changes))  # type: ignore[arg-type]  # of a table


@pytest.mark.parametrize(("given", "kept"), [("9:30", "09:30"), ("AT ONCE", "at once")])
def test_s01_s02_a_schedule_is_kept_in_its_own_form(given: str, kept: str) -> None:
    assert check_server(replace(SERVER, schedule=given)).schedule == kept


def test_s02_a_renamed_file_tells_when_and_is_no_imports_any_more() -> None:
    assert renamed(FILE) == "users.csv.20261124T093000Z-012345.fetched"
    long = renamed(replace(FILE, name="ü" * 125 + ".csv"))
    assert len(long.encode()) <= 255


def test_s02_what_is_remembered_is_bounded_and_the_oldest_that_is_not_listed_goes_first() -> None:
    known = {f"{n}.csv": replace(FILE, name=f"{n}.csv", at=f"2026-11-{n + 10}") for n in range(5)}
    assert surplus_of(known, {"0.csv"}, limit=3) == ["1.csv", "2.csv"]
    assert surplus_of(known, set(), limit=5) == []
