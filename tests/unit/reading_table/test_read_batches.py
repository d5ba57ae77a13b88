"""Two readers of the same bytes agree: blocks with known lines passed over, and the csv module over all lines."""

import csv
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processor.reading import table
from processor.reading.table import BadTableError, Batch, Places, TableFormat, line_ranges, read_batches

LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
PIECES = (b"a", b"bb", b",", b";", b'"', b'""', b"\n", b"\r\n", b"\r", b" ", "é".encode(), b'x,"y', b'z"\n')
pieces = st.sampled_from((*PIECES, b"k,1\n", b'"q\nr",2\n'))
contents = st.lists(pieces, max_size=40).map(b"".join)
KNOWN = (b"k,1\n", b"a\n", b"a,bb\n", b"\n", b'r",2\n')


def plain(data: bytes) -> list[tuple[int, bytes, list[str]]] | str:
    """The records by the csv module alone, all lines at once; the code of what is wrong."""
    lines = LINE.findall(data)
    reader = csv.reader([*(line.decode() for line in lines), "\n"])
    found: list[tuple[int, bytes, list[str]]] = []
    begin = 0
    for cells in reader:
        found.append((begin + 1, b"".join(lines[begin : reader.line_num]), cells))
        begin = reader.line_num
    return found[:-1] if found[-1][2] == [] else "quote-open"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("table") / "data"


def read(path: Path, data: bytes, *, block: int, known: tuple[bytes, ...]) -> list[Batch] | str:
    path.write_bytes(data)

    def find(lines: list[bytes]) -> Places:
        return np.array([known.index(line) if line in known else -1 for line in lines], dtype=np.int32)

    form = TableFormat(path=path, encoding="utf-8", delimiter=",", first_line=1, offset=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table.read_blocks, "__kwdefaults__", {"offset": 0, "first_line": 1, "size": block})
        try:
            return list(read_batches(form, find=find if known else None))
        except BadTableError as exc:
            return exc.code


@settings(max_examples=400)
@given(data=contents, block=st.integers(1, 30))
def test_f01_blocks_of_any_size_give_the_records_of_the_csv_module(
    file: Path, data: bytes, block: int
) -> None:
    batches = read(file, data, block=block, known=())
    if isinstance(batches, str):
        assert batches == plain(data)
    else:
        assert [tuple(record) for batch in batches for record in batch.records] == plain(data)


@settings(max_examples=600)
@given(data=contents, block=st.integers(1, 60), known=st.sets(st.sampled_from(KNOWN)).map(tuple))
def test_f03_known_lines_are_passed_over_at_the_start_of_a_record_only(
    file: Path, data: bytes, block: int, known: tuple[bytes, ...]
) -> None:
    batches = read(file, data, block=block, known=known)
    if isinstance(batches, str):
        assert batches == plain(data)
        return
    expected = plain(data)
    assert not isinstance(expected, str)
    passed = [
        (line, known[place])
        for batch in batches
        for place, line in zip(batch.passed.tolist(), batch.passed_lines.tolist(), strict=True)
    ]
    assert passed == [(line, raw) for line, raw, _ in expected if raw in known]
    parsed = [tuple(record) for batch in batches for record in batch.records]
    assert parsed == [record for record in expected if record[1] not in known]


@settings(max_examples=200)
@given(data=contents, block=st.integers(1, 60))
def test_r1_a_block_knows_where_each_record_lies(file: Path, data: bytes, block: int) -> None:
    batches = read(file, data, block=block, known=())
    if isinstance(batches, str):
        return
    for batch in batches:
        for record in batch.records:
            start = batch.block.offset_of(record.line)
            assert data[start : start + len(record.raw)] == record.raw
    form = TableFormat(path=file, encoding="utf-8", delimiter=",", first_line=1, offset=0)
    numbered = dict(enumerate(LINE.findall(data), 1))
    ranges = sorted(line_ranges(form, set(numbered)))
    assert [data[start:end] for start, end in ranges] == list(numbered.values())
    assert all(one[1] == other[0] for one, other in pairwise(ranges))
