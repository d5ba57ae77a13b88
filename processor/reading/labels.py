"""Labels: our standard ones, when two are the same (rule H4), and which one a strange label looks like (rule H3)."""

import difflib
import re
import unicodedata
from enum import StrEnum

from core.addresses import AddressError, parse_address
from processor.reading.dates import read_date
from processor.reading.values import UNSEEN, clean, take_guard_off

_IGNORED = re.compile(rf"[\s_\-{UNSEEN}]+")
LISTED_LABELS = 30
_LIKENESS = 0.6


class Meaning(StrEnum):
    """What a column holds. The values are the labels that header maps use for it."""

    USER_EMAIL = "User Email"
    USER_NAME = "User Name"
    FIRST_NAME = "First Name"
    LAST_NAME = "Last Name"
    TEAMS = "Teams"
    MANAGER_EMAIL = "Manager Email"
    MANAGER = "Manager"
    MANAGER_EMPLOYEE_ID = "Manager Employee ID"
    MANAGER_NAME = "Manager Name"
    ACCOUNT_TYPE = "User Account Type"
    IS_ORG_ADMIN = "Is Org Admin"
    DEACTIVATION_DATE = "Deactivation Date"
    STATUS = "Leaver Status"
    TEAM_NAME = "Team Name"
    TEAM_OWNER = "Team Owner"
    PARENT_TEAM = "Parent Team"
    TEAM_TYPE = "Team Type"
    CUSTOM = "custom"
    IGNORE = "ignore"


def label_key(label: str) -> str:
    """Rule H4: the form in which two labels are the same: without case, white space, `_`, `-` and BOM."""
    composed = unicodedata.normalize("NFC", label)
    folded = _IGNORED.sub("", composed).casefold()  # both can leave marks in another order
    return unicodedata.normalize("NFC", folded) or clean(composed)


def clean_label(label: str) -> str:
    """Return a label without outer white space and without the guard of a formula (rule E2)."""
    return take_guard_off(clean(label))


# H1, H2. `Manager Name` and the status of leavers are understood through a map only (H6).
USER_LABELS: dict[str, Meaning] = {
    m.value: m
    for m in (
        Meaning.USER_EMAIL,
        Meaning.USER_NAME,
        Meaning.FIRST_NAME,
        Meaning.LAST_NAME,
        Meaning.TEAMS,
        Meaning.MANAGER_EMAIL,
        Meaning.MANAGER,
        Meaning.MANAGER_EMPLOYEE_ID,
        Meaning.ACCOUNT_TYPE,
        Meaning.IS_ORG_ADMIN,
        Meaning.DEACTIVATION_DATE,
    )
}
TEAM_LABELS: dict[str, Meaning] = {
    "Team Name": Meaning.TEAM_NAME,
    "Team Owner": Meaning.TEAM_OWNER,
    "Owner Email": Meaning.TEAM_OWNER,
    "Team Owner Email": Meaning.TEAM_OWNER,
    "Parent Team": Meaning.PARENT_TEAM,
    "Team Type": Meaning.TEAM_TYPE,
}
STANDARD_LABELS = (*USER_LABELS, *TEAM_LABELS)
_KEY_LABELS = ("User Email", "Team Name")
_NEAR_WORDS = {
    "email": "User Email",
    "emailaddress": "User Email",
    "workemail": "User Email",
    "workemailaddress": "User Email",
    "businessemail": "User Email",
    "primaryemail": "User Email",
    "companyemail": "User Email",
    "mail": "User Email",
    "mailaddress": "User Email",
    "useremailaddress": "User Email",
    "team": "Team Name",
    "teams": "Teams",
    "workmail": "User Email",
    "name": "User Name",
    "fullname": "User Name",
    "displayname": "User Name",
    "surname": "Last Name",
    "givenname": "First Name",
    "supervisoremail": "Manager Email",
    "supervisor": "Manager",
    "reportsto": "Manager",
    "terminationdate": "Deactivation Date",
    "lastdayofwork": "Deactivation Date",
}


_OF_OTHERS = ("manager", "supervisor", "reports", "team", "owner", "private", "personal", "home")


def nearest_label(label: str) -> str | None:
    """Rule H3: the standard label that a label looks like, None where it looks like none."""
    key = label_key(label)
    if known := _NEAR_WORDS.get(key):
        return known
    # Who names a manager or a team says so: an `Employee #` is no `Manager Employee ID`.
    keys = {
        label_key(standard): standard
        for standard in STANDARD_LABELS
        if all((word in key) == (word in label_key(standard)) for word in ("manager", "team", "owner"))
    }
    if key in keys:
        return None  # it is understood as it stands
    if "mail" in key and not any(word in key for word in _OF_OTHERS):
        return Meaning.USER_EMAIL.value
    near = difflib.get_close_matches(key[:64], keys, n=1, cutoff=_LIKENESS)
    return keys[near[0]] if near else None


def hint_how_to_map(labels: list[str]) -> str:
    """Rule H3: say what the labels found look like, those of the two keys first."""
    near = [(label, standard) for label in labels[:LISTED_LABELS] if (standard := nearest_label(label))]
    near.sort(key=lambda pair: pair[1] not in _KEY_LABELS)
    if not near:
        return "None of them looks like one of ours"
    return "; ".join(f"`{label}` looks like `{standard}`: map it" for label, standard in near[:5])


def looks_like_data(label: str) -> bool:
    """Rule F2: whether a label is an address, a date or only digits, so that the header is missing."""
    text = clean(label)
    if text.isdigit() or read_date(text):
        return True
    if "@" not in text:
        return False
    try:
        parse_address(text)
    except AddressError:
        return False
    return True
