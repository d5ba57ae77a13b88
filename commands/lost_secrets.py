"""`rosterdrop keys --secrets-lost`: a new secrets key in place of one that nobody can bring back (rules R3, S2)."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from commands.output import say
from commands.session import Session
from core.errors import UsageError

if TYPE_CHECKING:
    from core.secrets_key import SecretsKeyError


async def replace_secrets_key(session: Session, *, yes: bool) -> None:
    """Make a new key, note it, and say what is lost with the old one; a wrong or damaged file is kept aside.

    Raises:
        UsageError: the key is the right one, or there is none and nothing depends on one.
    """
    from commands.auditing import note
    from core.audit import Event
    from core.secrets_key import NAME, new_secrets_key, put_to_use
    from core.secrets_key_store import dependents, give_up_secrets_key, trouble_with_secrets_key

    keys_dir, now = session.settings.keys_dir, session.clock.now()
    async with session.existing_database() as database:
        async with database.reading() as connection:
            trouble = await trouble_with_secrets_key(connection, keys_dir) or await _damage(keys_dir)
            found = await dependents(connection)
        if trouble is None:
            raise UsageError("The secrets key is not lost: nothing was changed.")
        cost = (
            f"{found.erased_people:,} erased people are forgotten, and the next file that has them makes them again; "
            f"the passwords of {found.pull_servers:,} customers' own servers have to be given again."
        )
        if not yes:
            typer.confirm(f"{trouble.public_message}\n{cost}\nMake a new key?", abort=True, err=True)
        new, key = await asyncio.to_thread(new_secrets_key, keys_dir)
        try:
            async with database.writing() as connection:
                await give_up_secrets_key(connection, key, now=now)
                detail = f"{found.erased_people} erased people forgotten, {found.pull_servers} servers without password"
                await note(session, connection, Event.SECRETS_KEY_REPLACED, detail=detail)
        except BaseException:
            await asyncio.to_thread(new.unlink)
            raise
        # After the commit: were it killed before, a key that nobody gave up anything for would count as the right one.
        await asyncio.to_thread(put_to_use, new, aside=f"{NAME}.{now:%Y%m%dT%H%M%SZ}")
    say(f"A new secrets key is in {keys_dir}: keep a copy of it. {cost}")
    if found.pull_servers:
        say(
            "`rosterdrop pull list` names the servers; for each: `rosterdrop pull add ORG --replace --password-stdin`."
        )


async def _damage(keys_dir: Path) -> "SecretsKeyError | None":
    """A damaged file is in the way of the next erasure also where nothing depends on it."""
    from core.secrets_key import SecretsKeyDamagedError, SecretsKeyMissingError, load_secrets_key

    try:
        await asyncio.to_thread(load_secrets_key, keys_dir, make=False)
    except SecretsKeyMissingError:
        return None
    except SecretsKeyDamagedError as exc:
        return exc
    return None
