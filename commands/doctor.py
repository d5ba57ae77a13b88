"""`rosterdrop doctor`: compares database, files, keys and disk, and says what to do (rule O5)."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.daemon import running_daemon
from commands.output import JsonOption, print_json, say
from commands.session import NO, Session, open_session, run
from core.errors import UsageError

if TYPE_CHECKING:
    from processor.health.catalogue import Finding
    from processor.health.examination import Examination, Facts


def doctor(
    ctx: typer.Context,
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what can be mended without losing anything.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare the database with queues, files, keys and disk, and say what to do; a daemon may work meanwhile.

    The exit status is 1 where something needs somebody, 0 where there is nothing, or notes only, 2 without a data
    folder.

    Example: `rosterdrop doctor --repair`
    """
    from processor.health.examination import Examination

    session = open_session(ctx)
    if not session.data_dir.is_dir():
        raise UsageError(
            f"There is no data folder {session.data_dir}: check ROSTERDROP_DATA_DIR and --config; `serve` makes it."
        )
    daemon_runs = running_daemon(session.data_dir) is not None
    examination = Examination(settings=session.settings, clock=session.clock, daemon_runs=daemon_runs)
    found = run(_examine(session, examination, repair=repair))
    if as_json:
        print_json(_as_dict(found, examination.facts(), daemon_runs=daemon_runs))
    else:
        _print(found, examination.facts(), daemon_runs=daemon_runs)
    if any(finding.needs_somebody for finding in found):
        raise typer.Exit(NO)


async def _examine(session: Session, examination: "Examination", *, repair: bool) -> "list[Finding]":
    found = [*await examination.findings(), *_look_at_keys(session, examination)]
    if repair:
        found = await examination.mend(found)
    order = ("error", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.entry.level))


def _look_at_keys(session: Session, examination: "Examination") -> "Iterable[Finding]":
    """Rule A3: keys are looked at, never made."""
    from core.secrets_key import NAME, SecretsKeyDamagedError, fingerprint_of, load_secrets_key
    from processor.health.catalogue import Finding
    from server.host_keys import KINDS, HostKeyDamagedError, read_host_key

    keys_dir = session.settings.keys_dir
    there = [keys_dir / name for name, _, _ in KINDS if (keys_dir / name).exists()]
    for path in there:
        try:
            read_host_key(path)
        except HostKeyDamagedError:
            yield Finding(code="host-key-damaged", subjects=(str(path),))
    if not there and examination.has_organizations:
        yield Finding(code="host-keys-missing", subjects=(str(keys_dir),))
    if (keys_dir / NAME).exists():
        try:
            key = load_secrets_key(keys_dir, make=False)
        except SecretsKeyDamagedError:
            yield Finding(code="secrets-key-damaged", subjects=(str(keys_dir / NAME),))
        else:
            noted = examination.secrets_key_fingerprint
            if examination.needs_secrets_key and noted != fingerprint_of(key):
                code = "secrets-key-not-recorded" if noted is None else "secrets-key-wrong"
                yield Finding(code=code, subjects=(str(keys_dir / NAME),))
    elif examination.needs_secrets_key:
        yield Finding(code="secrets-key-missing", subjects=(str(keys_dir / NAME),))


def _as_dict(found: "list[Finding]", facts: "Facts", *, daemon_runs: bool) -> dict[str, Any]:
    """Section X: what was found and what was looked at."""
    return {
        "findings": [
            {
                "level": str(finding.entry.level),
                "code": finding.code,
                "org": finding.org_id,
                "text": finding.entry.text,
                "advice": finding.entry.advice,
                "subjects": list(finding.subjects),
                "mended": finding.is_mended,
            }
            for finding in found
        ],
        "looked_at": {**asdict(facts), "encryption": str(facts.encryption), "daemon_runs": daemon_runs},
    }


def _print(found: "list[Finding]", facts: "Facts", *, daemon_runs: bool) -> None:
    from processor.health.catalogue import SHOWN

    say(
        f"Organizations: {facts.organizations}; the daemon {'runs' if daemon_runs else 'does not run'}; "
        f"schema {facts.schema or 'none'}, SQLite {facts.sqlite}, {facts.file_system or 'an unknown file system'}, "
        f"encrypted: {facts.encryption}, {facts.free_bytes:,} bytes free."
    )
    for finding in found:
        entry = finding.entry
        where = f" ({finding.org_id})" if finding.org_id else ""
        say(f"\n{entry.level}: {entry.text}{where} [{finding.code}]")
        for subject in finding.subjects[:SHOWN]:
            say(f"    {subject}")
        if len(finding.subjects) > SHOWN:
            say(f"    and {len(finding.subjects) - SHOWN:,} more; --json gives all")
        say("  -> mended" if finding.is_mended else f"  -> {entry.advice}")
    needing = sum(finding.needs_somebody for finding in found)
    many = "1 finding needs" if needing == 1 else f"{needing} findings need"
    say(f"\n{many} somebody." if needing else "\nNothing needs somebody.")
