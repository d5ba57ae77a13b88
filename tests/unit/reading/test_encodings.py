import gzip
import io
import zipfile

import pytest

from processor.reading.encodings import (
    Codec,
    choose_codec,
    guess_encoding,
    recognise_other_file,
    undecodable,
)


def zipped(name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, "x")
    return held.getvalue()


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"", "empty-file"),
        (b"\xef\xbb\xbf", "empty-file"),
        (b" \r\n \n", "empty-file"),
        (zipped("users.csv"), "is-archive"),
        (zipped("[Content_Types].xml"), "is-spreadsheet"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 500, "is-spreadsheet"),
        (gzip.compress(b"User Email\n"), "is-archive"),
        (b"%PDF-1.7\n", "is-pdf"),
        (b"-----BEGIN PGP MESSAGE-----\n", "is-encrypted"),
        (b"users.csv".ljust(257, b"\0") + b"ustar\x0000", "is-archive"),
    ],
)
def test_f02_other_files_under_the_name_of_a_csv_are_refused(start: bytes, code: str) -> None:
    found = recognise_other_file(start)
    assert found is not None
    assert found.code == code


def test_f02_text_is_not_taken_for_another_file() -> None:
    assert recognise_other_file(b"User Email,Teams\nPK@m.example,BZh\n") is None


@pytest.mark.parametrize(
    ("start", "setting", "codec"),
    [
        (b"User Email", "utf-8", Codec("utf-8")),
        (b"\xef\xbb\xbfUser Email", "utf-8", Codec("utf-8", 3)),
        (b"\xef\xbb\xbfUser Email", "iso-8859-1", Codec("utf-8", 3)),
        (b"User Email", "windows-1252", Codec("cp1252")),
        (b"User Email", "iso-8859-1", Codec("iso-8859-1")),
        (b"\xff\xfeU\0", "utf-16", Codec("utf-16-le", 2)),
        (b"\xfe\xff\0U", "utf-16", Codec("utf-16-be", 2)),
        (b"\0U\0s", "utf-16", Codec("utf-16-be")),
        (b"U\0s\0", "utf-16", Codec("utf-16-le")),
        (b"\xff\xfeU\0", "utf-8", Codec("utf-8")),
    ],
)
def test_f01_f02_the_encoding_is_the_settings_but_for_a_bom_of_utf8(
    start: bytes, setting: str, codec: Codec
) -> None:
    assert choose_codec(start, setting=setting) == codec


def test_f02_a_message_guesses_what_the_encoding_is() -> None:
    sample = "Name;Straße\nJosé Müller;Königstraße 5, Zürich\nRenée Lefèvre;Rue de la Forêt\n".encode(
        "cp1252"
    )
    found = undecodable(line=2, offset=40, sample=sample)
    assert found.code == "not-utf8"
    assert "byte 40" in found.text
    assert "line 2" in found.text
    assert "Windows-1252" in found.text
    assert undecodable(line=2, offset=1, sample=b"x", encoding="utf-16-le").code == "not-in-encoding"


def test_f02_utf16_is_told_by_its_zeros() -> None:
    assert guess_encoding("User Email".encode("utf-16")) == "it looks like UTF-16"
    assert guess_encoding("User Email".encode("utf-16-be")) == "it looks like UTF-16"


@pytest.mark.parametrize("text", ["José Müller;Königstraße 5, Zürich", "renée lefèvre,rue de la forêt"])
@pytest.mark.parametrize(
    ("codec", "name"),
    [("cp1252", "Windows-1252"), ("mac_roman", "Mac Roman"), ("cp850", "code page 850")],
)
def test_f02_western_names_are_told_by_the_words_they_make(text: str, codec: str, name: str) -> None:
    guess = guess_encoding(text.encode(codec))
    assert guess.startswith("our guess is ")
    assert name in guess


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        ("taro@x.example,山田太郎,東京", "shift_jis", "Shift JIS"),
        ("иван петров", "cp1251", "Windows-1251"),
        ("김철수,서울", "euc_kr", "EUC-KR"),
    ],
)
def test_f02_other_scripts_are_not_taken_for_western(text: str, codec: str, name: str) -> None:
    assert guess_encoding(text.encode(codec)) == f"our guess is {name}"


@pytest.mark.parametrize(
    ("start", "code"),
    [
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "is-web-page"),
        (b"\xef\xbb\xbf\n  <HTML>", "is-web-page"),
        (b"<table><tr><td>User Email</td></tr></table>", "is-web-page"),
        (b'<?xml version="1.0"?>\n<wd:Report_Data xmlns:wd="urn:x">', "is-xml"),
        (b"<workers><worker/></workers>", "is-xml"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "is-spreadsheet",
        ),
        (b'{"users": []}', "is-json"),
        (b'[\n  {"email": "ann@x.example"}\n]', "is-json"),
        (b"[]", "is-json"),
    ],
)
def test_f02_web_pages_xml_and_json_are_called_by_their_names(start: bytes, code: str) -> None:
    found = recognise_other_file(start)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize(
    "start", [b"<User Email>,Name\n", b"[Email],Name\n", b"{id},Name\n", b"< 30 hours,x\n"]
)
def test_f02_a_label_in_brackets_is_no_other_file(start: bytes) -> None:
    assert recognise_other_file(start) is None
