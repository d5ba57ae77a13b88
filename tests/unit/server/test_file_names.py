import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.file_names import check_name
from server.statuses import RefusedError


@pytest.mark.parametrize(
    "name", ["users.csv", "Übersicht 员工.csv", "a" * 251 + ".csv", "it's; `ok`.csv", " .csv", "משתמשים.csv"]
)
def test_u01_ordinary_names_are_fine(name: str) -> None:
    assert check_name(name.encode()) == name


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"\xff.csv", "not UTF-8"),
        ("é.csv".encode("latin-1"), "not UTF-8"),
        (b"a\nb.csv", "control character"),
        (b"a\rb.csv", "control character"),
        (b"\x1b[31m.csv", "control character"),
        (b"a\x7fb.csv", "control character"),
        ("a\u2028b.csv".encode(), "control character"),
        ("a\x85b.csv".encode(), "control character"),
        ("users\u202evsc.txt".encode(), "control character"),
        ("a\u2066b.csv".encode(), "control character"),
        (b"a" * 252 + b".csv", "longer than 255 bytes"),
        (("é" * 126 + ".csv").encode(), "longer than 255 bytes"),
    ],
)
def test_u01_strange_names_are_refused_with_a_sentence(raw: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=rf"{reason}.*\(U1\)$"):
        check_name(raw)


@given(st.binary(max_size=300))
def test_u01_a_name_is_itself_or_refused(raw: bytes) -> None:
    try:
        name = check_name(raw)
    except RefusedError:
        return
    assert name.encode() == raw
    assert len(raw) <= 255
