"""SQL of the tables pull_servers and pull_files (rule S2); nothing else names them."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import from_text, to_text
from core.database import driver_connection
from core.organization_settings import parse_organization_settings
from core.pull_schema import pull_files, pull_servers
from core.schema import organizations
from core.sealing import KEY, PASSWORD, Sealed, bound_to_server, seal, unseal
from processor.intake.pulls import After, NoPullError, Progress, Pull, PulledFile, PullServer, PullState

MAX_REMEMBERED = 20_000  # names of one organization; above it the oldest that are not listed any more go
FORGET_GONE_AFTER = timedelta(days=1)
STATE = tuple(PullState.__dataclass_fields__)
CAME = (Progress.ACCEPTED, Progress.LEAVING, Progress.GONE)
FILES = (
    "SELECT name, size_bytes, mtime, uid, progress, sha256, at, seen_mtime FROM pull_files WHERE org_no = ?"
)


# --- servers


async def save_server(
    connection: AsyncConnection, org_no: int, server: PullServer, state: PullState, *, key: bytes
) -> None:
    """Write an organization's server, in place of the one that it had; its secret is encrypted with `key`."""
    sealed = _seal(key, org_no, server)
    values = {
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "secret": sealed.box,
        "secret_kind": sealed.kind,
        "folder": server.folder,
        "pattern": server.pattern,
        "host_key": server.host_key,
        "host_key_kind": server.host_key_kind,
        "schedule": server.schedule,
        "afterwards": server.after,
        **asdict(state),
    }
    await connection.execute(delete(pull_servers).where(pull_servers.c.org_no == org_no))
    await connection.execute(insert(pull_servers).values(org_no=org_no, **values))


async def remove_server(connection: AsyncConnection, org_no: int) -> bool:
    """Forget an organization's server and its files; False where it had none."""
    await forget_files(connection, org_no)
    done = await connection.execute(delete(pull_servers).where(pull_servers.c.org_no == org_no))
    return bool(done.rowcount)


async def pulls(connection: AsyncConnection, *, enabled_only: bool = False) -> list[Pull]:
    """Return the pulls of all organizations by id, without their secrets."""
    query = _query().order_by(organizations.c.id)
    if enabled_only:
        query = query.where(organizations.c.disabled_at.is_(None))
    return [_pull(row) for row in await connection.execute(query)]


async def pull_of(connection: AsyncConnection, org_id: str, *, key: bytes | None = None) -> Pull:
    """Return an organization's pull, with its secret where `key` is given.

    Raises:
        NoPullError: it has none.
        SecretLostError: its secret cannot be decrypted.
    """
    row = (await connection.execute(_query().where(organizations.c.id == org_id))).first()
    if row is None:
        raise NoPullError(
            f"No files are fetched for {org_id}: `rosterdrop pull add {org_id}` names its server."
        )
    return _pull(row, key=key)


async def begin(connection: AsyncConnection, org_no: int, state: PullState) -> None:
    """Write that a run begins."""
    query = update(pull_servers).where(pull_servers.c.org_no == org_no)
    await connection.execute(query.values(**asdict(state)))


async def finish(connection: AsyncConnection, org_no: int, state: PullState) -> bool:
    """Write how a pull stands after its run; False where its server was changed or removed meanwhile."""
    query = update(pull_servers).where(_of_run(org_no, state))
    return bool((await connection.execute(query.values(**asdict(state)))).rowcount)


def _of_run(org_no: int, state: PullState) -> Any:
    """The row as long as no other run has begun, and no command has written another server."""
    return (pull_servers.c.org_no == org_no) & (pull_servers.c.tried_at == state.tried_at)


# --- files


async def rows_of_files(connection: AsyncConnection, org_no: int) -> list[Any]:
    """Return what is remembered of an organization's files, as rows for `known_files`."""
    raw = await driver_connection(connection)
    return list(await raw.execute_fetchall(FILES, (org_no,)))


def known_files(rows: Iterable[Any]) -> dict[str, PulledFile]:
    """Make rows values, by name: for a thread, since there may be thousands."""
    return {
        name: PulledFile(
            name=name,
            size_bytes=size_bytes,
            mtime=mtime,
            uid=uid,
            progress=Progress(progress),
            sha256=sha256,
            at=at,
            seen_mtime=seen_mtime,
        )
        for name, size_bytes, mtime, uid, progress, sha256, at, seen_mtime in rows
    }


