import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.backup.manifest import (
    BackupDamagedError,
    Manifest,
    format_sums,
    is_plain,
    parse_manifest,
    parse_sums,
)

PAGE = Manifest(
    made_at="2026-11-24T02:00:00.000+00:00",
    program="1.0",
    schema="0001",
    organizations=("007", "008"),
    files=2,
    size_bytes=12,
    with_keys=False,
    sums_sha256="0" * 64,
)


def test_o05_a_manifest_reads_as_it_was_written() -> None:
    assert parse_manifest(PAGE.to_json()) == PAGE


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"format": 2}', b'{"format": 1, "organizations": 3}', b"\xff"]
)
def test_o05_another_page_is_no_manifest(text: bytes) -> None:
    with pytest.raises(BackupDamagedError):
        parse_manifest(text)


@pytest.mark.parametrize(
    "path",
    [
        "/data/x",
        "data/../x",
        "data",
        "other/x",
        "data//x",
        "data/./x",
        "data/a\nb",
        "data/a\\b",
        "",
        "keys/../../x",
    ],
)
def test_o05_a_path_that_leads_elsewhere_is_not_plain(path: str) -> None:
    assert not is_plain(path)
    with pytest.raises(BackupDamagedError):
        parse_sums(f"{'0' * 64}  {path}\n".encode("utf-8", "surrogateescape"))


def test_o05_a_name_that_is_not_utf_8_is_not_plain() -> None:
    assert not is_plain("data/\udcff")


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="/\\", exclude_categories=["Cs"]), min_size=1)
        .map("data/{}".format)
        .filter(is_plain),
        st.integers(0, 2**256 - 1).map("{:064x}".format),
    )
)
def test_o05_sums_read_as_they_were_written(sums: dict[str, str]) -> None:
    assert parse_sums(format_sums(sums.items())) == sums


def test_o05_a_list_that_was_cut_is_refused() -> None:
    whole = format_sums([("data/a", "1" * 64), ("data/b", "2" * 64)])
    with pytest.raises(BackupDamagedError):
        parse_sums(whole[:-10])
