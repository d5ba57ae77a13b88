"""Exports the directory of one organization (rules E1, E2, C3): from the store to a file, a chunk at a time."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Protocol

from core.database import Database
from core.organizations import Organization
from processor.directory.erasure_store import erased_hashes
from processor.directory.export_store import exported_fields, exported_teams, exported_users
from processor.filing.export_csv import CsvFile, Row, team_header, team_row, user_header, user_row
from processor.filing.export_folder import folder_turn, replacing
from processor.reading.presets import load_preset, map_of


class What(StrEnum):
    """What is exported; also the name of the file in `/export`."""

    USERS = "users"
    TEAMS = "teams"


class _ErasedMeanwhile(Exception):  # noqa: N818  # no error: nobody hears of it
    """Somebody who may be in the file was erased."""


class RowFile(Protocol):
    """A file that takes rows."""

    def write(self, rows: Iterable[Row]) -> None:
        """Append rows."""

    def close(self) -> None:
        """Finish the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exporter:
    """Writes users or teams of an organization as CSV or as a workbook."""

    database: Database
    organization: Organization
    what: What
    workbook: bool = False

    @property
    def name(self) -> str:
        """What the file is called in `/export`."""
        return f"{self.what}.xlsx" if self.workbook else f"{self.what}.csv"

    async def into(self, target: BinaryIO) -> int:
        """Write all rows and return how many there are, the header not counted.

        Raises:
            TooLargeForWorkbookError: a sheet cannot hold them.
        """
        with tempfile.TemporaryDirectory(prefix="rosterdrop-") as folder:
            file = self._file(target, Path(folder))
            count = -1
            try:
                async for rows in self._rows():
                    await asyncio.to_thread(file.write, rows)
                    count += len(rows)
            finally:
                await asyncio.to_thread(file.close)
        return count

    async def into_folder(self, folder: Path) -> int:
        """Rule E1: renew the file in the organization's `export/`, whole or not at all.

        Rule R3: where somebody was erased since it began, it is made anew; whoever erases looks at the folder after
        his commit and in his turn, so that he finds each file that was in time.
        """
        while True:
            erased = await self._erased()
            with suppress(_ErasedMeanwhile), ExitStack() as turn, replacing(folder, self.name) as target:
                count = await self.into(target)
                await asyncio.to_thread(turn.enter_context, folder_turn(folder))
                if await self._erased() != erased:
                    raise _ErasedMeanwhile
                return count

    async def renew(self, folder: Path) -> None:
        """Do the same where the file is there."""
        if await asyncio.to_thread(_is_there, folder, self.name):
            await self.into_folder(folder)

    async def _erased(self) -> frozenset[bytes]:
        async with self.database.reading() as connection:
            return await erased_hashes(connection, self.organization.no)

    def _file(self, target: BinaryIO, folder: Path) -> RowFile:
        if self.workbook:
            # Nearly every export is a CSV; the library of the other kind is not read for it.
            from processor.filing.export_xlsx import XlsxFile  # noqa: PLC0415

            return XlsxFile(target, sheet=self.what.capitalize(), folder=folder)
        return CsvFile(target, always_mark=self.organization.settings.encoding == "utf-16")

    async def _rows(self) -> AsyncIterator[list[Row]]:
        """Yield the header, then all rows, of one consistent view."""
        settings = self.organization.settings
        header_map = map_of(load_preset(settings.preset) if settings.preset else None, settings.header_map)
        async with self.database.reading() as connection:
            if self.what is What.TEAMS:
                yield [team_header(header_map)]
                async for teams in exported_teams(connection, self.organization.no):
                    yield [team_row(team) for team in teams]
                return
            fields = await exported_fields(connection, self.organization.no)
            yield [user_header(fields, header_map)]
            async for users in exported_users(connection, self.organization.no):
                yield [user_row(user, fields) for user in users]


def _is_there(folder: Path, name: str) -> bool:
    """Look when nobody is about to put a file there."""
    if not folder.is_dir():
        return False
    with folder_turn(folder):
        return (folder / name).exists()
