import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processor.filing.filer import file_away
from processor.filing.rejected import Range
from processor.filing.rejected_utf16 import write_rejected_utf16
from processor.filing.report import ReportContents
from processor.imports import Outcome
from tests.integration.filing.drops import NAME, make_drop
from tests.unit.filing.samples import organization, record

CODECS = ["utf-16-le", "utf-16-be"]


def places(lines: list[str]) -> list[Range]:
    """Where each line stands in the text as UTF-8."""
    ranges, at = [], 0
    for line in lines:
        size = len(line.encode())
        ranges.append((at, at + size))
        at += size
    return ranges


def rejected(data: Path, codec: str, header: Range, *rows: Range, **options: int) -> bytes:
    target = io.BytesIO()
    write_rejected_utf16(target, data=data, codec=codec, header=header, rows=rows, **options)
    return target.getvalue()


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("codec", CODECS)
def test_r01_refused_rows_of_utf16_are_the_bytes_that_were_sent(
    tmp_path: Path, codec: str, mark: str
) -> None:
    lines = [
        "User Email;Straße\r\n",
        "a@x.example;Öl\r\n",
        "kaputt;\U0001f600\r\n",
        "c@x.example;Ü\r\n",
        "ä;b",
    ]
    data = tmp_path / "data"
    data.write_bytes((mark + "".join(lines)).encode(codec))
    header, _, second, _, last = places(lines)
    assert rejected(data, codec, header, last, second) == (mark + lines[0] + lines[2] + lines[4]).encode(
        codec
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.text(alphabet="aäß€\U0001f600;", max_size=5).map(lambda text: f"{text}\n"), min_size=1, max_size=9
    ),
    st.sets(st.integers(1, 8)),
    st.sampled_from(CODECS),
    st.integers(1, 7),
)
def test_r01_rows_are_whole_wherever_the_blocks_end(
    tmp_path: Path, lines: list[str], refused: set[int], codec: str, block: int
) -> None:
    data = tmp_path / "data"
    data.write_bytes("".join(lines).encode(codec))
    wanted = [place for place in sorted(refused) if place < len(lines)]
    ranges = places(lines)
    got = rejected(data, codec, ranges[0], *(ranges[place] for place in wanted), block_characters=block)
    assert got.decode(codec) == lines[0] + "".join(lines[place] for place in wanted)


def test_r01_an_organization_that_sends_utf16_gets_its_rows_in_utf16(tmp_path: Path) -> None:
    lines = ["\ufeffUser Email\n", "a@x.example\n", "kaputt\n"]
    folders, drop = make_drop(tmp_path, data="".join(lines).encode("utf-16-le"))
    header, _, row = places([lines[0].removeprefix("\ufeff"), *lines[1:]])
    contents = ReportContents(
        record=record(Outcome.PARTIAL, rows=2, rows_refused=1), organization=organization(encoding="utf-16")
    )
    file_away(folders=folders, drop=drop, contents=contents, header_range=header, refused_ranges=[row])
    assert (folders.error / f"{NAME}.rejected.csv").read_bytes().decode("utf-16-le") == lines[0] + lines[2]
