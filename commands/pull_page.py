"""How a customer's own server stands (rule S2), in words and as JSON: for `pull list` and `org show`."""

import asyncio
from typing import TYPE_CHECKING, Any

from commands.session import Session

if TYPE_CHECKING:
    from datetime import datetime

    from processor.intake.pulls import Pull

NEVER = "never"


async def pull_pages(session: Session, connection: Any, org_id: str | None = None) -> list[dict[str, Any]]:
    """Return the servers of all organizations, or of one, by id."""
    from core.audit import Event
    from core.audit_store import last_times
    from processor.intake import pulls_store
    from processor.intake.pulling import is_busy

    fetched = await last_times(connection, Event.PULL_FETCHED)
    enabled = {pull.org_id for pull in await pulls_store.pulls(connection, enabled_only=True)}
    pages = []
    for pull in await pulls_store.pulls(connection):
        if org_id in (None, pull.org_id):
            busy = await asyncio.to_thread(is_busy, session.inbox().folders(pull.org_id).root)
            state = "running" if busy else _state(pull, is_enabled=pull.org_id in enabled)
            at = _next_at(session, pull) if state not in ("running", "disabled") else None
            fetched_at = fetched.get(pull.org_no)
            if fetched_at is not None and fetched_at < pull.state.added_at:
                fetched_at = None  # from the server before this one
            pages.append(_page(pull, state, fetched_at, at))
    return pages


def _next_at(session: Session, pull: "Pull") -> "datetime | None":
    from processor.intake import pull_times

    return pull_times.next_at(
        pull_times.as_of(pull, now=session.clock.now()), interval_s=session.settings.pull_interval_s
    )


def _page(pull: "Pull", state: str, fetched_at: str | None, at: "datetime | None") -> dict[str, Any]:
    from core.clock import to_text

    server = pull.server
    return {
        "org": pull.org_id,
        "place": server.place,
        "host": server.host,
        "port": server.port,
        "user": server.username,
        "login": "password" if server.password is not None else "key",
        "folder": server.folder,
        "pattern": server.pattern,
        "host_key": server.host_key,
        "schedule": server.schedule,
        "after": server.after,
        "state": state,
        "tried_at": pull.state.tried_at,
        "succeeded_at": pull.state.succeeded_at,
        "fetched_at": fetched_at,
        "next_at": at and to_text(at),
        "failures": pull.state.failures,
        "error": pull.state.error,
        "advice": _advice(pull, state),
    }


def _state(pull: "Pull", *, is_enabled: bool) -> str:
    if not is_enabled:
        return "disabled"
    if pull.state.stopped_at:
        return "stopped"
    if pull.state.error is not None:
        return "failing"
    return "working" if pull.state.succeeded_at else "new"


def _advice(pull: "Pull", state: str) -> str | None:
    org_id = pull.org_id
    if state == "disabled":
        return f"The organization is disabled and gets no files: `rosterdrop org enable {org_id}`."
    if pull.state.stopped_at:
        return (
            f"Ask the customer for the new fingerprint, then `rosterdrop pull add {org_id} --replace --host-key "
            f"SHA256:...`; when the old key is back, `rosterdrop pull run {org_id}`."
        )
    if pull.state.error is not None:
        return f"`rosterdrop pull test {org_id}` shows what is wrong now."
    return None


def trouble_of(page: dict[str, Any]) -> str:
    """Return what is wrong and what to do, in a line."""
    return " ".join(filter(None, (page["error"], page["advice"])))


def pull_in_words(page: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and values for a person."""
    failed = f", {page['failures']} times in a row" if page["failures"] else ""
    when = "every few minutes" if page["schedule"] == "at once" else f"{page['schedule']}, in its time zone"
    waits = {"running": "now", "disabled": "none while it is disabled", "stopped": "none until somebody acts"}
    return [
        ("Fetched from", f"{page['place']} as {page['user']}, with a {page['login']}"),
        ("State", page["state"] + failed),
        ("Looks", when),
        ("Last look", short(page["tried_at"]) or NEVER),
        ("Last fetched", short(page["fetched_at"]) or NEVER),
        ("Next look", short(page["next_at"]) or waits.get(page["state"], "none")),
        ("Trouble", trouble_of(page) or "none"),
    ]


def short(at: str | None) -> str:
    """Return a time up to its minute."""
    return f"{at[:16].replace('T', ' ')} UTC" if at else ""
