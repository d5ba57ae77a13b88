"""Why a text is no e-mail address, in the words of somebody who looks at the cell (rules P1, P6, T2): pure."""

import re

from core.addresses import AddressError, parse_address

_SPREADSHEET_ERROR = re.compile(
    r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|NV|BEZUG!)", re.IGNORECASE
)
_LONGEST = 500  # characters that are looked at; an address has 254 at most (RFC 5321)
_SEPARATORS = re.compile(r"[;,\s/|]+")


def why_no_address(text: str) -> str:
    """Return what makes a text no address, as the end of a sentence; empty where nothing simple can be said.

    The value itself is never quoted.
    """
    if len(text) > _LONGEST:
        return ": it is too long"
    if _SPREADSHEET_ERROR.fullmatch(text):
        return ": a spreadsheet left its error value there"
    if text.casefold().startswith("mailto:"):
        return ": `mailto:` stands before it"
    if _addresses_in(text) > 1:
        return ": several addresses stand in the cell"
    if "<" in text and ">" in text:
        return ": a name stands beside it"
    if "@" not in text:
        return ": it has no @"
    if any(character.isspace() for character in text):
        return ": a space stands inside"
    domain = text.rpartition("@")[2]
    return ": nothing with a dot follows the @" if "." not in domain.strip(".") else ""


def _addresses_in(text: str) -> int:
    found = 0
    for part in _SEPARATORS.split(text) if text.count("@") > 1 else ():
        try:
            parse_address(part.strip("<>()\"'"))
        except AddressError:
            continue
        found += 1
    return found
