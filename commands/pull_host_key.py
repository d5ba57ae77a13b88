"""The first contact with a customer's server: its host key is shown, and an operator confirms it (rule S2)."""

import asyncio
import sys
from typing import TYPE_CHECKING

import typer

from commands.output import say
from core.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from processor.intake.ssh_connection import HostKey


async def confirmed_host_key(host: str, port: int) -> "HostKey":
    """Ask the server for its host key, and the operator whether it is the right one.

    Raises:
        ServerUnreachableError: it does not answer.
        UsageError: there is no terminal to ask on; the text tells the fingerprint.
    """
    from processor.intake.ssh_connection import host_keys_of

    found = await host_keys_of(host, port)
    key = found[0]
    if not sys.stdin.isatty():
        raise UsageError(
            f"{host} shows the host key {key.fingerprint} ({key.kind}). Compare it with what the customer says, "
            f"and add --host-key {key.fingerprint}"
        )
    say(f"{host} port {port} shows these host keys:")
    for one in found:
        say(f"  {one.fingerprint} ({one.kind})")
    say("Compare them with what the customer says, who knows them from the server itself.")
    await asyncio.to_thread(typer.confirm, f"Is {key.fingerprint} right, and to be pinned?", abort=True)
    return key


async def look_for_host_key(
    host: str, port: int, fingerprint: str, *, within_s: float
) -> "tuple[str | None, HostKey | None]":
    """Say of which kind a pinned key is, where the server tells it quickly; it is found out later otherwise.

    Where it shows other keys only, the second value is the one that it prefers.
    """
    from processor.intake.ssh_connection import host_keys_of

    try:
        async with asyncio.timeout(within_s):
            found = await host_keys_of(host, port)
    except (ServiceError, TimeoutError):
        return None, None
    kind = next((key.kind for key in found if key.fingerprint == fingerprint), None)
    return kind, found[0] if kind is None else None
