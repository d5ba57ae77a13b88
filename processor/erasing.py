"""Erases a person (rule R3): directory and log in one transaction, then the exports; files that remain are named."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.addresses import address_key
from core.audit import AuditEntry, Event
from core.audit_store import append
from core.clock import Clock, to_text
from core.database import Connection, Database
from core.errors import NotFoundError, ServiceError
from core.organizations import Organization
from core.organizations_store import USER_ID_SHIFT, change_organization, organization_by_id
from core.secrets_key_store import secrets_key_of, secrets_key_to_keep_with
from processor.directory import erasure_store as store
from processor.directory.deactivations_store import count_active_admins
from processor.directory.erasure import hash_of
from processor.exporting import Exporter, What
from processor.filing.mentions import files_mentioning


class NotErasableError(ServiceError):
    """Somebody else must take the person's place first."""

    code = "not_erasable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What became of it: the user's number (None where that was before), and the files that mention the address."""

    number: int | None
    files: list[str]


async def erase_person(
    *, database: Database, clock: Clock, keys_dir: Path, root: Path, org_id: str, email: str, who: str
) -> Erasure:
    """Rule R3: erase a person; `root` is the organization's folder.

    Of somebody who was erased before the exports are renewed once more, for a crash may have come between.

    Raises:
        NotFoundError: no such organization or user.
        NotErasableError: the organization's owner or last active administrator.
        SecretsKeyError: the key by which people who were erased before are known is not at hand.
    """
    key = await secrets_key_to_keep_with(database, keys_dir, now=clock.now())
    async with database.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        person = await store.person_of(connection, org_no=organization.no, email=email)
        number: int | None = None
        addresses: tuple[str, ...] = (address_key(email),)
        if person is not None:
            number, addresses = person.id & ((1 << USER_ID_SHIFT) - 1), person.addresses
            await _erase(connection, organization, person, key=key, now=clock.now())
            entry = AuditEntry(
                at=clock.now(), event=Event.PERSON_ERASED, who=who, org_id=org_id, detail=f"user {number}"
            )
            await append(connection, [entry])
        elif hash_of(key, organization.no, addresses[0]) not in await store.erased_hashes(
            connection, organization.no
        ):
            raise NotFoundError(
                f"{organization.name} has no user with that address: `rosterdrop users list --org {org_id}` shows all."
            )
    await _renew_exports(database, organization, root / "export")
    files = await asyncio.to_thread(files_mentioning, root, addresses)
    return Erasure(number=number, files=files)


async def _erase(
    connection: Connection, organization: Organization, person: store.Person, *, key: bytes, now: datetime
) -> None:
    _require_replaceable(organization, person, await count_active_admins(connection, organization.no))
    await store.erase(
        connection,
        person,
        org_no=organization.no,
        owner=organization.settings.owner,
        hashes=[hash_of(key, organization.no, address) for address in person.addresses],
        now=to_text(now),
    )
    recipients = organization.settings.recipients
    kept = tuple(one for one in recipients if address_key(one) not in person.addresses)
    if kept != recipients:
        settings = organization.settings.changed({"recipients": kept})
        await change_organization(connection, organization.id, settings=settings)


async def allow_again(*, database: Database, keys_dir: Path, org_id: str, email: str) -> None:
    """Rule R3: a person who was erased came back: files may make the user again.

    Raises:
        NotFoundError: nobody of that address was erased.
        SecretsKeyError: the key by which erased people are known is not at hand.
    """
    key = await _key_of_erased(database, keys_dir)
    async with database.writing() as connection:
        organization = await organization_by_id(connection, org_id)
        address = hash_of(key, organization.no, address_key(email))
        if not await store.forget_erased(connection, org_no=organization.no, address_hash=address):
            raise NotFoundError(f"Nobody of that address was erased from {organization.name}.")


async def _key_of_erased(database: Database, keys_dir: Path) -> bytes:
    async with database.reading() as connection:
        return await secrets_key_of(connection, keys_dir)


def _require_replaceable(organization: Organization, person: store.Person, admins: int) -> None:
    if address_key(organization.settings.owner) in person.addresses:
        raise NotErasableError(
            f"This is the owner of {organization.name}: name another one first "
            f"(`rosterdrop org set {organization.id} owner=EMAIL`)."
        )
    if person.is_active_admin and admins < 2:
        raise NotErasableError(
            f"This is the last active administrator of {organization.name}: make another user one first."
        )


async def _renew_exports(database: Database, organization: Organization, folder: Path) -> None:
    """Write each export anew that lies in the folder: the person is in it no more."""
    for what in What:
        for workbook in (False, True):
            exporter = Exporter(database=database, organization=organization, what=what, workbook=workbook)
            await exporter.renew(folder)
