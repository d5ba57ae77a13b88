"""What a customer needs to connect: host, port, user name, and a password that is shown once (rule A1)."""

import sys

from commands.daemon import running_daemon
from commands.output import print_json, print_pairs, warn
from commands.session import Session
from core.errors import UsageError
from core.organizations import Organization

EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not listened on
SHORT = 12


def password_from(*, stdin: bool) -> str:
    """Rule A1: make a password, or read it from the first line of standard input.

    Raises:
        UsageError: there is none.
    """
    if not stdin:
        from core.passwords import generate_password

        return generate_password()
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise UsageError("--password-stdin: there is no password on standard input.")
    if len(password) < SHORT:
        warn(
            f"a password of {len(password)} characters is easily guessed; without --password-stdin one of 24 is made."
        )
    return password


def print_access(session: Session, organization: Organization, password: str, *, as_json: bool) -> None:
    """Section X: print `Organization ID`, `Host`, `Port`, `Username`, `Password`, for the one time."""
    host, port = public_address(session)
    if as_json:
        print_json(
            {
                "id": organization.id,
                "name": organization.name,
                "host": host,
                "port": port,
                "username": organization.username,
                "password": password,
            }
        )
        return
    print_pairs(
        [
            ("Organization ID", organization.id),
            ("Host", host),
            ("Port", port),
            ("Username", organization.username),
            ("Password", password),
        ]
    )
    warn("the password is shown this once; `rosterdrop org password` makes another.")


def public_address(session: Session) -> tuple[str, int]:
    """Return the host and port that customers use: of the running daemon, else as the settings say."""
    settings = session.settings
    daemon = running_daemon(session.data_dir)
    host = settings.public_host or settings.host
    if host in EVERY_ADDRESS:
        warn(f"{host or 'an empty host'} is no address for customers; set ROSTERDROP_PUBLIC_HOST.")
    port = daemon.port if daemon else settings.port
    if not port:
        warn("the port is chosen when the daemon starts; `rosterdrop org show` tells it then.")
    return host, port
