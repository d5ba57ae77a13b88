"""Mails for the operator about customers' own servers (rule S2): a host key that changed, pulls that fail."""

from zoneinfo import ZoneInfo

from core.clock import from_text
from core.organizations import Organization
from processor.mail.consequences import time_in_words
from processor.mail.mails import MailContent
from processor.mail.notices import FOR_OPERATOR, compose_notice


def compose_pull_stopped_mail(
    *, organization: Organization, place: str, pinned: str, shown: str
) -> MailContent:
    """Rule S2: the server shows another host key than the pinned one; nothing is fetched until somebody decides."""
    org_id = organization.id
    return compose_notice(
        subject=f"{organization.name}: another host key, fetching is stopped",
        headline=f"The server of {organization.name} shows another host key",
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
