"""The SFTP hooks of a support account's channel: all organizations' folders, for reading only (rule A6).

Each listing and each download is in the audit trail before its answer goes out.
"""

import functools
import os
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from asyncssh import FXF_WRITE, SFTPAttrs, SFTPName, SFTPVFSAttrs

from core.accounts_store import is_support_username
from core.audit import REFUSED, AuditEntry, Event
from core.clock import from_text
from core.errors import NotFoundError
from core.inbox import Drop
from core.organizations_store import organization_by_id, organization_ids
from server.attributes import OWNER_ID, READ_ONLY, file_attributes, folder_attributes, listed
from server.disk_folder import DiskFolder, DiskLines
from server.handles import Listing, ReadHandle
from server.held_store import held_imports
from server.paths import canonical
from server.sftp_session import SftpSession
from server.statuses import MissingError, RefusedError, status_of
from server.support_paths import (
    FOLDERS,
    AllOrganizations,
    Held,
    OnDisk,
    OneOrganization,
    SupportPlace,
    support_place_of,
)

READ_ONLY_SENTENCE = "Support accounts may only read (A6)"

P = ParamSpec("P")
T = TypeVar("T")


def answered(
    hook: Callable[Concatenate["SupportSftp", P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["SupportSftp", P], Coroutine[Any, Any, T]]:
    """Turn every error of a request into its status, as in `sftp.py`; one account that is gone is refused all."""

    async def answering(self: "SupportSftp", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            await self.check_account()
            return await hook(self, *args, **kwargs)
        except Exception as exc:
            raise status_of(exc) from exc

    functools.update_wrapper(answering, hook)
    return answering


class SupportSftp(SftpSession):
    """Answers the requests of one channel."""

    async def check_account(self) -> None:
        """Refuse everything once the account was removed.

        Raises:
            RefusedError: it is gone.
        """
        async with self._grounds.database.reading() as connection:
            if not await is_support_username(connection, self._visit.account):
                raise RefusedError("This support account was removed (A6)")

    # --- reading

    @answered
    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> ReadHandle:
        """Open a file for reading; a download is audited when it begins."""
        if pflags & FXF_WRITE:
            raise RefusedError(READ_ONLY_SENTENCE)
        place = support_place_of(path)
        with self._visitor.opening():
            try:
                opened = await self._open(place)
            except Exception:
                self._audit(Event.FILE_DOWNLOADED, path, place, outcome=REFUSED)
                raise
        self._audit(Event.FILE_DOWNLOADED, path, place)
        return opened

    async def _open(self, place: SupportPlace) -> ReadHandle:
        match place:
            case OnDisk(_, _, raw) if raw:
                folder = await self._folder(place)
                fd, size = await self._quick.run(folder.open_file, raw)
            case Held(org_id, name) if name:
                drop = (await self._held(org_id)).get(name)
                if drop is None:
                    raise MissingError
                fd = await self._quick.run(os.open, drop.data, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
                size = drop.meta.size_bytes
            case _:
                raise RefusedError("This is a folder: list it instead (A6)")
        return ReadHandle(fd=fd, size_bytes=size, pool=self._quick)

    @answered
    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Answer READ with at most 256 KiB."""
        return await _handle(file_obj).read(offset, size)

    def close(self, file_obj: object) -> None:
        """Answer CLOSE."""
        _handle(file_obj).close()

    @answered
    async def fstat(self, file_obj: object) -> SFTPAttrs:
        """Answer FSTAT."""
        return _handle(file_obj).attributes()

    @answered
    async def stat(self, path: bytes) -> SFTPAttrs:
        """Answer STAT."""
        match support_place_of(path):
            case AllOrganizations():
                return self._a_folder()
            case OneOrganization(org_id) | Held(org_id, b""):
                await self._check_organization(org_id)
                return self._a_folder()
            case Held(org_id, name):
                drop = (await self._held(org_id)).get(name)
                if drop is None:
                    raise MissingError
                return _of_drop(drop)
            case OnDisk(_, _, raw) as place:
                return await self._quick.run((await self._folder(place)).attributes, raw)

    async def lstat(self, path: bytes) -> SFTPAttrs:
        """Answer LSTAT: there are no links."""
        return await self.stat(path)

    @answered
    async def open_listing(self, path: bytes) -> Listing:
        """Answer OPENDIR; an organization's is audited."""
        place = support_place_of(path)
        with self._visitor.opening():
            found = await self._listed(place)
        if not isinstance(place, AllOrganizations):
            self._audit(Event.FOLDER_LISTED, path, place)
        return Listing(here=self._a_folder(), found=found, pool=self._quick)

    async def _listed(self, place: SupportPlace) -> list[SFTPName] | DiskLines:
        match place:
            case AllOrganizations():
                return [listed(org_id.encode(), self._a_folder()) for org_id in await self._org_ids()]
            case OneOrganization(org_id):
                await self._check_organization(org_id)
                return [listed(name, self._a_folder()) for name in FOLDERS]
            case Held(org_id, b""):
                return [listed(name, _of_drop(drop)) for name, drop in (await self._held(org_id)).items()]
            case OnDisk(_, _, raw):
                return await self._quick.run((await self._folder(place)).reading, raw)
        raise MissingError

    @answered
    async def realpath(self, path: bytes) -> bytes:
        """Resolve a virtual path; nothing on disk is asked."""
        return canonical(path)

    # --- refused

    def write(self, file_obj: object, offset: int, data: bytes) -> NoReturn:
        """Refuse."""
        raise status_of(RefusedError(READ_ONLY_SENTENCE))

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> NoReturn:
        """Refuse."""
        raise status_of(RefusedError(READ_ONLY_SENTENCE))

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> NoReturn:
        """Refuse."""
        raise status_of(RefusedError(READ_ONLY_SENTENCE))

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> NoReturn:
        """Refuse."""
        raise status_of(RefusedError(READ_ONLY_SENTENCE))

    def rmdir(self, path: bytes) -> NoReturn:
        """Refuse."""
        raise status_of(RefusedError(READ_ONLY_SENTENCE))

    remove = rmdir

    def rename(self, oldpath: bytes, newpath: bytes) -> NoReturn:
        """Refuse."""
        raise status_of(RefusedError(READ_ONLY_SENTENCE))

    posix_rename = rename

    def fsync(self, file_obj: object) -> None:
        """Answer OK: nothing was written."""

    def statvfs(self, path: bytes) -> SFTPVFSAttrs:
        """Tell that nothing can be written."""
        return SFTPVFSAttrs(bsize=4096, frsize=4096, namemax=255)

    def fstatvfs(self, file_obj: object) -> SFTPVFSAttrs:
        """Tell the same of an open file."""
        return self.statvfs(b"/")

    def format_user(self, uid: int | None) -> str:
        """Return the owner in a listing."""
        return str(OWNER_ID)

    def format_group(self, gid: int | None) -> str:
        """Return the group in a listing."""
        return str(OWNER_ID)

    # --- what is there

    async def _org_ids(self) -> list[str]:
        async with self._grounds.database.reading() as connection:
            return await organization_ids(connection)

    async def _check_organization(self, org_id: str) -> None:
        async with self._grounds.database.reading() as connection:
            try:
                await organization_by_id(connection, org_id)
            except NotFoundError:
                raise MissingError from None

    async def _folder(self, place: OnDisk) -> DiskFolder:
        await self._check_organization(place.org_id)
        return DiskFolder(root=self._grounds.inbox.folders(place.org_id).root, area=place.area)

    async def _held(self, org_id: str) -> dict[bytes, Drop]:
        await self._check_organization(org_id)
        async with self._grounds.database.reading() as connection:
            held = {one.uid: one.shown for one in await held_imports(connection, org_id)}
        if not held:
            return {}
        drops = await self._quick.run(self._grounds.inbox.queue, org_id)
        return {held[drop.meta.uid]: drop for drop in drops if drop.meta.uid in held}

    def _a_folder(self) -> SFTPAttrs:
        return folder_attributes(mtime=self._grounds.clock.now().timestamp())

    def _audit(self, event: Event, path: bytes, place: object, *, outcome: str = "ok") -> None:
        self._grounds.audit(
            AuditEntry(
                at=self._grounds.clock.now(),
                event=event,
                who=self._visit.account,
                org_id=getattr(place, "org_id", None),
                address=self._visit.address,
                outcome=outcome,
                detail=canonical(path).decode("utf-8", "backslashreplace"),
            )
        )


def _handle(file_obj: object) -> ReadHandle:
    assert isinstance(file_obj, ReadHandle)  # nothing else is ever opened here
    return file_obj


def _of_drop(drop: Drop) -> SFTPAttrs:
    accepted_at = from_text(drop.meta.accepted_at or drop.meta.started_at)
    return file_attributes(size_bytes=drop.meta.size_bytes, mtime=accepted_at.timestamp(), mode=READ_ONLY)
