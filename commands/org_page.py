"""What `rosterdrop org show` tells of one organization: its settings in plain words, and who gets no mail (rule N2)."""

from typing import TYPE_CHECKING

from commands.output import print_json, print_pairs, print_table, say
from commands.session import Session, run

if TYPE_CHECKING:
    from core.organization_settings import OrganizationSettings
    from core.organizations import Organization

NO_KEYS = ("header_map",)  # `org map` shows it


def print_organization(session: Session, org_id: str, *, as_json: bool) -> None:
    """Print one organization.

    Raises:
        NotFoundError: there is none with that id.
    """
    from commands.access import public_address

    organization, skipped = run(_found(session, org_id))
    host, port = public_address(session)
    settings = organization.settings
    values = settings.model_dump(mode="json", exclude=set(NO_KEYS))
    if as_json:
        print_json(
            {
                "id": organization.id,
                "name": organization.name,
                "host": host,
                "port": port,
                "username": organization.username,
                "enabled": organization.enabled,
                "created_at": organization.created_at,
                "settings": values,
                "map": settings.header_map,
                "recipients_skipped": skipped,
            }
        )
        return
    print_pairs(
        [
            ("Organization ID", organization.id),
            ("Name", organization.name),
            ("Host", host),
            ("Port", port),
            ("Username", organization.username),
            (
                "Enabled",
                "yes" if organization.enabled else "no: it cannot log in, and its queue stands still",
            ),
            ("Made", organization.created_at),
        ]
    )
    say()
    print_table(
        ("Setting", "Value", "Meaning"),
        (
            (key, value if value not in (None, [], "") else "none", in_words(key, settings))
            for key, value in values.items()
        ),
        nothing="",
    )
    if settings.header_map:
        say(
            f"\nHeader map: {len(settings.header_map)} entries; `rosterdrop org map {organization.id}` shows them."
        )
    if skipped:
        say(
            "\nThese recipients get no mail, for they are not active users of this organization: "
            f"{', '.join(skipped)}. A users file that names them makes them users."
        )


def in_words(key: str, settings: "OrganizationSettings") -> str:
    """Say what a setting means for the organization; nothing where its value says it all."""
    words = {
        "owner": "The first user and administrator; owns new teams that name nobody.",
        "recipients": (
            "They get a mail for each import."
            if settings.recipients
            else "Mails about imports go to the owner."
        ),
        "mode": {
            "live": "Files are applied to the directory.",
            "test": "Files are checked and filed with a report; nothing is applied.",
        }[settings.mode],
        "preset": (
            "Labels and habits of this HR system are known."
            if settings.preset
            else "No HR system's labels are known but our own."
        ),
        "dates": {
            "auto": "Where 03/04/2026 can be read in two ways, the rest of the file decides.",
            "dmy": "03/04/2026 is the 3rd of April.",
            "mdy": "03/04/2026 is the 4th of March.",
        }[settings.dates],
        "time_zone": "Days begin and end here.",
        "encoding": (
            "Files in another encoding are refused."
            if settings.encoding == "utf-8"
            else f"Files may also come in {settings.encoding}."
        ),
        "match_by": "A user is known by this column.",
        "all_or_nothing": (
            "Any problem refuses the whole file."
            if settings.all_or_nothing
            else "What is wrong is left out, the rest applied."
        ),
        "teams": {
            "add": "Teams in a row are joined; others stay.",
            "replace": "Teams that a row does not name are left.",
        }[settings.teams],
        "clear_word": (
            "A cell with this word empties the field."
            if settings.clear_word
            else "Nothing in a file empties a field."
        ),
    }
    return words.get(key, "")


async def _found(session: Session, org_id: str) -> "tuple[Organization, list[str]]":
    from core.addresses import address_key
    from core.organizations_store import organization_by_id
    from processor.directory.listing_store import active_keys

    async with session.reading() as connection:
        organization = await organization_by_id(connection, org_id)
        recipients = organization.settings.recipients
        active = await active_keys(connection, organization.no, map(address_key, recipients))
        return organization, [address for address in recipients if address_key(address) not in active]
