"""The mails about a file that was expected: it did not come, it came after all (rule N4)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.organizations import Organization
from processor.mail.consequences import time_in_words
from processor.mail.mails import MailContent, one_line
from processor.mail.notices import FOR_OPERATOR, FOR_RECIPIENT, compose_notice


def compose_missed_mail(
    *,
    organization: Organization,
    by: datetime,
    since: datetime,
    last: tuple[datetime, str] | None,
    for_operator: bool,
) -> MailContent:
    """Rule N4: no file was accepted by that time, since the time before; `last` is the last file that came."""
    zone = ZoneInfo(organization.settings.time_zone)
    clock, name = f"{by.astimezone(zone):%H:%M}", one_line(organization.name)
    before = (
        f"The last file, {one_line(last[1])}, came at {time_in_words(last[0].astimezone(zone))}"
        f"{', late for the time before' if last[0] > since else ''}."
        if last
        else "No file has come from this organization yet."
    )
    audit = f"`rosterdrop audit --org {organization.id} --since {since.astimezone(UTC):%Y-%m-%dT%H:%M}`"
    to_do = (
        "Ask the customer whether its HR system's export ran."
        if for_operator
        else "Look whether the HR system's export ran, and let it send the file again."
    )
    where = f"{audit} shows logins and uploads, refused ones too. " if for_operator else ""
    return compose_notice(
        about=organization.name,
        subject=f"{name}: no file came by {clock}",
        headline=f"No file came by {clock}",
        to_do=to_do,
        paragraphs=(
            f"{name} expects a file by {time_in_words(by.astimezone(zone))}, and none has come. {before}",
            f"{where}If nobody acts, the directory stays as it is. You hear of it when a file comes after all, and "
            "again when the next time is missed.",
        ),
        footer=FOR_OPERATOR if for_operator else FOR_RECIPIENT,
        tone="bad",
    )


def compose_came_mail(
    *, organization: Organization, by: datetime, at: datetime, name: str, for_operator: bool
) -> MailContent:
    """Rule N4: the file that was missed by then came after all."""
    zone = ZoneInfo(organization.settings.time_zone)
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: the expected file came",
        headline="The expected file came after all",
        to_do="Nothing is to be done.",
        paragraphs=(
            f"{one_line(name)} came at {time_in_words(at.astimezone(zone))}; it was expected by "
            f"{time_in_words(by.astimezone(zone))}.",
            "What became of the file, its own mail tells.",
        ),
        footer=FOR_OPERATOR if for_operator else FOR_RECIPIENT,
        tone="good",
    )
