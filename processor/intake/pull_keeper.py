"""Fetches from customers' servers when their time has come (rules S1, S2), each in a task of its own.

What a run came to is written down here: state, log line, audit row, and the operator's mail, all but the line in one
transaction. A server that does not answer costs nobody else anything.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from core.clock import Clock
from core.database import TROUBLES, Database, DatabaseBrokenError
from core.errors import ServiceError
from core.inbox import Inbox, QueueBrokenError
from core.organizations import Organization
from core.organizations_store import organization_by_id
from core.secrets_key_store import secrets_key_of
from core.settings import Settings
from processor.intake import pull_outcomes, pull_times
from processor.intake import pulls_store as store
from processor.intake.fetching import Room
from processor.intake.pulling import Progressed, PullBusyError, PullRun, Report, turn_of
from processor.intake.pulls import NoPullError, Pull, PullState
from processor.intake.ssh_connection import PATIENT, Patience
from processor.intake.thread_work import to_its_end

log = structlog.get_logger()

LOOK_S = 3.0
TURN_S = 1.0
AFTER_CRASH_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a run needs; `room` says what an organization may still send (U9), `who` stands in the audit trail."""

    database: Database
    inbox: Inbox
    clock: Clock
    settings: Settings
    room: Callable[[Organization], Room]
    who: str
    patience: Patience = PATIENT

    @property
    def keys_dir(self) -> Path:
        """Where the key of the secrets lies."""
        return self.settings.keys_dir


@dataclass(slots=True)
class _Running:
    """A task that fetches, and since when its run is written down."""

    task: asyncio.Task[None]
    tried_at: str | None = None

    def begin(self, pull: Pull) -> None:
        """Note that the run is written down."""
        self.tried_at = pull.state.tried_at

    def stop(self) -> None:
        """Cancel it, once: it ends when what its threads do has ended, however long that takes."""
        if not self.task.cancelling():
            self.task.cancel()


class PullKeeper:
    """The daemon's pulls; `told` is called with an organization's id when a mail may have been written."""

    def __init__(self, *, tools: Tools, told: Callable[[str], None]) -> None:
        self._tools = tools
        self._told = told
        self._running: dict[str, _Running] = {}
        self._not_before: dict[str, float] = {}  # after a failure of our own, on the loop's clock

    @property
    def running(self) -> frozenset[str]:
        """The organizations for which files are being fetched."""
        return frozenset(self._running)

    async def run(self) -> None:
        """Look every three seconds until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    for pull in await self._due():
                        task = group.create_task(self._pull(pull.org_id), name=f"pull of {pull.org_id}")
                        self._running[pull.org_id] = _Running(task)
                except TROUBLES as exc:
                    log.warning("pulls.deferred", reason=type(exc).__name__)
                await asyncio.sleep(LOOK_S)

    async def _due(self) -> list[Pull]:
        begun = {org_id: running.tried_at for org_id, running in self._running.items()}
        async with self._tools.database.reading() as connection:
            found = await store.pulls(connection, enabled_only=True)
        self._stop_outdated({pull.org_id: pull.state.tried_at for pull in found}, begun)
        now, monotonic = self._tools.clock.now(), asyncio.get_running_loop().time()
        interval_s = self._tools.settings.pull_interval_s
        return [
            pull
            for pull in (pull_times.as_of(one, now=now) for one in found)
            if pull.org_id not in self._running
            and self._not_before.get(pull.org_id, 0.0) <= monotonic
            and (at := pull_times.next_at(pull, interval_s=interval_s)) is not None
            and at <= now
        ]

    def _stop_outdated(self, tried_at: dict[str, str | None], begun: dict[str, str | None]) -> None:
        """Stop what fetches from a server that was changed or removed, or for an organization that was disabled.

        `begun` are the runs that were written down before `tried_at` was read.
        """
        for org_id, began_at in begun.items():
            is_changed = began_at is not None and tried_at.get(org_id) != began_at
            if (org_id not in tried_at or is_changed) and org_id in self._running:
                self._running[org_id].stop()

    async def _pull(self, org_id: str) -> None:
        try:
            with suppress(NoPullError, PullBusyError):  # removed, or a command fetches right now
                await pull_once(self._tools, org_id, turn_s=TURN_S, began=self._running[org_id].begin)
                self._told(org_id)
        except (QueueBrokenError, DatabaseBrokenError):
            raise  # the daemon ends
        except TROUBLES as exc:
            self._later(org_id)
            log.warning("pull.deferred", org=org_id, reason=type(exc).__name__)
        except Exception:  # one organization's trouble does not stop the others
            self._later(org_id)
            log.exception("pull.crashed", org=org_id)
        finally:
            self._running.pop(org_id, None)

    def _later(self, org_id: str) -> None:
        self._not_before[org_id] = asyncio.get_running_loop().time() + AFTER_CRASH_S


async def pull_once(
    tools: Tools,
    org_id: str,
    *,
    turn_s: float,
    progressed: Progressed = lambda _done, _total: None,
    began: Callable[[Pull], None] = lambda _pull: None,
    log_outcome: Callable[[Pull, Report, PullState], None] = pull_outcomes.log_outcome,
) -> Report:
    """Rule S2: fetch for an organization now, and write down what came of it.

    `began` hears of the run when it is written down; a command says itself what came of it, and logs nothing.

    Raises:
        NoPullError: it has no server.
        PullBusyError: somebody fetches for it already.
        QueueBrokenError, DatabaseBrokenError: the process must stop.
    """
    async with tools.database.reading() as connection:
        await store.pull_of(connection, org_id)
    folders = await to_its_end(tools.inbox.prepare, org_id)
    async with turn_of(folders.root, wait_s=turn_s):
        pull, organization = await _begun(tools, org_id)
        began(pull)
        try:
            async with tools.database.reading() as connection:
                key = await secrets_key_of(connection, tools.keys_dir)
                secret = await store.pull_of(connection, org_id, key=key)
            pull = replace(secret, state=pull.state)
        except NoPullError:
            raise
        except ServiceError as exc:
            report = Report(error=exc)
        else:
            report = await _run(tools, pull, organization, progressed)
        if isinstance(report.error, NoPullError):
            raise report.error
        async with tools.database.writing() as connection:
            state = await pull_outcomes.write_down(
                connection,
                pull=pull,
                organization=organization,
                report=report,
                settings=tools.settings,
                who=tools.who,
                now=tools.clock.now(),
            )
        log_outcome(pull, report, state)
        return report


async def _begun(tools: Tools, org_id: str) -> tuple[Pull, Organization]:
    """Note that a run begins; killed, it is made again in a minute."""
    async with tools.database.writing() as connection:
        pull = await store.pull_of(connection, org_id)
        state = pull_times.started(pull, now=tools.clock.now(), interval_s=tools.settings.pull_interval_s)
        await store.begin(connection, pull.org_no, state)
        return replace(pull, state=state), await organization_by_id(connection, org_id)


async def _run(tools: Tools, pull: Pull, organization: Organization, progressed: Progressed) -> Report:
    run = PullRun(
        database=tools.database,
        inbox=tools.inbox,
        clock=tools.clock,
        pull=pull,
        room=tools.room(organization),
        who=tools.who,
        quiet_time_s=tools.settings.pull_quiet_time_s,
        partial_keep_s=tools.settings.partial_keep_s,
        patience=tools.patience,
        progressed=progressed,
    )
    return await run.run()
