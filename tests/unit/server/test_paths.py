import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.paths import Area, Folder, Inside, Outside, Place, Root, canonical, place_of
from server.statuses import MissingError, RefusedError

parts = st.sampled_from([b"..", b".", b"", b"local", b"archive", b"a", b"etc", b"\xff", b"a b"])
paths = st.lists(parts, max_size=12).map(b"/".join)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (b"", Root()),
        (b"/", Root()),
        (b".", Root()),
        (b"/..", Root()),
        (b"local", Folder(Area.LOCAL)),
        (b"/local/", Folder(Area.LOCAL)),
        (b"//local//", Folder(Area.LOCAL)),
        (b"/archive/../local/./users.csv", Inside(Area.LOCAL, b"users.csv")),
        (b"/archive/2026/x.csv", Inside(Area.ARCHIVE, b"2026/x.csv")),
        (b"/../../etc/passwd", Outside(b"etc/passwd")),
        (b"/incoming/1/data", Outside(b"incoming/1/data")),
        (b"/LOCAL/users.csv", Outside(b"LOCAL/users.csv")),
        (b"users.csv", Outside(b"users.csv")),
    ],
)
def test_u01_a_path_names_one_place(path: bytes, place: Place) -> None:
    assert place_of(path) == place


def test_u01_a_nul_byte_names_nothing() -> None:
    with pytest.raises(MissingError, match=r"\(U1\)$"):
        place_of(b"/local/a\0b")


@given(paths)
def test_u01_no_path_has_a_part_that_leads_up(path: bytes) -> None:
    found = canonical(path)
    assert found.startswith(b"/")
    assert not {b"..", b".", b""} & set(found[1:].split(b"/")) or found == b"/"


@given(paths)
def test_u01_paths_mean_what_posix_says(path: bytes) -> None:
    assert canonical(path) == posixpath.normpath(b"/" + path.lstrip(b"/"))


@given(paths)
def test_u01_a_canonical_path_is_its_own(path: bytes) -> None:
    assert canonical(canonical(path)) == canonical(path)


def test_u01_a_path_is_at_most_as_long_as_on_any_linux() -> None:
    assert canonical(b"/" + b"a" * 4095)
    with pytest.raises(RefusedError, match=r"longer than 4096 bytes \(U1\)$"):
        canonical(b"/" + b"a" * 4096)
