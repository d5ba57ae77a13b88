import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.filing.rejected import Range, write_rejected


def rejected(data: Path, header: Range, *rows: Range) -> bytes:
    target = io.BytesIO()
    write_rejected(target, data=data, header=header, rows=rows)
    return target.getvalue()


def file_of(tmp_path: Path, lines: list[bytes]) -> tuple[Path, list[Range]]:
    """A file of these lines, and the range of each."""
    data = tmp_path / "data"
    data.write_bytes(b"".join(lines))
    ranges, at = [], 0
    for line in lines:
        ranges.append((at, at + len(line)))
        at += len(line)
    return data, ranges


def test_r01_the_refused_rows_stand_under_the_header_byte_for_byte(tmp_path: Path) -> None:
    lines = [
        b"User Email;User Name\r\n",
        b"a@x.example;A\r\n",
        b'b;"B\r\nB"\r\n',
        b"c@x.example;C\r\n",
        b";D\r\n",
    ]
    data, (header, _, second, _, last) = file_of(tmp_path, lines)
    assert rejected(data, header, second, last) == lines[0] + lines[2] + lines[4]


def test_r01_a_last_row_without_line_end_stays_without(tmp_path: Path) -> None:
    data, ranges = file_of(tmp_path, [b"User Email\n", b"x\n", b"y"])
    assert rejected(data, *ranges) == b"User Email\nx\ny"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16-le", "utf-16-be"])
def test_r01_ranges_without_line_ends_make_the_same_rows(
    tmp_path: Path, line_end: str, encoding: str
) -> None:
    texts = ["User Email,User Name", "ä,b", "c,ö", "d,e"]
    lines = [(text + line_end).encode(encoding) for text in texts]
    data, with_ends = file_of(tmp_path, lines)
    width = len(line_end.encode(encoding))
    without = [(start, end - width) for start, end in with_ends]
    expected = lines[0] + lines[1] + lines[3]
    assert rejected(data, with_ends[0], with_ends[1], with_ends[3]) == expected
    got = rejected(data, without[0], without[1], without[3])
    assert got == expected.removesuffix(line_end.encode(encoding))


@pytest.mark.parametrize(("mark", "encoding"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")])
def test_r01_the_byte_order_mark_stays_in_front(tmp_path: Path, mark: bytes, encoding: str) -> None:
    lines = [mark, "User Email\n".encode(encoding), "x\n".encode(encoding)]
    data, (_, header, row) = file_of(tmp_path, lines)
    assert rejected(data, header, row) == b"".join(lines)
    assert rejected(data, (0, header[1]), row) == b"".join(lines)


def test_r01_rows_are_in_the_order_of_the_file_and_once(tmp_path: Path) -> None:
    data, (header, one, two) = file_of(tmp_path, [b"User Email\n", b"a\n", b"b\n"])
    assert rejected(data, header, two, one, two) == b"User Email\na\nb\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.text(alphabet='ab,"\n\r;', max_size=4), min_size=2, max_size=2), min_size=1, max_size=6
    ),
    st.sets(st.integers(0, 5)),
)
def test_r01_what_was_refused_reads_as_it_read_in_the_file(
    tmp_path: Path, rows: list[list[str]], refused: set[int]
) -> None:
    lines = []
    for row in [["User Email", "User Name"], *rows]:
        text = io.StringIO(newline="")
        csv.writer(text).writerow(row)
        lines.append(text.getvalue().encode())
    data, ranges = file_of(tmp_path, lines)
    wanted = [place for place in sorted(refused) if place < len(rows)]
    got = rejected(data, ranges[0], *(ranges[place + 1] for place in wanted)).decode()
    expected = [["User Email", "User Name"], *(rows[place] for place in wanted)]
    assert list(csv.reader(io.StringIO(got, newline=""))) == expected
