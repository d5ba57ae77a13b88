"""Host keys as an operator sees them (rule A3): fingerprints in both forms, a new key beside the old, the change-over.

Nothing is ever overwritten or removed: the old key keeps its bytes under another name.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncssh

from core.durable import sync_directory
from core.errors import NotFoundError, UsageError
from server.host_keys import KINDS, HostKeyDamagedError, make_host_key, read_host_key

NEXT = ".next"
OLD = ".old-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """One key file: `current` is what the daemon uses, `next` waits for its turn, `old` was used."""

    kind: str
    algorithm: str
    file: str
    state: str
    sha256: str
    md5: str


def short_names() -> list[str]:
    """Return what a person calls the kinds: ed25519, ecdsa, rsa."""
    return [_short(name) for name, _, _ in KINDS]


def shown_keys(keys_dir: Path) -> list[ShownKey]:
    """Rule A3: return all host keys, current ones first.

    Raises:
        HostKeyDamagedError: a file that is used or waits is empty or damaged.
    """
    found = []
    for name, _, _ in KINDS:
        for path in sorted(keys_dir.glob(f"{name}*")):
            state = _state(path.name, name)
            if state is None:
                continue
            try:
                key = read_host_key(path)
            except HostKeyDamagedError:
                if state != "old":
                    raise
                continue
            found.append(_shown(key, path, name, state))
    return sorted(found, key=lambda key: ["current", "next", "old"].index(key.state))


def make_next(keys_dir: Path, kind: str) -> ShownKey:
    """Rule A3: make a new key beside the one in use, which stays in use.

    Raises:
        UsageError: no such kind, or one waits already.
    """
    name, algorithm, options = _kind(kind)
    path = keys_dir / f"{name}{NEXT}"
    if os.path.lexists(path):
        raise UsageError(
            f"A new {kind} key waits already in {path.name}: `rosterdrop keys --use {kind}` puts it to use."
        )
    return _shown(make_host_key(path, algorithm, options), path, name, "next")


def use_next(keys_dir: Path, kind: str, *, now: datetime) -> ShownKey:
    """Rule A3: put the new key to use from the next start on; the old one stays beside it under another name.

    Raises:
        NotFoundError: none waits.
        HostKeyDamagedError: it is empty or damaged; nothing was changed.
    """
    name, _, _ = _kind(kind)
    path, waiting = keys_dir / name, keys_dir / f"{name}{NEXT}"
    if not os.path.lexists(waiting):
        raise NotFoundError(f"There is no new {kind} key: `rosterdrop keys --new {kind}` makes one.")
    key = read_host_key(waiting)
    if os.path.lexists(path):
        path.with_name(f"{name}{OLD}{now:%Y%m%dT%H%M%S}").hardlink_to(path)
        sync_directory(keys_dir)
    waiting.replace(path)  # in one step: at no moment is there no key, which a start would make anew
    sync_directory(keys_dir)
    return _shown(key, path, name, "current")


def _kind(kind: str) -> tuple[str, str, dict[str, int]]:
    for name, algorithm, options in KINDS:
        if _short(name) == kind:
            return name, algorithm, options
    raise UsageError(f"{kind!r} is no kind of host key: there are {', '.join(short_names())}.")


def _short(name: str) -> str:
    return name.removeprefix("ssh_host_").removesuffix("_key")


def _state(file: str, name: str) -> str | None:
    if file == name:
        return "current"
    if file == f"{name}{NEXT}":
        return "next"
    return "old" if file.startswith(f"{name}{OLD}") else None


def _shown(key: asyncssh.SSHKey, path: Path, name: str, state: str) -> ShownKey:
    return ShownKey(
        kind=_short(name),
        algorithm=key.get_algorithm(),
        file=path.name,
        state=state,
        sha256=key.get_fingerprint("sha256"),
        md5=key.get_fingerprint("md5"),
    )
