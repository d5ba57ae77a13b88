"""The bytes of a file: what they are where they are no CSV, and how they are decoded (rules F1, F2)."""

import codecs
import re
from dataclasses import dataclass

import charset_normalizer

from processor.findings import Problem
from processor.reading.catalogue import problem

LOOK_BYTES = 4096  # of the beginning of a file: enough for every mark below
_SAMPLE_BYTES = 64 * 1024

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "is-pdf"),
    (bytes.fromhex("d0cf11e0a1b11ae1"), "is-spreadsheet"),  # OLE: .xls
    (b"\x1f\x8b", "is-archive"),  # gzip
    (b"BZh", "is-archive"),
    (bytes.fromhex("fd377a585a00"), "is-archive"),  # xz
    (bytes.fromhex("377abcaf271c"), "is-archive"),  # 7z
    (b"Rar!\x1a\x07", "is-archive"),
    (bytes.fromhex("28b52ffd"), "is-archive"),  # zstd
    (b"-----BEGIN PGP MESSAGE", "is-encrypted"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_SPREADSHEET_INSIDE = (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CODECS = {"utf-8": "utf-8", "iso-8859-1": "iso-8859-1", "windows-1252": "cp1252", "utf-16": "utf-16-le"}


_XML_START = re.compile(rb"<(?:!--|[A-Za-z_][\w:.-]*[\s/>])")
_JSON_START = re.compile(rb'(?:\[\s*)?\{\s*["}]|\[\s*(?:\[|\])')


@dataclass(frozen=True, slots=True)
class Codec:
    """How a file is decoded: Python's name of the encoding, and how many bytes of a BOM come first."""

    name: str
    bom_bytes: int = 0


def recognise_other_file(start: bytes) -> Problem | None:
    """Rule F2: the refusal of a file that is an archive, a spreadsheet or a PDF, or empty; `start`: `LOOK_BYTES`."""
    bare = start.removeprefix(codecs.BOM_UTF8)
    if not bare.strip():
        return problem("empty-file") if len(start) < LOOK_BYTES else None
    if start.startswith(_ZIP):
        inside = any(name in start for name in _SPREADSHEET_INSIDE)
        return problem("is-spreadsheet" if inside else "is-archive")
    for magic, code in _MAGIC:
        if start.startswith(magic):
            return problem(code)
    if start[257:262] == b"ustar":
        return problem("is-archive")
    return _other_text(bare.lstrip())


def _other_text(text: bytes) -> Problem | None:
    """Rule F2: the refusal of text in another form than a table; a CSV begins with a label, not with a bracket."""
    lowered = text.lower()
    if text.startswith(b"<"):
        if b"schemas-microsoft-com:office:spreadsheet" in lowered:
            return problem("is-spreadsheet")
        if any(tag in lowered for tag in (b"<!doctype html", b"<html", b"<table", b"<body", b"<meta")):
            return problem("is-web-page")
        ends = b"</" in text or b"/>" in text
        if lowered.startswith(b"<?xml") or (ends and _XML_START.match(text)):
            return problem("is-xml")
    return problem("is-json") if _JSON_START.match(text) else None


def choose_codec(start: bytes, *, setting: str = "utf-8") -> Codec:
    """Rules F1, F2: the encoding that the organization's setting names; a BOM of UTF-8 says more than the setting.

    A BOM of UTF-16 counts with the setting `utf-16`; without, it makes the file not UTF-8.
    """
    for bom, name in _BOMS:
        if start.startswith(bom) and (name == "utf-8" or setting == "utf-16"):
            return Codec(name, len(bom))
    if setting == "utf-16" and start[:1] == b"\0":
        return Codec("utf-16-be")
    return Codec(_CODECS[setting])


def undecodable(*, line: int, offset: int, sample: bytes, encoding: str = "utf-8") -> Problem:
    """Rule F2: say where the text ends to be text, and what the encoding may be; `sample`: bytes around the place."""
    if encoding.replace("_", "-").lower() in ("utf-8", "utf8", "utf-8-sig"):
        return problem("not-utf8", line=line, offset=offset, guess=guess_encoding(sample))
    return problem("not-in-encoding", line=line, offset=offset, encoding=encoding)


def guess_encoding(sample: bytes) -> str:
    """Say what the bytes look like; the guess is for the message only and decides nothing."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or sample.count(0) > len(sample) // 4:
        return "it looks like UTF-16"
    name = _western(sample)
    if name is None:
        found = charset_normalizer.from_bytes(sample[:_SAMPLE_BYTES], cp_isolation=_LIKELY).best()
        name = _SPOKEN.get(found.encoding) if found else None
    return f"our guess is {name}" if name else "what it is cannot be told"


def _western(sample: bytes) -> str | None:
    """The one encoding of Western Europe in which all beyond ASCII are its letters, inside words that look like words.

    Measured on names: statistics of letters take a line of Mac Roman for Shift JIS.
    """
    for codec, name in _WESTERN:
        text = sample.decode(codec, "replace")
        if set(text) <= _WESTERN_CHARACTERS and not _ODD_WORD.search(text):
            return name
    return None


_WESTERN = (
    ("cp1252", "Windows-1252"),
    ("mac_roman", "Mac Roman, as programs on a Mac write it"),
    ("cp850", "code page 850, as old programs of DOS write it"),
)
# A capital letter behind a small one, where one of the two is beyond ASCII (`JosÉ`), a mark inside a word, or three
# letters beyond ASCII in a row, as in words that are not Western at all.
_ODD_WORD = re.compile(
    "[a-z][À-ÖØ-ÞŒ]|[ß-öø-ÿœ][A-ZÀ-ÖØ-ÞŒ]|[€“”„…«»¿¡°§][a-z]|[a-zA-Z][“„…«»¿¡°§€][a-zA-Z]|[À-ÖØ-öø-ÿŒœ]{3}"
)
_WESTERN_CHARACTERS = {chr(c) for c in range(128)} | set(
    "äöüßÄÖÜéèêëÉÈÊËàâáåãæÀÂÁÅÃÆçÇîïíìÎÏÍôóòõøœÔÓÒÕØŒùûúÙÛÚñÑýÿÝðþÐÞ€“”„…«»¿¡°§\u2018\u2019\u2013\u2014"
)
_SPOKEN = {
    "cp1252": "Windows-1252",
    "latin_1": "ISO-8859-1",
    "iso8859_15": "ISO-8859-15",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "shift_jis": "Shift JIS",
    "cp932": "Shift JIS",
    "euc_kr": "EUC-KR",
    "gb18030": "GB18030",
    "big5": "Big5",
    "utf_16": "UTF-16",
}
_LIKELY = [*_SPOKEN]