async def note_file(connection: AsyncConnection, pull: Pull, file: PulledFile) -> None:
    """Write a step of a file, in place of what was remembered of its name.

    Raises:
        NoPullError: its server was changed or removed, or the organization disabled: nothing more is fetched.
    """
    org_no = pull.org_no
    query = select(pull_servers.c.org_no).join(organizations, organizations.c.no == pull_servers.c.org_no)
    query = query.where(_of_run(org_no, pull.state), organizations.c.disabled_at.is_(None))
    if (await connection.execute(query)).first() is None:
        raise NoPullError("The organization was disabled, or its server changed or removed, meanwhile.")
    await connection.execute(_of(org_no, file.name))
    await connection.execute(insert(pull_files).values(org_no=org_no, **asdict(file)))


async def forget_file(connection: AsyncConnection, org_no: int, name: str) -> None:
    """Forget a name."""
    await connection.execute(_of(org_no, name))


async def forget_files(connection: AsyncConnection, org_no: int) -> None:
    """Forget all names of an organization."""
    await connection.execute(delete(pull_files).where(pull_files.c.org_no == org_no))


async def last_came(
    connection: AsyncConnection, org_no: int, *, until: datetime | None = None
) -> tuple[datetime, str] | None:
    """Return when a file last came, `until` then at the latest, and its name; one without news counts, too."""
    query = select(pull_files.c.at, pull_files.c.name).where(
        pull_files.c.org_no == org_no, pull_files.c.progress.in_(CAME)
    )
    if until is not None:
        query = query.where(pull_files.c.at <= to_text(until))
    row = (await connection.execute(query.order_by(pull_files.c.at.desc()).limit(1))).first()
    return None if row is None else (from_text(row.at), row.name)


async def tidy(connection: AsyncConnection, org_no: int, *, surplus: Iterable[str], now: datetime) -> None:
    """Forget what was renamed or deleted a day ago, and the names in `surplus`."""
    old = to_text(now - FORGET_GONE_AFTER)
    of_org = pull_files.c.org_no == org_no
    await connection.execute(
        delete(pull_files).where(of_org, pull_files.c.progress == Progress.GONE, pull_files.c.at < old)
    )
    for name in surplus:
        await forget_file(connection, org_no, name)


def _of(org_no: int, name: str) -> Any:
    return delete(pull_files).where(pull_files.c.org_no == org_no, pull_files.c.name == name)


def _query() -> Any:
    return (
        select(pull_servers, organizations.c.id.label("org_id"), organizations.c.settings)
        .join(organizations, organizations.c.no == pull_servers.c.org_no)
        .where(organizations.c.removed_at.is_(None))
    )


def _pull(row: Row[Any], *, key: bytes | None = None) -> Pull:
    server = PullServer(
        host=row.host,
        port=row.port,
        username=row.username,
        folder=row.folder,
        pattern=row.pattern,
        host_key=row.host_key,
        host_key_kind=row.host_key_kind,
        schedule=row.schedule,
        after=After(row.afterwards),
        **_secret(row, key),
    )
    return Pull(
        org_no=row.org_no,
        org_id=row.org_id,
        time_zone=parse_organization_settings(row.settings).time_zone,
        server=server,
        state=PullState(**{name: getattr(row, name) for name in STATE}),
    )


def _secret(row: Row[Any], key: bytes | None) -> dict[str, str]:
    """Return the secret under its name in PullServer; an empty one where nobody may know it."""
    name = "private_key" if row.secret_kind == KEY else "password"
    if key is None:
        return {name: ""}
    bound_to = bound_to_server(row.org_no, row.host, row.port, row.username, row.host_key)
    return {name: unseal(key, Sealed(kind=row.secret_kind, box=row.secret), bound_to=bound_to)}


def _seal(key: bytes, org_no: int, server: PullServer) -> Sealed:
    kind, secret = (KEY, server.private_key) if server.private_key else (PASSWORD, server.password)
    bound_to = bound_to_server(org_no, server.host, server.port, server.username, server.host_key)
    return seal(key, kind, secret or "", bound_to=bound_to)
