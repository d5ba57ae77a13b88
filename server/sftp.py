"""The SFTP hooks of one channel: paths to folders, flags to words, errors to statuses; decides nothing itself."""

import functools
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog
from asyncssh import (
    FXF_APPEND,
    FXF_CREAT,
    FXF_EXCL,
    FXF_READ,
    FXF_TRUNC,
    FXF_WRITE,
    SFTPAttrs,
    SFTPName,
    SFTPVFSAttrs,
    SSHServerChannel,
)

from server.attributes import OWNER_ID, file_attributes, folder_attributes, listed
from server.disk_folder import DiskFolder, DiskLines
from server.downloads import Downloads
from server.file_names import check_name
from server.grounds import Grounds
from server.handles import Listing, ReadHandle
from server.local_view import LocalView
from server.paths import Area, Folder, Inside, Outside, Place, Root, canonical, place_of
from server.refusing import WHERE
from server.sftp_session import SftpSession
from server.statuses import STOPPING, LimitError, MissingError, RefusedError, status_of
from server.upload import OpenFlags, Upload
from server.visitor import Visitor
from server.visits import Visit

log = structlog.get_logger()

BLOCK_BYTES = 4096

P = ParamSpec("P")
T = TypeVar("T")
Handle = Upload | ReadHandle


