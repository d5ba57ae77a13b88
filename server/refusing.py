"""Requests that are refused whoever asks: links, locks and folders (rule U1)."""

from typing import NoReturn

from asyncssh import SFTPAttrs

from server.statuses import RefusedError, UnsupportedError, status_of
from server.transport import Room

WHERE = "Files are taken in the folder /local only"


class RefusingRoom(Room):
    """The hooks that have one answer."""

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Rule U1: no folders are made."""
        raise status_of(RefusedError(f"Folders cannot be made here. {WHERE} (U1)"))

    def rmdir(self, path: bytes) -> None:
        """Rule U1: none is removed either."""
        raise status_of(RefusedError("Folders cannot be removed here (U1)"))

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """Rule U1: refuse."""
        self._no_links()

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        """Rule U1: refuse."""
        self._no_links()

    def readlink(self, path: bytes) -> bytes:
        """Rule U1: refuse."""
        self._no_links()

    def _no_links(self) -> NoReturn:
        raise status_of(RefusedError("Links cannot be made or read here (U1)"))

    def lock(self, file_obj: object, offset: int, length: int, flags: int) -> None:
        """Refuse."""
        raise status_of(UnsupportedError("Locks are not supported"))

    def unlock(self, file_obj: object, offset: int, length: int) -> None:
        """Refuse."""
        raise status_of(UnsupportedError("Locks are not supported"))
