"""Mails that are not about an import: an upload that broke off, a test of the mail server, news for the operator."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.organizations import Organization
from processor.mail.colours import COLOURS
from processor.mail.consequences import span_in_words, time_in_words
from processor.mail.mails import MailContent, one_line
from processor.mail.templating import template

FOR_RECIPIENT = (
    "You get this mail as a recipient of these imports, or because no other recipient is an active user."
)
FOR_OPERATOR = "You get this mail because you operate rosterdrop."


def compose_notice(
    *,
    subject: str,
    headline: str,
    paragraphs: Sequence[str],
    footer: str,
    to_do: str = "",
    about: str = "rosterdrop",
    tone: str = "calm",
) -> MailContent:
    """Make a mail of some paragraphs: what happened, what to do, what if nobody acts.

    `to_do` says it in a sentence, right below the headline.

    What stands between backticks is shown as code; `about` stands above the headline; `tone` is its colour: good,
    warn, bad or calm.
    """
    values = {
        "subject": one_line(subject),
        "headline": one_line(headline),
        "about": one_line(about),
        "to_do": one_line(to_do),
        "paragraphs": [" ".join(paragraph.split()) for paragraph in paragraphs],
        "footer": one_line(footer),
        "colours": COLOURS[tone],
    }
    return MailContent(
        subject=one_line(subject),
        text=template("notice.txt.j2").render(values),
        html=template("notice.html.j2").render(values),
    )


def compose_broken_upload_mail(
    *, organization: Organization, name: str, size_bytes: int, began_at: datetime, kept_s: float
) -> MailContent:
    """Rules U3, N1: an upload broke off and was not completed within an hour."""
    file, zone = one_line(name), ZoneInfo(organization.settings.time_zone)
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: upload of {file} broke off",
        headline=f"The upload of {file} broke off",
        to_do="Send the file again.",
        paragraphs=(
            f"It began at {time_in_words(began_at.astimezone(zone))} and stopped after {size_bytes:,} bytes. "
            "Nothing of it was imported, for the file is not whole.",
            "An SFTP client that can resume goes on where it stopped; what arrived so far is "
            f"listed in `/local` under the file's name, and whoever logs in as {organization.username} can also "
            "remove it there.",
            f"If nobody acts, what arrived is removed {span_in_words(kept_s)} after it stopped, and the directory "
            "stays as it is.",
        ),
        footer=FOR_RECIPIENT,
        tone="warn",
    )


def compose_expiring_password_mail(*, organization: Organization, until: datetime) -> MailContent:
    """Rule A1: the old password of an organization is good only until then."""
    zone = ZoneInfo(organization.settings.time_zone)
    end = time_in_words(until.astimezone(zone))
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: the old password ends soon",
        headline=f"The old password of {organization.name} ends at {end}",
        to_do="Ask the customer whether the HR system has the new password.",
        paragraphs=(
            f"The organization {organization.id} has a new password, and its old one is good, too, until {end}.",
            f"`rosterdrop audit --org {organization.id} --event login.succeeded` shows whether it still logs in. "
            "If the HR system has not the new password, logins fail from then on.",
        ),
        footer=FOR_OPERATOR,
        tone="warn",
    )


def compose_export_mail(*, organization: Organization, what: str, path: str, count: int) -> MailContent:
    """Rule E1: an administrator asked for an export, or somebody for him; the file itself is never attached."""
    title = what.capitalize()
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: {what} exported",
        headline=f"{title} of {organization.name}",
        to_do=f"Fetch {path} by SFTP.",
        paragraphs=(
            f"All {count:,} {what} of the directory were exported to `{path}`.",
            f"Whoever logs in by SFTP as {organization.username} can open the file, and support; nobody else. The "
            "next export takes its place.",
            "It has the form of an import: change what is wrong, drop it into `/local`, and what differs is applied.",
        ),
        footer="You get this mail because you are an administrator and the export was made for you.",
        tone="good",
    )


def compose_put_off_mail(*, organization: Organization, number: int, until: datetime) -> MailContent:
    """Rule P8: for the operator: a plan came due for the last active administrator of an organization."""
    zone = ZoneInfo(organization.settings.time_zone)
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: the last administrator was not deactivated",
        headline="A planned deactivation was put off",
        to_do="Make another user an administrator, or cancel the plan.",
        paragraphs=(
            f"User {number} is the last active administrator of {organization.name} ({organization.id}), and a file "
            "planned to deactivate this user. Without an administrator nobody there could answer for the directory.",
            f"It is tried again at {time_in_words(until.astimezone(zone))}. Until then make another user an "
            f"administrator (`Is Org Admin` = `Yes` in a file; `rosterdrop users list --org {organization.id}` shows "
            f"who there is), or cancel the plan with `rosterdrop users keep {organization.id} EMAIL`.",
        ),
        footer=FOR_OPERATOR,
        tone="warn",
    )


def compose_daily_export_mail(*, organization: Organization, users: int, teams: int) -> MailContent:
    """Rule E1: the daily export was renewed, for the first time this day."""
    return compose_notice(
        about=organization.name,
        subject=f"{organization.name}: today's export is ready",
        headline="Today's export is ready",
        to_do="Nothing is to be done.",
        paragraphs=(
            f"`/export/users.csv` holds {users:,} users, `/export/teams.csv` {teams:,} teams of "
            f"{organization.name}: the directory as it is after the last import.",
            f"Whoever logs in by SFTP as {organization.username} can open them, and support; nobody else. If more "
            "files come today, both are renewed without another mail.",
        ),
        footer="You get this mail because you are an administrator and the setting export is daily.",
        tone="good",
    )


def compose_low_disk_mail(*, free_bytes: int, reserve_bytes: int) -> MailContent:
    """Rule U9: the disk is near the reserve below which no upload is taken."""
    return compose_notice(
        subject="rosterdrop: the disk is nearly full",
        headline=f"{in_mib(free_bytes)} are free on the disk",
        to_do="Make room, or give the data folder a larger disk.",
        paragraphs=(
            f"Below {in_mib(reserve_bytes)} no upload is taken any more: customers' files are refused until there is "
            "room again.",
            "What organizations keep in `/archive` and `/error` is mostly the largest part.",
            "You hear of it once; again only after it was well.",
        ),
        footer=FOR_OPERATOR,
        tone="bad",
    )


def compose_secrets_key_mail(*, reason: str, key: Path) -> MailContent:
    """Rules R3, S2: the secrets key is not at hand; `reason` says what is wrong and what to do, `key` is its place."""
    return compose_notice(
        subject="rosterdrop: the secrets key is not at hand",
        headline="Files wait for the secrets key",
        to_do=f"Bring the secrets key back to {key}.",
        paragraphs=(
            reason,
            "Files of organizations from which people were erased wait in their queues meanwhile, for without the key "
            "nobody could tell that these people must not be made again. Nothing is fetched from customers' own "
            "servers. Uploads are taken, and all else goes on.",
            "No restart is needed when the key is back. You hear of it once; again only after it was well.",
        ),
        footer=FOR_OPERATOR,
        tone="bad",
    )


def compose_failed_mails_mail(*, count: int, some: Sequence[tuple[int, str]]) -> MailContent:
    """Rule N3: mails failed for good; `some` are the numbers of some of them, each with the reason."""
    mails = f"{count:,} mail{'' if count == 1 else 's'}"
    rest = f" and {count - len(some):,} more" if count > len(some) else ""
    return compose_notice(
        subject=f"rosterdrop: {mails} could not be delivered",
        headline=f"{mails} could not be delivered",
        to_do="Correct what the reasons say, then send them again.",
        paragraphs=(
            *(f"Mail {number}: {one_line(reason)}" for number, reason in some),
            f"`rosterdrop mail list --state failed` shows them{rest}, with the recipients. "
            "`rosterdrop mail retry` sends them again; `rosterdrop mail test ADDRESS` tries the mail server.",
            "You get such a mail at most once a day.",
        ),
        footer=FOR_OPERATOR,
        tone="bad",
    )


def in_mib(size_bytes: int) -> str:
    """Write a size in MiB: `1,024 MiB`."""
    return f"{size_bytes >> 20:,} MiB"


def compose_test_mail(*, host: str | None) -> MailContent:
    """Rule N5: what `rosterdrop mail test` sends; `host` is the mail server, None for the Maildir."""
    way = f"by {host}" if host else "as a file of the Maildir, because no mail server is set"
    return compose_notice(
        subject="Test mail of rosterdrop",
        headline="It works",
        paragraphs=(f"This mail was handed over {way}. Mails about imports go the same way.",),
        footer="Somebody ran rosterdrop mail test.",
        tone="good",
    )
