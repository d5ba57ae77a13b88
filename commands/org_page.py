"""What `rosterdrop org show` tells of one organization: its settings in plain words, and who gets no mail (rule N2)."""

from typing import TYPE_CHECKING, Any

from commands.output import print_json, print_pairs, print_table, say, shown
from commands.pull_page import pull_in_words, pull_pages
from commands.session import Session, run

if TYPE_CHECKING:
    from core.organizations import Organization

NO_KEYS = ("header_map",)  # `org map` shows it
UNSET: tuple[Any, ...] = (None, [], (), "", 0)

# What a value means: one sentence; one for nothing and one for something; or one for each value (None: any other).
Words = str | tuple[str, str] | dict[Any, str]
WORDS: dict[str, Words] = {
    "owner": "The first user and administrator; owns new teams that name nobody.",
    "recipients": ("Mails about imports go to the owner.", "They get a mail for each import."),
    "mode": {
        "live": "Files are applied to the directory.",
        "test": "Files are checked and filed with a report; nothing is applied.",
    },
    "preset": (
        "No HR system's labels are known but our own.",
        "Labels and habits of this HR system are known.",
    ),
    "dates": {
        "auto": "Where 03/04/2026 can be read in two ways, the rest of the file decides.",
        "dmy": "03/04/2026 is the 3rd of April.",
        "mdy": "03/04/2026 is the 4th of March.",
    },
    "time_zone": "Days begin and end here.",
    "encoding": {"utf-8": "Files in another encoding are refused.", None: "Files may also come in {}."},
    "match_by": "A user is known by this column.",
    "all_or_nothing": {
        True: "Any problem refuses the whole file.",
        False: "What is wrong is left out, the rest applied.",
    },
    "teams": {
        "add": "Teams in a row are joined; others stay.",
        "replace": "Teams that a row does not name are left.",
    },
    "export": ("Nothing is exported by itself.", "After the day's last import /export is renewed."),
    "clear_word": ("Nothing in a file empties a field.", "A cell with this word empties the field."),
    "deactivate_at": "When, on the day of its date, a user is deactivated.",
    "guard": {
        "on": "A file that changes unusually much is held until somebody approves it.",
        "off": "No file is held, however much it changes.",
    },
    "guard_deactivate_percent": "Held: more than {} % of the active users would be deactivated.",
    "guard_change_percent": "Held: name, manager or administrator would be replaced for more than {} % of the users.",
    "guard_floor": "Files that do this to {} users or fewer are never held.",
    "schedule": {
        "at once": "Files are imported as they come.",
        None: "Files wait and are imported at this time.",
    },
    "mail": {
        "every": "A mail for each import.",
        "problems": "Mails only about imports with problems.",
        "digest": "One mail a day.",
    },
    "digest_at": "When the daily mail goes out.",
    "expected": (
        "No file is missed when none comes.",
        "If no file has come by then, recipients and operator are told.",
    ),
    "file_retention_days": ("Files are kept for ever.", "Files are kept for {} days."),
    "log_retention_days": ("The log of changes is kept for ever.", "The log of changes is kept for {} days."),
    "max_file_mib": "The largest file that is taken, in MiB.",
    "max_space_mib": "All that may lie in its folder, in MiB.",
    "max_sessions": "Connections at one time.",
    "allow_from": ("Logins are taken from every address.", "Logins are taken from these networks only."),
    "login": {
        "password": "Logins by password.",
        "key": "Logins by public key.",
        "either": "Logins by password or public key.",
        "both": "Logins by password and public key together.",
    },
}


def print_organization(session: Session, org_id: str, *, as_json: bool) -> None:
    """Print one organization.

    Raises:
        NotFoundError: there is none with that id.
    """
    from commands.access import public_address

    organization, skipped, pull = run(_found(session, org_id))
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
                "pull": pull,
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
    if pull is not None:
        say()
        print_pairs(pull_in_words(pull))
    say()
    print_table(
        ("Setting", "Value", "Meaning"),
        (
            (key, value if value not in (None, [], "") else "none", in_words(key, value))
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
            f"{', '.join(skipped)}. A users file that names them makes them users; who was deactivated comes back by "
            f"`rosterdrop users reactivate {organization.id} EMAIL`."
        )


def in_words(key: str, value: Any) -> str:
    """Say what the value of a setting means for the organization."""
    words = WORDS.get(key, "")
    if isinstance(words, tuple):
        return words[0] if value in UNSET else words[1].format(shown(value))
    if isinstance(words, dict):
        return words.get(value, words.get(None, "")).format(shown(value))
    return words.format(shown(value))


async def _found(session: Session, org_id: str) -> "tuple[Organization, list[str], dict[str, Any] | None]":
    from core.addresses import address_key
    from core.organizations_store import organization_by_id
    from processor.directory.listing_store import active_keys

    async with session.reading() as connection:
        organization = await organization_by_id(connection, org_id)
        recipients = organization.settings.recipients
        active = await active_keys(connection, organization.no, map(address_key, recipients))
        skipped = [address for address in recipients if address_key(address) not in active]
        pulls = await pull_pages(session, connection, org_id)
        return organization, skipped, next(iter(pulls), None)
