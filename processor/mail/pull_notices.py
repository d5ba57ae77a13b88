"""Mails about customers' own servers (rule S2): a host key that changed, pulls that fail, files never complete."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import from_text
from core.organizations import Organization
from processor.mail.consequences import time_in_words
from processor.mail.mails import MailContent, one_line
from processor.mail.notices import FOR_OPERATOR, FOR_RECIPIENT, compose_notice

# By the codes of errors: what is wrong here, and what the customer has to put right.
SECRETS_KEY = frozenset({"secret_lost", "secrets_key_missing", "secrets_key_damaged", "secrets_key_wrong"})
NO_ROOM = frozenset({"no_room", "upload_lost"})
AT_THE_SERVER = frozenset(
    {
        "login_refused",
        "server_unreachable",
        "remote_refused",
        "still_there",
        "file_changed",
        "bad_answer",
        "too_slow",
    }
)


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
    code: str | None,
    failures: int,
    succeeded_at: str | None,
    again_at: str | None,
) -> MailContent:
    """Rule S2: fetching failed several times in a row; told once, then daily.

    `code` is that of the error, None for trouble with single files.
    """
    org_id, zone = organization.id, ZoneInfo(organization.settings.time_zone)

    def words(at: str) -> str:
        return time_in_words(from_text(at).astimezone(zone))

    last = f"It last went well at {words(succeeded_at)}." if succeeded_at else "It has not gone well yet."
    to_do, advice = _advice(org_id, code)
    again = f"It is tried again at {words(again_at)}, and so on" if again_at else "It is tried again"
    return compose_notice(
        subject=f"{organization.name}: files cannot be fetched",
        headline=f"Fetching from the server of {organization.name} failed {failures} times",
        to_do=to_do,
        paragraphs=(
            f"Files of {organization.name} ({org_id}) are fetched from `{place}`. {error}",
            f"{last} {again}; this mail comes once a day while it fails.",
            advice,
            "If nobody acts, files that were not fetched yet stay where they are, and the directory stays as it is.",
        ),
        about=organization.name,
        footer=FOR_OPERATOR,
        tone="warn",
    )


def _advice(org_id: str, code: str | None) -> tuple[str, str]:
    """Say in a sentence what is to be done, and in some how: here, or at the customer's server."""
    if code in SECRETS_KEY:
        return "Bring the secrets key back; the customer has nothing to do.", (
            "Nothing is wrong at the customer's server: without the key here its password cannot be read, and nobody "
            "logs in there. Fetching goes on by itself when the key is back."
        )
    if code in NO_ROOM:
        return "Make room here; the customer has nothing to do.", (
            "Nothing is wrong at the customer's server: it is full here. Remove what is not needed any more, or give "
            "the data folder a larger disk; fetching goes on by itself when there is room."
        )
    if code is not None and code not in AT_THE_SERVER:
        return "Set it right here; the customer has nothing to do.", (
            f"Nothing is known to be wrong at the customer's server; `rosterdrop pull test {org_id}` shows whether it "
            "answers, `rosterdrop doctor` what is wrong here."
        )
    return "Look what is wrong, then set it right here or ask the customer to.", (
        f"`rosterdrop pull test {org_id}` shows what is wrong now. A new password or another folder: "
        f"`rosterdrop pull add {org_id} --replace`, with what changed. Otherwise the customer has to put the server "
        "right."
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
