"""Mails about customers' own servers (rule S2): a host key that changed, pulls that fail, files never complete."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import from_text
from core.organizations import Organization
from processor.mail.consequences import time_in_words
from processor.mail.mails import MailContent, one_line
from processor.mail.notices import FOR_OPERATOR, FOR_RECIPIENT, compose_notice


def compose_pull_stopped_mail(
    *, organization: Organization, place: str, pinned: str, shown: str
) -> MailContent:
    """Rule S2: the server shows another host key than the pinned one; nothing is fetched until somebody decides."""
    org_id = organization.id
    return compose_notice(
        subject=f"{organization.name}: another host key, fetching is stopped",
        headline=f"The server of {organization.name} shows another host key",
        to_do="Ask the customer, by another way, for the fingerprint that the server has now.",
        paragraphs=(
            f"Files of {organization.name} ({org_id}) are fetched from `{place}`. It shows the host key `{shown}`. "
            f"Pinned is `{pinned}`.",
            "Either the customer has set up the server anew, or somebody else answers in its place. Nothing was sent "
            "to it, no password and no key, and nothing was fetched.",
            "Ask the customer, by telephone or another way than that server, for the fingerprint that it has now. If "
            f"it is the new one: `rosterdrop pull add {org_id} --replace --host-key {shown}`. If it is another one, "
            "leave the pull stopped, and tell the customer that somebody may stand between you.",
            "If nobody acts, no file of this customer is fetched, and the directory stays as it is.",
        ),
        about=organization.name,
        footer=FOR_OPERATOR,
        tone="bad",
    )


def compose_pull_failed_mail(
    *,
    organization: Organization,
    place: str,
    error: str,
    failures: int,
    succeeded_at: str | None,
    again_at: str | None,
) -> MailContent:
    """Rule S2: fetching failed several times in a row; told once, then daily."""
    org_id, zone = organization.id, ZoneInfo(organization.settings.time_zone)

    def words(at: str) -> str:
        return time_in_words(from_text(at).astimezone(zone))

    last = f"It last went well at {words(succeeded_at)}." if succeeded_at else "It has not gone well yet."
    again = f"It is tried again at {words(again_at)}, and so on" if again_at else "It is tried again"
    return compose_notice(
        subject=f"{organization.name}: files cannot be fetched",
        headline=f"Fetching from the server of {organization.name} failed {failures} times",
        to_do="Look what is wrong, then set it right here or ask the customer to.",
        paragraphs=(
            f"Files of {organization.name} ({org_id}) are fetched from `{place}`. {error}",
            f"{last} {again}; this mail comes once a day while it fails.",
            f"`rosterdrop pull test {org_id}` shows what is wrong now. A new password or another folder: "
            f"`rosterdrop pull add {org_id} --replace`, with what changed. Otherwise the customer has to put the "
            "server right.",
            "If nobody acts, files that were not fetched yet stay where they are, and the directory stays as it is.",
        ),
        about=organization.name,
        footer=FOR_OPERATOR,
        tone="warn",
    )


def compose_unfinished_mail(
    *, organization: Organization, place: str, names: str, since: datetime, for_operator: bool
) -> MailContent:
    """Rule S2: each look for an hour has found a file that was still being written; told once."""
    begun = time_in_words(since.astimezone(ZoneInfo(organization.settings.time_zone)))
    show = f" `rosterdrop pull test {organization.id}` shows how it stands now." if for_operator else ""
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: a file at the customer's server is never complete",
        headline="A file is still being written after an hour",
        to_do=(
            "Ask the customer what writes there."
            if for_operator
            else "Look what writes there, and let it write under a temporary name."
        ),
        paragraphs=(
            f"Files of {organization.name} are fetched from `{place}`. Since {begun} each look has found one that was "
            f"still being written, now `{one_line(names)}`. Nothing of such a file is imported, for it may not be "
            f"whole.{show}",
            "The system that writes it should write under a temporary name, `users.csv.part` for instance, and rename "
            "the file when it is complete.",
            "It is looked at again and again, and fetched when it does not change any more; you hear of this once. "
            "Other files are fetched as ever. If nobody acts, the directory stays as it is.",
        ),
        footer=FOR_OPERATOR if for_operator else FOR_RECIPIENT,
        tone="warn",
    )
