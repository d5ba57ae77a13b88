"""`processor/intake/sftp_wire.py`: bytes of a server that may be hostile (rule S2)."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.intake import sftp_wire as wire
from processor.intake.sftp_wire import Answer, Attributes, BadAnswerError, Kind


def attributes(flags: int, *fields: bytes) -> bytes:
    return wire.number(flags) + b"".join(fields)


FULL = attributes(
    0xD,
    wire.long_number(1234),
    wire.number(stat.S_IFREG | 0o644),
    wire.number(1),
    wire.number(1_700_000_000),
)


def listing(*names: bytes, attrs: bytes = FULL) -> bytes:
    return wire.number(len(names)) + b"".join(wire.text(name) + wire.text(b"ls -l") + attrs for name in names)


def test_s02_names_come_with_size_kind_and_time() -> None:
    first, second = Answer(listing(b"a.csv", b"b.csv")).entries()
    assert (first.name, second.name) == (b"a.csv", b"b.csv")
    assert first.attributes == Attributes(Kind.FILE, 1234, 1_700_000_000)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (stat.S_IFREG | 0o600, Kind.FILE),
        (stat.S_IFDIR | 0o700, Kind.FOLDER),
        (stat.S_IFLNK | 0o777, Kind.LINK),
        (stat.S_IFIFO, Kind.OTHER),
        (stat.S_IFBLK, Kind.OTHER),
        (0o644, Kind.UNKNOWN),
    ],
)
def test_s02_the_mode_says_what_an_entry_is(mode: int, kind: Kind) -> None:
    assert Answer(attributes(0x4, wire.number(mode))).attributes() == Attributes(kind)


def test_s02_attributes_that_a_server_leaves_out_are_unknown() -> None:
    assert Answer(attributes(0)).attributes() == Attributes()


def test_s02_owners_and_extensions_are_passed_over() -> None:
    extended = attributes(
        0x80000003,
        wire.long_number(5),
        wire.number(0),
        wire.number(0),
        wire.number(1),
        wire.text(b"x@y"),
        wire.text(b"z"),
    )
    answer = Answer(extended + b"rest")
    assert answer.attributes().size_bytes == 5
    assert answer.take(4) == b"rest"


@pytest.mark.parametrize(
    "body",
    [
        wire.number(0xFFFFFFFF) + FULL,  # four thousand million names
        wire.number(2) + wire.text(b"only one") + wire.text(b"") + FULL,
        wire.number(1) + wire.number(0xFFFFFFF0) + b"short",
        wire.number(1) + wire.text(b"a") + wire.text(b"") + attributes(0x80000000, wire.number(0xFFFFFFFF)),
    ],
)
def test_s02_counts_and_lengths_that_lie_are_noticed(body: bytes) -> None:
    with pytest.raises(BadAnswerError):
        Answer(body).entries()


@given(st.binary(max_size=400))
def test_s02_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    for read in (Answer.entries, Answer.attributes, Answer.status):
        try:
            read(Answer(body))
        except BadAnswerError:
            continue


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_s02_what_is_written_is_read_again(names: list[bytes]) -> None:
    assert [entry.name for entry in Answer(listing(*names)).entries()] == names


def test_s02_a_servers_words_cannot_steer_a_terminal_or_fill_a_log() -> None:
    said = Answer(wire.number(4) + wire.text(b"\x1b[2Jno\r\n" + b"x" * 5_000)).status()
    assert said.code == 4
    assert said.text.isprintable()
    assert len(said.text) <= wire.SHOWN_TEXT
    assert Answer(wire.number(4)).status().text == ""
