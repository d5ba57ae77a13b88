"""A data folder with many organizations and the daemon that works on it, which faults end and which starts again."""

import asyncio
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.clock import SystemClock, to_text
from core.database import open_database
from core.inbox import Inbox
from core.migrate import prepare_database
from core.organization_settings import OrganizationSettings
from core.organizations_store import add_organization
from core.passwords import hash_password
from server.host_keys import load_host_keys
from tests.acceptance.daemon import COMMAND, Daemon
from tests.faults.checker import Expected, violations
from tests.faults.customer import Answer, Customer
from tests.faults.disks import Disk, Ext4
from tests.faults.preload import Preload, compiled
from tests.faults.seen import is_settled, look, maildir

OWNER = "owner@x.example"
NewDisk = Callable[[Path], Disk]
PASSWORD = "a password of the tests"
# A jump of a year removes no file that a check wants to see.
CHOICES = {"owner": OWNER, "guard": "off", "file_retention_days": 0, "log_retention_days": 0}
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.01
SETTINGS: dict[str, object] = {
    "quiet_time_s": 0.05,
    "max_drops_per_hour": 100_000,
    "lock_failures": 0,
    "ban_failures": 0,
    "keepalive_interval_s": 600,  # a daemon that was stopped for long goes on with its sessions
    "stop_grace_s": 1,
}


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What all worlds share: the compiled library, the host keys, a folder."""

    folder: Path
    library: Path
    keys: Path
    # Alembic and the making of host keys are one thread's business at a time.
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def in_folder(cls, folder: Path) -> "Workshop":
        load_host_keys(folder / "keys")
        return cls(folder=folder, library=compiled(folder), keys=folder / "keys")


@dataclass(kw_only=True)
class Resident:
    """One organization, and what its customer sent."""

    id: str
    customer: Customer
    may_keep: set[str] = field(default_factory=set)


class FaultyDaemon(Daemon):
    """The installed daemon, with the library between it and the C library."""

    ends: int = 0

    def begin(self) -> None:
        """Start it, and wait for nothing."""
        self._log.write_bytes(b"")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [COMMAND, "serve"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> "FaultyDaemon":
        self.begin()
        until = time.monotonic() + PATIENCE_S
        while not self.events("server.started"):
            assert self.is_alive, f"it did not start: {self.log_text()[-2000:]}"
            assert time.monotonic() < until, f"it takes too long to start: {self.log_text()[-2000:]}"
            time.sleep(LOOK_EVERY_S)
        return self

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def reap(self) -> int:
        """Wait for its end and return its status, negative for a signal."""
        assert self._process is not None
        status = self._process.wait(PATIENCE_S)
        self._process = None
        return status

    @property
    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait_for_end(self) -> None:
        """Wait until it has ended."""
        assert self._process is not None
        self._process.wait(PATIENCE_S)

    def ends_within(self, patience_s: float) -> bool:
        """Whether it ends by itself, soon."""
        until = time.monotonic() + patience_s
        while self.is_alive and time.monotonic() < until:
            time.sleep(LOOK_EVERY_S)
        return not self.is_alive

    def kill_all(self) -> None:
        """Kill -9 of all its processes."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class World:
    """Organizations that are used up one after the other, and the daemon."""

    def __init__(
        self,
        *,
        workshop: Workshop,
        folder: Path,
        residents: int,
        new_disk: NewDisk | None,
        **settings: object,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        values = {**SETTINGS, **settings}
        self.daemon = FaultyDaemon(folder=folder, keys=workshop.keys, **values)
        self.data = self.daemon.data
        self.data.mkdir(exist_ok=True)
        self.disk = new_disk(self.data) if new_disk else None
        if self.disk:
            self.disk.mount()
        self.preload = Preload(library=workshop.library, control=folder / "control", root=self.data)
        self.daemon.environment.update(self.preload.environment)
        with workshop.one_at_a_time:
            asyncio.run(self._settle_in(residents))
        if isinstance(self.disk, Ext4):
            self.disk.sync()
        self.residents: list[Resident] = []
        self._free = [f"t{number:03d}" for number in range(residents)]
        self.delivered: Callable[[], list[str]] = lambda: maildir(self.data)

    async def _settle_in(self, count: int) -> None:
        prepare_database(self.data / "rosterdrop.sqlite")
        inbox = Inbox(data_dir=self.data, clock=SystemClock())
        hashed = hash_password(PASSWORD)
        async with (
            open_database(self.data / "rosterdrop.sqlite") as database,
            database.writing() as connection,
        ):
            for number in range(count):
                org_id = f"t{number:03d}"
                inbox.prepare(org_id)
                await add_organization(
                    connection,
                    org_id=org_id,
                    name="Mavericks",
                    username=f"Mavericks_{org_id}",
                    password_hash=hashed,
                    settings=OrganizationSettings.model_validate(CHOICES),
                    now=to_text(SystemClock().now()),
                )

    @property
    def is_used_up(self) -> bool:
        return not self._free

    @property
    def next_resident(self) -> str:
        """The id of the organization that is used next."""
        return self._free[0]

    def new_resident(self) -> Resident:
        """An organization that nobody has used yet."""
        org_id = self._free.pop(0)
        customer = Customer(port=0, username=f"Mavericks_{org_id}", password=PASSWORD)
        resident = Resident(id=org_id, customer=customer)
        self.residents.append(resident)
        if self.daemon.is_alive:
            customer.port = self.daemon.port
        return resident

    def start(self) -> None:
        """Start the daemon and tell the customers its port."""
        self.daemon.start()
        for resident in self.residents:
            resident.customer.port = self.daemon.port

    def heal(self) -> None:
        """What a supervisor does after an end: start it again, nothing else."""
        self.daemon.reap()
        self.preload.disarm()
        if isinstance(self.disk, Ext4):
            self.disk.power_on()
        self.start()

    def folder_of(self, resident: Resident | str) -> Path:
        """Where the files of an organization lie."""
        return self.data / "orgs" / (resident if isinstance(resident, str) else resident.id)

    def is_settled(self, resident: Resident, *, mails: bool = True) -> bool:
        """Whether everything of this organization has come to rest."""
        return is_settled(self.data, resident.id, mails=mails)

    def settle(self, resident: Resident, *, mails: bool = True) -> list[str]:
        """Wait until all has come to rest; a sentence if it does not, or the daemon ends meanwhile."""
        until = time.monotonic() + PATIENCE_S
        while not self.is_settled(resident, mails=mails):
            if not self.daemon.is_alive:
                return [f"the daemon ended by itself: {self.daemon.log_text()[-600:]}"]
            if time.monotonic() > until:
                return [f"it does not come to rest: {self.daemon.log_text()[-600:]}"]
            time.sleep(LOOK_EVERY_S)
        return []

    def check(self, resident: Resident, *, mails: bool = True) -> list[str]:
        """Compare what was sent with what is there."""
        expected = Expected(owner=OWNER, may_keep=frozenset(resident.may_keep), mails_are_out=mails)
        return violations(
            resident.customer.sent, look(self.data, resident.id), expected, self.delivered() if mails else []
        )

    def probe(self, resident: Resident) -> list[str]:
        """Send one more file, as a sign of life, and wait for it."""
        number = len(resident.customer.sent)
        data = f"User Email,Last Name\nprobe{number}@x.example,{resident.id} {number}\n".encode()
        sent = resident.customer.put_alone("probe.csv", data)
        if sent.answer is not Answer.OK:
            return [f"a file after the fault was {sent.answer.value}: {self.daemon.log_text()[-600:]}"]
        return []

    def last_look(self) -> list[str]:
        """At the end: all organizations again, with all their mails."""
        found = []
        for resident in self.residents:
            found += [f"{resident.id}: {text}" for text in self.settle(resident) or self.check(resident)]
        return found

    def close(self) -> None:
        """End the daemon and remove the folder."""
        self.daemon.kill_all()
        self.preload.close()
        if self.disk:
            self.disk.remove()
        shutil.rmtree(self.daemon.folder, ignore_errors=True)


@contextmanager
def open_world(
    workshop: Workshop,
    name: str,
    *,
    residents: int = 40,
    new_disk: NewDisk | None = None,
    start: bool = True,
    **settings: object,
) -> Iterator[World]:
    """Make a world with a running daemon, if it is to be started."""
    folder = workshop.folder / name
    world = World(workshop=workshop, folder=folder, residents=residents, new_disk=new_disk, **settings)
    try:
        if start:
            world.start()
        yield world
    finally:
        world.close()
