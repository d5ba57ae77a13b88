"""The demo's own daemon and commands: processes as an operator starts them, in a folder that nobody else uses."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commands.output import say
from core.errors import ServiceError

START_WITHIN_S = 60.0
STOP_WITHIN_S = 45.0
DONE_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1


class DemoFailedError(ServiceError):
    """Something went otherwise than the story says."""

    code = "demo_failed"


class DemoHouse:
    """A temporary folder with data and keys, and commands run on it."""

    def __init__(self, *, folder: Path) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.keys_dir = folder / "keys"
        self._log = folder / "serve.log"
        # The settings of whoever runs the demo (a mail server!) are none of its business.
        self._environment = {
            name: text for name, text in os.environ.items() if not name.startswith("ROSTERDROP_")
        } | {
            "ROSTERDROP_DATA_DIR": str(self.data_dir),
            "ROSTERDROP_KEYS_DIR": str(self.keys_dir),
            "ROSTERDROP_HOST": "127.0.0.1",
            "ROSTERDROP_PORT": "0",
            "PYTHONIOENCODING": "utf-8",
        }

    @contextmanager
    def daemon(self) -> Iterator[int]:
        """Run the daemon; gives its port, and ends it with SIGTERM."""
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                # A demo that is killed cannot end it any more.
                [sys.executable, "-m", "commands.bound", str(os.getpid()), "serve"],
                env=self._environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            yield self._port(process)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self, *words: str) -> str:
        """Run a command and return what it printed.

        Raises:
            DemoFailedError: its exit status is not 0.
        """
        done = subprocess.run(
            self._command(*words),
            env=self._environment,
            cwd=self.folder,
            capture_output=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise DemoFailedError(
                f"`rosterdrop {words[0]}` failed in the demo: {done.stderr.decode('utf-8', 'replace').strip()}"
            )
        return done.stdout.decode("utf-8")

    def show(self, *words: str) -> None:
        """Print a command and what it prints."""
        command(f"rosterdrop {' '.join(quoted(word) for word in words)}")
        output(self.run(*words))

    def json(self, *words: str) -> Any:
        """Return what a command prints as JSON."""
        return json.loads(self.run(*words, "--json"))

    def wait_for(self, what: str, look: Callable[[], bool]) -> None:
        """Look until it is so.

        Raises:
            DemoFailedError: it is not so within a minute.
        """
        until = time.monotonic() + DONE_WITHIN_S
        while not look():
            if time.monotonic() > until:
                raise DemoFailedError(
                    f"The demo waited for {what} in vain; the daemon's log: {self._log_end()}"
                )
            time.sleep(LOOK_EVERY_S)

    def _port(self, process: "subprocess.Popen[bytes]") -> int:
        until = time.monotonic() + START_WITHIN_S
        while time.monotonic() < until and process.poll() is None:
            for line in self._log.read_text("utf-8", "replace").splitlines():
                event = _event(line)
                if event.get("event") == "server.started":
                    return int(event["port"])
            time.sleep(LOOK_EVERY_S)
        raise DemoFailedError(f"The demo's daemon did not start: {self._log_end()}")

    def _log_end(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return lines[-1] if lines else "it is empty"

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "commands.main", *words]


def _event(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def command(text: str) -> None:
    """Print a command as one would type it."""
    say(f"\n    $ {text}")
    sys.stdout.flush()  # what comes next may take a moment


def output(text: str) -> None:
    """Print what a program said, set in."""
    say("\n".join(f"    {line}" for line in text.rstrip("\n").split("\n")))


def quoted(word: str) -> str:
    """Return a word as a shell takes it."""
    import shlex

    return shlex.quote(word)
