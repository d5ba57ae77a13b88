"""The entry of the command line: global options, the list of commands, and the edge where errors become lines."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from commands import (
    approvals,
    audit,
    backup,
    bans,
    check,
    demo,
    doctor,
    erase,
    exports,
    fields,
    import_file,
    imports,
    keeping,
    keys,
    mail,
    org,
    pull,
    pull_run,
    support,
    teams,
    undo,
    uploads,
    users,
)
from commands.output import fail
from commands.session import NO, WRONG, exit_status
from core.errors import ServiceError

INTERRUPTED = 130

app = typer.Typer(
    name="rosterdrop",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)
imports.app.command("approve")(approvals.approve)
imports.app.command("discard")(approvals.discard)
imports.app.command("run-now")(approvals.run_now)
imports.app.command("retry")(approvals.retry)
imports.app.command("undo")(undo.undo)
users.app.command("export")(exports.export_users)
users.app.command("reactivate")(keeping.reactivate)
users.app.command("keep")(keeping.keep)
users.app.command("erase")(erase.erase)
teams.app.command("export")(exports.export_teams)
pull.app.command("test")(pull_run.look)
pull.app.command("run")(pull_run.run_now)
app.add_typer(org.app, name="org")
app.add_typer(pull.app, name="pull")
app.add_typer(imports.app, name="imports")
app.add_typer(users.app, name="users")
app.add_typer(teams.app, name="teams")
app.add_typer(fields.app, name="fields")
app.add_typer(mail.app, name="mail")
app.add_typer(bans.app, name="bans")
app.add_typer(support.app, name="support")
app.command("import")(import_file.import_file)
app.command("check")(check.check)
app.command("demo")(demo.demo)
app.command("uploads")(uploads.uploads)
app.command("audit")(audit.audit)
app.command("keys")(keys.keys)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("doctor")(doctor.doctor)


@app.callback()
def options(
    ctx: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Settings file (TOML). Default: rosterdrop.toml where it stands."),
    ] = None,
) -> None:
    """An SFTP server that turns employee files into a directory of users and teams.

    Every command has an example: `rosterdrop COMMAND --help`. Settings also come from ROSTERDROP_... variables.
    """
    ctx.obj = config


@app.command("serve")
def serve(
    ctx: typer.Context,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", min=0, max=65535, help="TCP port; 0 takes a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.")] = None,
) -> None:
    """Run the SFTP server and the imports until SIGTERM or Ctrl-C.

    Logs go to standard error, as JSON when it is not a terminal; `server.started` tells the port.

    Example: `rosterdrop serve --port 2222`
    """
    from commands.serve import serve as run_daemon
    from core.settings import load_settings

    raise typer.Exit(run_daemon(load_settings(ctx.obj, port=port, host=host)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status (section K)."""
    try:
        status = app(args=arguments, prog_name="rosterdrop", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as exc:
        return _wrong_usage(exc)
    except typer.Abort:
        status = INTERRUPTED
    except ServiceError as exc:
        return _trouble(exc)
    except BrokenPipeError:
        # Whoever read our output has seen enough; what is still in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO
    except OSError as exc:
        return _trouble(exc)
    except ExceptionGroup as exc:
        # What one of the daemon's tasks met, where nothing else went wrong.
        if len(exc.exceptions) != 1 or not isinstance(exc.exceptions[0], ServiceError | OSError):
            raise
        return _trouble(exc.exceptions[0])
    if status == INTERRUPTED:
        fail("Stopped.")
    return status if isinstance(status, int) else 0


def _trouble(error: ServiceError | OSError) -> int:
    """Say in one line what went wrong."""
    if isinstance(error, ServiceError):
        fail(error.public_message)
        return exit_status(error)
    what = error.strerror or str(error)
    fail(f"{error.filename}: {what}." if error.filename else f"{what[:1].upper()}{what[1:]}.")
    return WRONG


def _wrong_usage(error: typer.TyperException) -> int:
    """A command without what it needs shows its help; anything else wrong is one line."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return WRONG
    hint = f" See `{context.command_path} --help`." if context is not None else ""
    fail(f"{error.format_message().rstrip('.')}.{hint}")
    return WRONG


if __name__ == "__main__":
    sys.exit(main())
