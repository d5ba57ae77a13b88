"""What the run of a pull comes to (rule S2): its new state, a row of the audit trail, a mail, a line of the log."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import structlog

from core.audit import OK, REFUSED, AuditEntry, Event
from core.audit_store import append
from core.clock import to_text
from core.database import Connection
from core.organization_settings import AT_ONCE
from core.organizations import Organization
from core.settings import Settings
from processor.intake import pull_times
from processor.intake import pulls_store as store
from processor.intake.pulling import Report
from processor.intake.pulls import Pull, PullState
from processor.intake.ssh_connection import HostKeyChangedError, LoginRefusedError
from processor.intake.unfinished import complaint_of, tell_of_unfinished
from processor.mail import outbox_store
from processor.mail.mails import MailContent, NewMail
from processor.mail.pull_notices import compose_pull_failed_mail, compose_pull_stopped_mail

log = structlog.get_logger()


def judge(pull: Pull, report: Report, *, now: datetime) -> PullState:
    """Return how the pull stands after the run."""
    since = pull_times.changing_since(
        pull.state, changing=bool(report.changing), known=report.error is None, now=now
    )
    before = replace(pull.state, changing_since=since)
    if isinstance(report.error, HostKeyChangedError):
        return pull_times.stopped(before, report.error.public_message, now=now)
    unfinished = _unfinished(before, report, now=now)
    if report.complaint is None and unfinished is not None:
        return _next_as_planned(pull, pull_times.unfinished(before, unfinished, now=now))
    if report.complaint is None:
        again_in = pull_times.LOOK_AGAIN if report.changing else pull_times.GO_ON if report.deferred else None
        return pull_times.succeeded(before, now=now, again_in=again_in)
    login = isinstance(report.error, LoginRefusedError)
    complaint = " ".join(filter(None, (report.complaint, unfinished)))
    state = pull_times.failed(before, complaint, now=now, login=login)
    return _next_as_planned(pull, state) if report.error is None else state


def _next_as_planned(pull: Pull, state: PullState) -> PullState:
    """Let trouble with one file keep no other waiting."""
    return replace(state, again_at=None) if pull.server.schedule == AT_ONCE else state


def _unfinished(state: PullState, report: Report, *, now: datetime) -> str | None:
    """Say which files have been written for too long; None where there are none."""
    if not report.changing or pull_times.is_patient(state, now=now):
        return None
    return complaint_of(report.changing)


async def write_down(
    connection: Connection,
    *,
    pull: Pull,
    organization: Organization,
    report: Report,
    settings: Settings,
    who: str,
    now: datetime,
) -> PullState:
    """Write state, audit row and mail in the caller's transaction, and return the state."""
    state = judge(pull, report, now=now)
    shown = report.error.shown if isinstance(report.error, HostKeyChangedError) else None
    code = report.error.code if report.error else None
    content = _mail(organization, pull, state, shown=shown, code=code, now=now)
    if content is not None:
        state = replace(state, told_at=to_text(now))
    if not await store.finish(connection, pull.org_no, state):
        return state  # the server was changed meanwhile: what happened to the old one says nothing
    if content is not None and settings.operator_email is not None:
        mail = NewMail(
            org_no=None,
            import_number=None,
            recipient=settings.operator_email,
            content=content,
            uuid=uuid4(),
        )
        await outbox_store.enqueue(connection, [mail], now=now, mail_from=settings.mail_from)
    if _unfinished(state, report, now=now) is not None:
        await tell_of_unfinished(
            connection,
            pull=pull,
            organization=organization,
            state=state,
            names=report.changing,
            settings=settings,
            now=now,
        )
    event = _event(pull.state, state)
    is_news = report.error is not None or state.error != pull.state.error  # else a file would fill the trail
    if event is not None and is_news:
        outcome = OK if event is Event.PULL_RECOVERED else REFUSED
        entry = AuditEntry(
            at=now,
            event=event,
            who=who,
            org_id=pull.org_id,
            address=pull.server.host,
            outcome=outcome,
            detail=state.error,
        )
        await append(connection, [entry])
    return state


def log_outcome(pull: Pull, report: Report, state: PullState) -> None:
    """Write the run's one line, and one where it works again."""
    event = _event(pull.state, state)
    fields = {
        "org": pull.org_id,
        "host": pull.server.host,
        "fetched": len(report.fetched),
        "size_bytes": sum(file.size_bytes for file in report.fetched),
        "changing": len(report.changing),
        "skipped": len(report.skipped),
    }
    if event is Event.PULL_STOPPED:
        log.error("pull.stopped", reason=state.error, **fields)
    elif event is Event.PULL_FAILED:
        trouble = "file_refused" if report.troubles else "file_unfinished"
        log.warning(
            "pull.failed",
            code=report.error.code if report.error else trouble,
            reason=state.error,
            failures=state.failures,
            again_at=state.again_at,
            **fields,
        )
    else:
        log.info("pull.finished", **fields)
    if event is Event.PULL_RECOVERED:
        log.info("pull.recovered", org=pull.org_id, failures=pull.state.failures)


def _event(before: PullState, state: PullState) -> Event | None:
    if state.stopped_at is not None:
        return Event.PULL_STOPPED
    if state.error is not None:
        return Event.PULL_FAILED
    return Event.PULL_RECOVERED if before.error is not None else None


def _mail(
    organization: Organization,
    pull: Pull,
    state: PullState,
    *,
    shown: str | None,
    code: str | None,
    now: datetime,
) -> MailContent | None:
    """Return what the operator must hear: of a changed host key at once and once, of failures as `wants_mail` says."""
    if state.stopped_at is not None:
        if pull.state.stopped_at is not None:
            return None
        return compose_pull_stopped_mail(
            organization=organization,
            place=pull.server.place,
            pinned=pull.server.host_key,
            shown=shown or "of an unknown kind",
        )
    if not pull_times.wants_mail(state, now=now):
        return None
    return compose_pull_failed_mail(
        organization=organization,
        place=pull.server.place,
        error=state.error or "",
        code=code,
        failures=state.failures,
        succeeded_at=state.succeeded_at,
        again_at=state.again_at,
    )
