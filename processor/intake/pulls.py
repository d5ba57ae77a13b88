"""Pulls as values (rule S2): a server of a customer, how its pull stands, what was fetched from it."""

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.errors import ServiceError, UsageError
from core.inbox import Origin
from core.organization_settings import AT_ONCE, parse_schedule
from processor.intake.ssh_connection import Account

PULL = "pull"  # the account of such drops
FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
LONGEST_TEXT = 1_000


class NoPullError(ServiceError):
    """The organization has no server of its own."""

    code = "no_pull"


class After(StrEnum):
    """What happens at the source to a file that was accepted."""

    REMEMBER = "remember"
    RENAME = "rename"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullServer:
    """A customer's server and what is fetched from it."""

    host: str
    port: int
    username: str
    password: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    folder: str
    pattern: str = "*"
    host_key: str
    host_key_kind: str | None = None
    schedule: str = AT_ONCE
    after: After = After.REMEMBER

    @property
    def account(self) -> Account:
        """Where to log in, and as whom."""
        return Account(
            host=self.host,
            port=self.port,
            username=self.username,
            password=self.password,
            private_key=self.private_key,
            host_keys=(self.host_key,),
            host_key_kind=self.host_key_kind,
        )

    @property
    def origin(self) -> Origin:
        """Where its drops say that they come from."""
        return Origin(account=PULL, client=self.place)

    @property
    def place(self) -> str:
        """Host, port and folder in one word."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{'' if self.folder.startswith('/') else '/~/'}{self.folder}"

    def path(self, name: str) -> str:
        """Return the path of a file in its folder."""
        return f"{self.folder.rstrip('/')}/{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullState:
    """How a pull stands; times as text (`core.clock`)."""

    added_at: str
    started_at: str | None = None  # of the last run that the schedule began; later tries don't count
    tried_at: str | None = None
    succeeded_at: str | None = None
    again_at: str | None = None  # the next try, where it is not the schedule's
    failures: int = 0  # in a row; a file that is never complete is none
    error: str | None = None  # what is wrong since the last run; None where nothing is
    told_at: str | None = None  # when the operator got a mail about the failures at hand
    stopped_at: str | None = None  # the host key changed: only an operator goes on
    changing_since: str | None = None  # since when each look has found a file that was still being written


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A server with its state and its organization."""

    org_no: int
    org_id: str
    time_zone: str
    server: PullServer
    state: PullState


class Progress(StrEnum):
    """How far a file has come."""

    FETCHING = "fetching"
    ACCEPTING = "accepting"  # whole; a crash leaves it open whether it was accepted
    ACCEPTED = "accepted"
    LEAVING = "leaving"  # accepted; to be renamed or deleted at the source
    GONE = "gone"  # renamed or deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledFile:
    """What is remembered of one name in the folder: the file that was fetched last."""

    name: str
    size_bytes: int
    mtime: int
    uid: str  # of the drop
    progress: Progress
    sha256: str | None = None
    at: str  # of the last step
    seen_mtime: int | None = None  # what the server answered by name, where it did: some list local times

    def is_same(self, size_bytes: int, mtime: int) -> bool:
        """Whether it looks the same."""
        return (self.size_bytes, self.mtime) == (size_bytes, mtime)


def check_server(server: PullServer) -> PullServer:
    """Return the server if it may be one, its schedule in the form that is kept.

    Raises:
        UsageError: host, user name, folder, pattern, fingerprint or schedule are none.
    """
    for what, text in (("host", server.host), ("user", server.username), ("folder", server.folder)):
        if not text.strip() or not text.isprintable() or len(text) > LONGEST_TEXT:
            raise UsageError(
                f"--{what}: {text!r} is empty, too long or has characters that nobody could see."
            )
    if re.search(r"[\s/@]", server.host):
        raise UsageError(f"--host: {server.host!r} is no host name or address.")
    if "/" in server.pattern or not server.pattern.isprintable() or not 0 < len(server.pattern) <= 255:
        raise UsageError(f"--pattern: {server.pattern!r} is no pattern of file names such as 'users*.csv'.")
    if not FINGERPRINT.fullmatch(server.host_key):
        raise UsageError(
            f"--host-key: {server.host_key!r} is no fingerprint such as SHA256: and 43 characters "
            "(`ssh-keygen -lf` of the key shows it)."
        )
    try:
        return replace(server, schedule=parse_schedule(server.schedule))
    except ValueError as exc:
        raise UsageError(f"--schedule: {exc}.") from exc
