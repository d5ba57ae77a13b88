"""The same rows as a workbook for people with a spreadsheet (rule E1): every cell a text, nothing is computed."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import xlsxwriter  # type: ignore[import-untyped]  # it has no types

from core.errors import ServiceError

MOST_ROWS = 1_048_576  # of a sheet, in the format itself
MOST_CHARACTERS = 32_767  # of a cell
WIDTH = 24


class TooLargeForWorkbookError(ServiceError):
    """A sheet cannot hold it."""

    code = "too_large_for_workbook"


class XlsxFile:
    """Writes rows into one sheet, row by row to a temporary file in `folder`, so that memory stays bounded."""

    suffix = ".xlsx"

    def __init__(self, target: BinaryIO, *, sheet: str, folder: Path) -> None:
        options = {"constant_memory": True, "tmpdir": str(folder)}
        self._book = xlsxwriter.Workbook(target, options)
        self._bold = self._book.add_format({"bold": True})
        self._sheet = self._book.add_worksheet(sheet)
        self._sheet.freeze_panes(1, 0)
        self._rows = 0

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Append rows; the first is the header.

        Raises:
            TooLargeForWorkbookError: a sheet has no place for so many rows, or for so long a value.
        """
        for row in rows:
            if self._rows >= MOST_ROWS:
                raise TooLargeForWorkbookError(
                    f"A sheet holds {MOST_ROWS:,} rows and these are more: export it as CSV, without --xlsx."
                )
            if self._rows == 0:
                self._sheet.set_column(0, len(row) - 1, WIDTH)
            for column, text in enumerate(row):
                if len(text) > MOST_CHARACTERS:
                    raise TooLargeForWorkbookError(
                        f"A cell holds {MOST_CHARACTERS:,} characters and a value has more: "
                        "export it as CSV, without --xlsx."
                    )
                if text:
                    self._sheet.write_string(self._rows, column, text, None if self._rows else self._bold)
            self._rows += 1

    def close(self) -> None:
        """Finish the workbook; `target` stays open."""
        self._book.close()
