"""Who gets a mail (rule N2): a pure choice from the settings and the active users."""

from collections.abc import Container
from dataclasses import dataclass

from core.addresses import address_key
from core.organization_settings import OrganizationSettings


@dataclass(frozen=True, slots=True)
class Recipients:
    """The addresses chosen, and those of the settings that are skipped because they are no active users."""

    chosen: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def choose_recipients(
    settings: OrganizationSettings, *, active: Container[str], operator: str | None
) -> Recipients:
    """Rule N2: the recipients who are active users, failing that the owner, failing that the operator.

    `active` has the keys (`core.addresses`) of the active users of the directory, those of this very import included.
    An address counts once. Without an operator's address nobody may be left.
    """
    named: dict[str, str] = {}
    for address in settings.recipients:
        named.setdefault(address_key(address), address)
    chosen = tuple(address for key, address in named.items() if key in active)
    skipped = tuple(address for key, address in named.items() if key not in active)
    if chosen:
        return Recipients(chosen, skipped)
    if address_key(settings.owner) in active:
        return Recipients((settings.owner,), skipped)
    return Recipients((operator,) if operator else (), skipped)


def wanted_keys(settings: OrganizationSettings) -> set[str]:
    """Return the keys to look up among the active users: recipients and owner."""
    return {address_key(address) for address in (*settings.recipients, settings.owner)}
