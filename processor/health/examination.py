"""Examines a data folder from top to bottom, and mends what is safe (rule O5); a daemon may work on it meanwhile."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from core.clock import Clock
from core.database import Database, DatabaseDamagedError, open_database
from core.durable import subfolders
from core.inbox import Folders, Inbox
from core.migrate import RESTORING
from core.migrations import HEAD
from core.settings import Settings
from processor.backup.backing_up import LOCK
from processor.backup.queue_links import FOLDER as LINKS
from processor.health import aside, files, places
from processor.health.catalogue import Finding
from processor.health.files import Trouble
from processor.health.health_store import (
    DAMAGED,
    DANGLING,
    KnownImport,
    Ward,
    is_older,
    mend_links,
    sqlite_is_sound,
    sqlite_version,
    ward,
)
from processor.health.volume import NETWORK, Encryption, encryption_of, mount_of, parse_mounts
from processor.imports_store import note_filing
from processor.intake.pull_times import FAILURES_TO_TELL

SECOND_LOOK_AFTER_S = 1.0  # by then what was on its way from one place to another has arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was looked at."""

    sqlite: str
    schema: str | None
    organizations: int
    file_system: str | None
    encryption: Encryption
    free_bytes: int


class Examination:
    """One examination of one data folder."""

    def __init__(self, *, settings: Settings, clock: Clock, daemon_runs: bool) -> None:
        self._settings = settings
        self._inbox = Inbox(data_dir=settings.data_dir, clock=clock)
        self._daemon_runs = daemon_runs
        self._schema: str | None = None
        self._org_ids: list[str] = []
        self.needs_secrets_key = False
        self.secrets_key_fingerprint: str | None = None

    async def findings(self) -> list[Finding]:
        """Return what is found; what only was on its way is looked at twice."""
        found = await asyncio.to_thread(self._look)
        if self._daemon_runs and any(finding.org_id for finding in found):
            await asyncio.sleep(SECOND_LOOK_AFTER_S)
            found = in_both(found, await asyncio.to_thread(self._look))
        return found

    def facts(self) -> Facts:
        """Return what was looked at."""
        mount, encryption = _volume(self._settings.data_dir)
        disk = os.statvfs(self._settings.data_dir)
        return Facts(
            sqlite=sqlite_version(),
            schema=self._schema,
            organizations=len(self._org_ids),
            file_system=mount,
            encryption=encryption,
            free_bytes=disk.f_bavail * disk.f_frsize,
        )

    @property
    def has_organizations(self) -> bool:
        """Whether somebody knows this server by its keys."""
        return bool(self._org_ids)

    # --- looking

    def _look(self) -> list[Finding]:
        data_dir = self._settings.data_dir
        found = [
            *self._look_at_database(),
            *places.look_at_modes(data_dir, self._settings.keys_dir),
            *places.look_at_owners(data_dir),
            *places.look_at_room(
                data_dir,
                reserve_bytes=self._settings.min_free_disk_bytes,
                database_bytes=_size(self._settings.database_path),
            ),
            *_look_at_volume(data_dir),
        ]
        if not sqlite_is_sound():
            found.append(Finding(code="sqlite-old", subjects=(sqlite_version(),)))
        if (data_dir / LINKS).exists() and _is_free(data_dir / LOCK):
            found.append(Finding(code="backup-links", subjects=(LINKS,)))
        return found

    def _look_at_database(self) -> list[Finding]:
        path = self._settings.database_path
        if path.with_name(RESTORING).exists():
            return [Finding(code="restore-unfinished")]
        if not path.is_file():
            return [Finding(code="database-missing", subjects=(str(path),))]
        queued = {
            org.name: files.look_at_queue(Folders(root=org))
            for org in subfolders(self._settings.data_dir / "orgs")
        }
        try:
            with ward(path) as patient:
                return self._look_at_rows(patient, queued)
        except (DAMAGED, DatabaseDamagedError):
            return [Finding(code="database-damaged")]

    def _look_at_rows(self, patient: Ward, queued: dict[str, files.Queued]) -> list[Finding]:
        self._schema = patient.schema()
        if self._schema != HEAD:
            older = self._schema is None or is_older(self._schema)
            return [
                Finding(code="schema-old" if older else "schema-unknown", subjects=(self._schema or "none",))
            ]
        if not patient.is_sound():
            return [Finding(code="database-damaged")]
        self._org_ids = patient.organizations()
        self.needs_secrets_key = patient.needs_secrets_key()
        self.secrets_key_fingerprint = patient.secrets_key_fingerprint()
        found = []
        if broken := patient.broken_references():
            found.append(Finding(code="references-broken", subjects=tuple(broken)))
        for code in DANGLING:
            if dangling := patient.dangling(code):
                found.append(Finding(code=code, subjects=tuple(dangling)))
        found += _look_at_pulls(patient)
        if half_removed := patient.half_removed():
            found.append(Finding(code="removal-unfinished", subjects=tuple(half_removed)))
        found += aside.look_at_removals(self._settings.data_dir, patient.known_numbers())
        unknown = sorted(queued.keys() - set(self._org_ids))
        if unknown:
            found.append(Finding(code="folder-unknown", subjects=tuple(unknown)))
        for org_id in self._org_ids:
            empty = files.Queued(frozenset(), ())
            found += self._look_at_organization(
                org_id, queued.get(org_id, empty), list(patient.imports(org_id))
            )
        return found

    def _look_at_organization(
        self, org_id: str, queued: files.Queued, imports: list[KnownImport]
    ) -> Iterable[Finding]:
        folders = self._inbox.folders(org_id)
        troubles: list[Trouble] = [
            *queued.troubles,
            *files.compare(folders, queued, imports),
            *files.look_at_drops(folders, queued, imports),
            *files.look_at_folders(folders),
        ]
        if queued.uids and not self._daemon_runs:
            troubles.append(("queue-waits", f"{len(queued.uids)} files"))
        for code, subjects in files.grouped(troubles).items():
            yield Finding(code=code, org_id=org_id, subjects=tuple(subjects))

    # --- mending

    async def mend(self, findings: Iterable[Finding]) -> list[Finding]:
        """Mend what is safe, and return the findings with what was mended."""
        return [await self._mended(finding) for finding in findings]

    async def _mended(self, finding: Finding) -> Finding:
        if not finding.entry.is_mended:
            return finding
        if finding.code in DANGLING or finding.code == "filing-not-noted":
            await self._mend_rows(finding)
            return replace(finding, is_mended=True)
        return replace(finding, is_mended=await asyncio.to_thread(self._mend_disk, finding))

    async def _mend_rows(self, finding: Finding) -> None:
        async with open_database(self._settings.database_path) as database:
            if finding.code == "filing-not-noted":
                await self._note_filings(database, finding)
                return
            async with database.writing() as connection:
                await mend_links(connection, finding.code)

    def _mend_disk(self, finding: Finding) -> bool:
        """Mend what lies on the disk; False where something is in the way."""
        data_dir = self._settings.data_dir
        match finding.code:
            case "data-readable":
                places.close_to_others([data_dir])
            case "keys-readable":
                places.close_to_others(places.private_of(self._settings.keys_dir))
            case "backup-links":
                shutil.rmtree(data_dir / LINKS)
            case "removal-interrupted" | "removal-left":
                return aside.mend_removals(data_dir, finding)
            case "folders-missing" if finding.org_id is not None:
                self._inbox.prepare(finding.org_id)
            case "half-written" if finding.org_id is not None:
                for path in files.leftovers(self._inbox.folders(finding.org_id)):
                    path.unlink(missing_ok=True)
        return True

    async def _note_filings(self, database: Database, finding: Finding) -> None:
        for subject in finding.subjects:
            number, _, path = subject.removeprefix("import ").partition(": ")
            async with database.writing() as connection:
                await note_filing(connection, int(number), path)