def answered(
    hook: Callable[Concatenate["Sftp", P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["Sftp", P], Coroutine[Any, Any, T]]:
    """Turn every error of a request into its status: one of the two places with a broad except."""

    async def answering(self: "Sftp", /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await hook(self, *args, **kwargs)
        except Exception as exc:
            raise status_of(exc) from exc

    functools.update_wrapper(answering, hook)
    return answering


class Sftp(SftpSession):
    """Answers the requests of one channel."""

    def __init__(
        self, *, channel: SSHServerChannel[bytes], grounds: Grounds, visit: Visit, visitor: Visitor
    ) -> None:
        super().__init__(channel=channel, grounds=grounds, visit=visit, visitor=visitor)
        self._root = grounds.inbox.folders(visit.org_id).root
        self._view: LocalView | None = None
        self._ending = False
        self._uploads: set[Upload] = set()
        self._downloads = Downloads(grounds=grounds, visit=visit)

    # --- what the handler says

    def ends(self) -> None:
        """The session ends: what is still open was not closed by the client (U3)."""
        self._ending = True

    def lost(self) -> None:
        """The connection is gone: whoever opens these names again need not wait (U3)."""
        for upload in self._uploads:
            upload.abandoned = True

    def ended(self) -> None:
        """Everything is closed."""
        super().ended()
        if self._visitor.leaving:
            self._grounds.end_visit(self._visit)

    @property
    def is_uploading(self) -> bool:
        """Whether a file is open for writing, or being stored."""
        return bool(self._uploads)

    async def _local(self) -> LocalView:
        if self._view is None:
            self._view = await self._grounds.view(self._visit.org_id)
        return self._view

    def _disk(self, area: Area) -> DiskFolder:
        return DiskFolder(root=self._root, area=area)

    # --- files

    @answered
    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> Handle:
        """Open a file for reading or for an upload."""
        with self._visitor.opening():
            return await self._open(path, pflags)

    async def _open(self, path: bytes, pflags: int) -> Handle:
        place = place_of(path)
        if pflags & FXF_WRITE:
            if self._grounds.stopping:
                raise LimitError(STOPPING)
            name = self._name_for_writing(place)
            upload = await (await self._local()).open_for_writing(name, _flags(pflags), self._visit)
            self._uploads.add(upload)
            return upload
        if not pflags & FXF_READ:
            raise RefusedError("A file is opened for reading or writing (U1)")
        match place:
            case Inside(Area.LOCAL, raw):
                return await (await self._local()).open_for_reading(_seen_name(place), raw, self._visit)
            case Inside(area, raw):
                fd, size = await self._quick.run(self._disk(area).open_file, raw)
                self._downloads.note(f"/{area.value}/{raw.decode('utf-8', 'backslashreplace')}")
                return ReadHandle(fd=fd, size_bytes=size, pool=self._quick)
            case Outside():
                raise MissingError
        raise RefusedError("This is a folder: list it instead (U1)")

    def _name_for_writing(self, place: Place) -> str:
        match place:
            case Inside(Area.LOCAL, raw) if place.is_direct:
                return check_name(raw)
            case Inside(Area.LOCAL):
                raise RefusedError("There are no folders in /local: put the file into /local itself (U1)")
            case Inside(area) | Folder(area) if area is not Area.LOCAL:
                raise RefusedError(f"The folder /{area.value} is read-only: put files into /local (U1)")
        raise RefusedError(f"{WHERE}: put it there, for example as /local/users.csv (U1)")

    @answered
    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Answer READ with at most 256 KiB."""
        if isinstance(file_obj, ReadHandle):
            return await file_obj.read(offset, size)
        return _upload(file_obj).read(offset, size)

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        """Answer WRITE, without a task switch where it continues the one before."""
        if not isinstance(file_obj, Upload):
            raise status_of(RefusedError("This file is open for reading only (U1)"))
        if not file_obj.continues(offset):
            return self._write_apart(file_obj, offset, data)
        try:
            return file_obj.write(offset, data)
        except Exception as exc:
            raise status_of(exc) from exc

    def write_run(self, file_obj: object, offset: int, pieces: Sequence[memoryview], length: int) -> bool:
        """Take writes that continue each other in one call; what is not taken is refused or put right by `write`."""
        return isinstance(file_obj, Upload) and file_obj.write_run(offset, pieces, length)

    @answered
    async def _write_apart(self, upload: Upload, offset: int, data: bytes) -> int:
        await (await self._local()).folder.note_disorder(upload)
        return upload.write(offset, data)

    @answered
    async def close(self, file_obj: object) -> None:
        """Rules U2, U3: a client's CLOSE, or the end of the session, which is no CLOSE."""
        if isinstance(file_obj, ReadHandle):
            file_obj.close()
            return
        upload = _upload(file_obj)
        try:
            await self._close_upload(upload)
        finally:
            self._uploads.discard(upload)

    async def _close_upload(self, upload: Upload) -> None:
        folder = (await self._local()).folder
        if not self._ending and not self._visitor.leaving and not self.channel.is_closing():
            await folder.finish(upload)
            return
        try:
            await folder.give_up(upload, reason="the session ended before the file was closed")
        except Exception:
            # An error here would keep the other handles of the session from being closed.
            log.exception("upload.failed_to_be_kept", org=self._visit.org_id)

    @answered
    async def fsync(self, file_obj: object) -> None:
        """Answer OK: what is promised is promised by CLOSE (U2)."""

    # --- attributes

    @answered
    async def stat(self, path: bytes) -> SFTPAttrs:
        """Answer STAT."""
        match place_of(path):
            case Root():
                return await self._attributes_of(Folder(Area.LOCAL))
            case Folder() as place:
                return await self._attributes_of(place)
            case Inside(Area.LOCAL, raw) as place:
                return await (await self._local()).attributes(_seen_name(place), raw, self._visit)
            case Inside(area, raw):
                return await self._quick.run(self._disk(area).attributes, raw)
        raise status_of(MissingError())

    async def lstat(self, path: bytes) -> SFTPAttrs:
        """Answer LSTAT: there are no links."""
        return await self.stat(path)

    async def _attributes_of(self, folder: Folder) -> SFTPAttrs:
        await self._local()  # makes the folders of a new organization
        return await self._quick.run(self._disk(folder.area).attributes, b"")

    @answered
    async def fstat(self, file_obj: object) -> SFTPAttrs:
        """Answer FSTAT."""
        if isinstance(file_obj, ReadHandle):
            return file_obj.attributes()
        upload = _upload(file_obj)
        mtime = upload.times if upload.times is not None else self._grounds.clock.now().timestamp()
        return file_attributes(size_bytes=upload.size_bytes, mtime=mtime)

    @answered
    async def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Rule U4: times, mode and owner are granted without effect, in `/local`."""
        match place_of(path):
            case Inside(Area.LOCAL, raw) as place:
                view, name = await self._local(), _seen_name(place)
                await view.attributes(name, raw, self._visit)
                if attrs.size is not None:
                    await view.resize(name, raw, attrs.size, self._visit)
                entry = view.folder.shelf.entries.seen(name)
                if entry is not None and entry.upload is not None:
                    _set_times(entry.upload, attrs)
            case Folder(Area.LOCAL):
                return
            case Inside(area) | Folder(area):
                raise RefusedError(f"The folder /{area.value} is read-only (U1)")
            case Outside():
                raise MissingError

    async def lsetstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Do what SETSTAT does: there are no links."""
        await self.setstat(path, attrs)

    @answered
    async def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """Set the size or the times of a running upload."""
        upload = _upload(file_obj)
        if attrs.size is not None:
            upload.resize(attrs.size)
        _set_times(upload, attrs)

    # --- folders

    @answered
    async def open_listing(self, path: bytes) -> Listing:
        """Answer OPENDIR: what is wrong is told now, and not by the first READDIR."""
        with self._visitor.opening():
            found = await self._listed(path)
        here = folder_attributes(mtime=self._grounds.clock.now().timestamp())
        return Listing(here=here, found=found, pool=self._quick)

    async def _listed(self, path: bytes) -> list[SFTPName] | DiskLines:
        match place_of(path):
            case Root():
                names = [(area.value, await self._attributes_of(Folder(area))) for area in Area]
                return [listed(name.encode(), attributes) for name, attributes in names]
            case Folder(Area.LOCAL):
                return await (await self._local()).listing(self._visit)
            case Folder(area):
                await self._local()
                return await self._quick.run(self._disk(area).reading)
            case Inside(area, raw) if area is not Area.LOCAL:
                return await self._quick.run(self._disk(area).reading, raw)
        raise MissingError

    @answered
    async def remove(self, path: bytes) -> None:
        """Rules U3, U4."""
        match place_of(path):
            case Inside(Area.LOCAL, raw) as place:
                await (await self._local()).remove(_seen_name(place), raw, self._visit)
            case Inside(area):
                raise RefusedError(f"The folder /{area.value} is read-only (U1)")
            case Outside():
                raise MissingError
            case _:
                raise RefusedError("Folders cannot be removed here (U1)")

    @answered
    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rules U4, U5: rename inside `/local`."""
        match place_of(oldpath):
            case Inside(Area.LOCAL, raw) as place:
                new = self._name_for_writing(place_of(newpath))
                await (await self._local()).rename(_seen_name(place), raw, new, self._visit)
            case Outside():
                raise MissingError
            case _:
                raise RefusedError("Only files in /local can be renamed (U1)")

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Do what RENAME does: it replaces partial and temporary files, too."""
        await self.rename(oldpath, newpath)

    @answered
    async def realpath(self, path: bytes) -> bytes:
        """Resolve a virtual path; nothing on disk is asked."""
        return canonical(path)

    # --- looks

    @answered
    async def statvfs(self, path: bytes) -> SFTPVFSAttrs:
        """Tell what the organization may still send (U9)."""
        space = (await self._local()).folder.shelf.space
        await space.recount()
        total = space.settings.org_space_bytes // BLOCK_BYTES
        left = space.left_bytes // BLOCK_BYTES
        return SFTPVFSAttrs(
            bsize=BLOCK_BYTES, frsize=BLOCK_BYTES, blocks=total, bfree=left, bavail=left, namemax=255
        )

    async def fstatvfs(self, file_obj: object) -> SFTPVFSAttrs:
        """Tell the same of an open file."""
        return await self.statvfs(b"/")

    def format_user(self, uid: int | None) -> str:
        """Return the owner in a listing; the machine's own user names are nobody's business."""
        return str(OWNER_ID)

    def format_group(self, gid: int | None) -> str:
        """Return the group in a listing."""
        return str(OWNER_ID)


def _upload(file_obj: object) -> Upload:
    if not isinstance(file_obj, Upload):
        raise RefusedError("This file is open for reading only (U1)")
    return file_obj


def _flags(pflags: int) -> OpenFlags:
    return OpenFlags(
        create=bool(pflags & FXF_CREAT),
        truncate=bool(pflags & FXF_TRUNC),
        exclusive=bool(pflags & FXF_EXCL and pflags & FXF_CREAT),
        append=bool(pflags & FXF_APPEND),
    )


def _seen_name(place: Inside) -> str:
    """Return the name in `/local`; one that no upload can have names nothing but perhaps a file on disk."""
    if not place.is_direct:
        raise MissingError
    return place.path.decode("utf-8", "surrogateescape")


def _set_times(upload: Upload, attrs: SFTPAttrs) -> None:
    if attrs.mtime is not None:
        upload.times = float(attrs.mtime)
