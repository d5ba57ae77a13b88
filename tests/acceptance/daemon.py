"""The installed command as a process: a daemon that tests start, kill and ask, and its organizations."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("rosterdrop")
TRANSPORT = (
    "ROSTERDROP_FAST_TRANSPORT"  # of the settings around the tests the one that counts: they hold with both
)
DEADLINE_S = 60.0
LOOK_EVERY_S = 0.02


def eventually(condition: Callable[[], object], *, what: str, within_s: float = DEADLINE_S) -> Any:
    """Wait until the condition holds and return its value; fail after a deadline."""
    until = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < until, f"not within {within_s:g} s: {what}"
        time.sleep(LOOK_EVERY_S)
    return found


@dataclass(frozen=True, slots=True)
class Organization:
    """What `org add` printed."""

    id: str
    username: str
    password: str
    folder: Path

    def files(self, name: str) -> list[str]:
        """The names in one of its folders on disk."""
        return sorted(path.name for path in (self.folder / name).iterdir())

    def only(self, name: str, ending: str) -> Path:
        """The one file with this ending in one of its folders."""
        (found,) = [path for path in (self.folder / name).iterdir() if path.name.endswith(ending)]
        return found

    def arriving_bytes(self) -> int:
        """How much of running and broken uploads has arrived."""
        return sum(path.stat().st_size for path in self.folder.glob("incoming/*/data"))


class Daemon:
    """`rosterdrop serve` on a folder of its own, and the other commands on the same folder."""

    def __init__(self, *, folder: Path, keys: Path, **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self._log = folder / "serve.log"
        self._log.touch()
        self._process: subprocess.Popen[bytes] | None = None
        self._organizations = 0
        values = {
            "data_dir": self.data,
            "keys_dir": keys,
            "port": 0,
            "min_free_disk_bytes": 0,
            "max_startups_per_address": 100,
            "quiet_time_s": 0.3,
            "scan_interval_s": 1,
            "stop_grace_s": 10,
            **settings,
        }
        outer = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("ROSTERDROP_") or name == TRANSPORT
        }
        own = {f"ROSTERDROP_{name.upper()}": str(value) for name, value in values.items()}
        self.environment = outer | own | {"PYTHONFAULTHANDLER": "1"}

    # --- the process

    def start(self) -> "Daemon":
        """Start it and wait until it takes connections."""
        before = len(self.events("server.started"))
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
        eventually(
            lambda: len(self.events("server.started")) > before or self._process_ended(),
            what="server.started in the log",
        )
        assert self._process.poll() is None, self._log.read_text("utf-8")
        return self

    def stop(self) -> int:
        """SIGTERM; return the exit status."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.terminate()
        try:
            return process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # faulthandler writes where each thread stands
            process.wait()
            raise AssertionError(f"SIGTERM did not end it:\n{self.log_text()[-20_000:]}") from None

    def kill(self) -> None:
        """Kill -9, and nothing else."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        assert self.stop() == 0
        self.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def port(self) -> int:
        """Where it takes connections."""
        port: int = self.events("server.started")[-1]["port"]
        return port

    def _process_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def kill_worker(self) -> int:
        """Kill -9 of a worker process."""
        worker = self.workers()[0]
        os.kill(worker, signal.SIGKILL)
        return worker

    # --- its log

    def lines(self) -> list[dict[str, Any]]:
        """All of its log; a line that is still being written is left out."""
        text = self._log.read_text("utf-8")
        return [json.loads(line) for line in text.split("\n")[:-1] if line.startswith("{")]

    def log_text(self) -> str:
        """Its log as it stands."""
        return self._log.read_text("utf-8")

    def events(self, event: str, /, **fields: object) -> list[dict[str, Any]]:
        """The log lines of an event, in order."""
        return [
            line
            for line in self.lines()
            if line["event"] == event and all(line.get(key) == value for key, value in fields.items())
        ]

    def wait_for(
        self, event: str, /, count: int = 1, within_s: float = DEADLINE_S, **fields: object
    ) -> list[dict[str, Any]]:
        """Wait until an event was logged so often."""
        found: list[dict[str, Any]] = eventually(
            lambda: len(lines := self.events(event, **fields)) >= count and lines,
            what=f"{count} times {event} {fields}",
            within_s=within_s,
        )
        return found

    def finished(self, organization: Organization, count: int = 1) -> list[dict[str, Any]]:
        """Wait for so many finished imports of an organization, and return them in order."""
        return self.wait_for("import.finished", count, org=organization.id)

    # --- the other commands

    def run(self, *arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command and return what it said."""
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            env=self.environment,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )

    def json(self, *arguments: object) -> Any:
        """Run a command with --json, expect exit status 0, and return its value."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def add(self, name: str = "Mavericks", *, org_id: str | None = None, **settings: str) -> Organization:
        """Add an organization whose owner is also the recipient."""
        self._organizations += 1
        org_id = org_id or f"org-{self._organizations}"  # numbers are what `org add` gives out
        values = {"owner": f"owner@{org_id}.example", **settings}
        values.setdefault("recipients", values["owner"])
        words = [f"{key}={value}" for key, value in values.items()]
        made = self.json("org", "add", name, "--id", org_id, *words)
        folder = self.data / "orgs" / org_id
        return Organization(made["id"], made["username"], made["password"], folder)

    def imports(self, organization: Organization) -> list[dict[str, Any]]:
        """All imports of an organization, the oldest first."""
        found: list[dict[str, Any]] = self.json("imports", "list", "--org", organization.id, "--limit", 0)
        return found[::-1]

    def users(self, organization: Organization) -> dict[str, dict[str, Any]]:
        """The users of an organization by address."""
        return {user["email"]: user for user in self.json("users", "list", "--org", organization.id)}