def in_both(first: Iterable[Finding], second: Iterable[Finding]) -> list[Finding]:
    """Return the findings of the second look with the subjects that the first had, too."""
    before = {(finding.code, finding.org_id): set(finding.subjects) for finding in first}
    found = []
    for finding in second:
        if finding.org_id is None:
            found.append(finding)
        elif same := tuple(
            subject
            for subject in finding.subjects
            if subject in before.get((finding.code, finding.org_id), ())
        ):
            found.append(Finding(code=finding.code, org_id=finding.org_id, subjects=same))
    return found


def _volume(data_dir: Path) -> tuple[str | None, Encryption]:
    try:
        mounts = parse_mounts(Path("/proc/self/mountinfo").read_text("utf-8", "replace"))
    except OSError:
        return None, Encryption.UNKNOWN
    mount = mount_of(str(data_dir.resolve()), mounts)
    return (None, Encryption.UNKNOWN) if mount is None else (mount.kind, encryption_of(mount))


def _look_at_volume(data_dir: Path) -> list[Finding]:
    kind, encryption = _volume(data_dir)
    found = []
    if kind in NETWORK:
        found.append(Finding(code="network-file-system", subjects=(str(kind),)))
    if encryption is Encryption.NO:
        found.append(Finding(code="not-encrypted", subjects=(str(kind),)))
    elif encryption is Encryption.UNKNOWN:
        found.append(Finding(code="encryption-unknown", subjects=(kind or "unknown",)))
    return found


def _look_at_pulls(patient: Ward) -> Iterable[Finding]:
    """Rule S2: customers' own servers that nothing is fetched from."""
    for org_id, host, failures, has_stopped, error in patient.pulls():
        is_never_complete = bool(error) and not failures  # a file there
        if has_stopped or is_never_complete or failures >= FAILURES_TO_TELL:
            code = "pull-stopped" if has_stopped else "pull-failing"
            yield Finding(code=code, org_id=org_id, subjects=(f"{host}: {error}",))


def _is_free(lock: Path) -> bool:
    """Whether nobody holds a lock file."""
    try:
        fd = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
