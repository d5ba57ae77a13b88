"""Workbooks hold what they can hold, and say what they cannot (rule E1)."""

import io
from pathlib import Path

import pytest

from processor.filing import export_xlsx
from processor.filing.export_xlsx import TooLargeForWorkbookError, XlsxFile


def test_e01_a_workbook_refuses_more_rows_than_a_sheet_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_xlsx, "MOST_ROWS", 3)
    file = XlsxFile(io.BytesIO(), sheet="Users", folder=tmp_path)
    file.write([["User Email"], ["a@x.example"], ["b@x.example"]])
    with pytest.raises(TooLargeForWorkbookError):
        file.write([["c@x.example"]])
    file.close()


def test_e01_a_workbook_refuses_a_value_that_it_would_cut(tmp_path: Path) -> None:
    file = XlsxFile(io.BytesIO(), sheet="Users", folder=tmp_path)
    file.write([["User Email", "Notes"]])
    with pytest.raises(TooLargeForWorkbookError):
        file.write([["a@x.example", "x" * 32_768]])
    file.close()
