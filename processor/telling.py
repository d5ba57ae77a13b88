"""Puts a mail for an organization's recipients, or for the operator, into the outbox (rules N2, N3).

All of it happens in the caller's transaction, so that a mail exists exactly if what it tells of does.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from core.addresses import address_key
from core.database import Connection
from core.organizations import Organization
from core.organizations_store import all_organizations
from core.settings import Settings
from processor.directory.listing_store import active_keys
from processor.mail import outbox_store
from processor.mail.mails import DIGEST, MailContent, NewMail, OutboxMail, SummaryLine
from processor.mail.recipients import choose_recipients, wanted_keys


@dataclass(frozen=True, slots=True)
class Audience:
    """Who gets a mail; `would_be`: the address keys of those who are users only if a checked file counts (H8)."""

    addresses: tuple[str, ...]
    would_be: frozenset[str] = frozenset()

    def has(self, address: str | None) -> bool:
        """Whether an address is among them, case ignored."""
        return address is not None and address_key(address) in map(address_key, self.addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldImport:
    """What is told of one import, composed where its mail goes out by itself, and its line in a summary.

    Without such a line it is never held back.
    """

    number: int
    content: Callable[[], MailContent]
    summary_line: SummaryLine | None


async def audience_of(
    connection: Connection,
    organization: Organization,
    *,
    settings: Settings,
    would_be_active: Collection[str] = (),
) -> Audience:
    """Rule N2: the recipients who are active users now, failing that the owner, failing that the operator."""
    active = await active_keys(connection, organization.no, wanted_keys(organization.settings))
    chosen = choose_recipients(
        organization.settings, active={*active, *would_be_active}, operator=settings.operator_email
    ).chosen
    return Audience(chosen, frozenset(would_be_active) - active)


async def tell(
    connection: Connection,
    organization: Organization,
    audience: Audience,
    content: MailContent,
    *,
    settings: Settings,
    now: datetime,
    import_number: int | None = None,
    identity: str | None = None,
    id_prefix: str = "",
) -> None:
    """Write one mail for each of the audience.

    What is marked as told elsewhere than in the database has an `identity`: after a crash it is told nobody again.
    """
    uuids = {address: _uuid(identity, address) for address in audience.addresses}
    mail_from = settings.mail_from
    told = {
        address
        for address, uuid in uuids.items()
        if identity is not None
        and await outbox_store.has(connection, uuid, mail_from=mail_from, prefix=id_prefix)
    }
    mails = [
        NewMail(
            org_no=organization.no,
            import_number=import_number,
            recipient=address,
            content=content,
            uuid=uuids[address],
            would_be=address_key(address) in audience.would_be,
            id_prefix=id_prefix,
        )
        for address in audience.addresses
        if address not in told
    ]
    await outbox_store.enqueue(connection, mails, now=now, mail_from=mail_from)


async def tell_of_imports(
    connection: Connection,
    organization: Organization,
    audience: Audience,
    told: Sequence[ToldImport],
    *,
    settings: Settings,
    now: datetime,
) -> None:
    """Write one mail for each import and each of the audience; too many of them become a summary (N1)."""
    mails = [
        NewMail(
            org_no=organization.no,
            import_number=one.number,
            recipient=address,
            content=one.content,
            uuid=uuid4(),
            summary_line=one.summary_line,
            summary_of=organization.name,
            would_be=address_key(address) in audience.would_be,
        )
        for one in told
        for address in audience.addresses
    ]
    await outbox_store.enqueue(connection, mails, now=now, mail_from=settings.mail_from)


async def tell_instead(
    connection: Connection, mail: OutboxMail, now: datetime, *, settings: Settings
) -> None:
    """Rule N2: nobody qualified when a mail was to be sent, so whoever is to get it then gets it, once."""
    organizations = {organization.no: organization for organization in await all_organizations(connection)}
    organization = organizations.get(mail.org_no or 0)
    if organization is None or not mail.is_for_recipients:
        return
    if await outbox_store.has_other_reader(connection, mail):
        return
    audience = await audience_of(connection, organization, settings=settings)
    await tell(
        connection,
        organization,
        audience,
        mail.content,
        settings=settings,
        now=now,
        import_number=mail.import_number,
        identity=f"instead of {mail.message_id}",
        id_prefix=DIGEST if mail.import_number is None else "",
    )


def _uuid(identity: str | None, address: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"rosterdrop:{identity}:{address_key(address)}") if identity else uuid4()


async def tell_operator(
    connection: Connection,
    content: MailContent,
    *,
    settings: Settings,
    now: datetime,
    import_number: int | None = None,
    uuid: UUID | None = None,
    id_prefix: str = "",
) -> bool:
    """Write a mail for the operator; False where there is no address for one."""
    if settings.operator_email is None:
        return False
    mail = NewMail(
        org_no=None,
        import_number=import_number,
        recipient=settings.operator_email,
        content=content,
        uuid=uuid or uuid4(),
        id_prefix=id_prefix,
    )
    await outbox_store.enqueue(connection, [mail], now=now, mail_from=settings.mail_from)
    return True
