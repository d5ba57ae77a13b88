"""Holds back a file that would change unusually much (rule G1): pure.

Files of the last 24 hours count together, each user once: nineteen files of ten leavers are one of 190. What somebody
approved counts no more, for somebody has looked at it.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from core.organization_settings import OrganizationSettings

WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """How much a file would change, and of how many."""

    deactivated: int  # users active before, now or planned
    active: int
    replaced: int  # users known before whose name, manager or role, or a membership that ends, is replaced
    known: int
    with_earlier: bool = False  # whether files of the last 24 hours are counted in


@dataclass(frozen=True, slots=True)
class Users:
    """Whom files touch in the way that guards look at."""

    deactivated: Set[int] = field(default_factory=frozenset)
    replaced: Set[int] = field(default_factory=frozenset)
    gone: int = 0  # of the deactivated, those who are so by now


def users_of(changes: Iterable[tuple[Any, ...]]) -> Users:
    """Return the users in the rows (kind, target, key, field, old, new) of changes."""
    deactivated, replaced = set(), set()
    for kind, target, _key, name, old, new in changes:
        if kind != "user":
            continue
        if name == "deactivates_at" and new is not None:
            deactivated.add(target)
        elif is_guarded(name, old, new):
            replaced.add(target)
    return Users(deactivated, replaced)


def is_guarded(name: str, old: object, new: object) -> bool:
    """Whether a change replaces an existing name, manager, role or, with `teams = replace`, membership."""
    if name == "teams":
        return old is not None and new is None
    return name in ("name", "is_org_admin", "manager_email") and old is not None


def counted_together(found: Magnitude, *, own: Users, earlier: Users) -> Magnitude:
    """Return how much a file and those before it change, each user once; of those active before the first of them."""
    return Magnitude(
        deactivated=len(own.deactivated | earlier.deactivated) if found.deactivated else 0,
        active=found.active + earlier.gone,
        replaced=len(own.replaced | earlier.replaced) if found.replaced else 0,
        known=found.known,
        with_earlier=True,
    )


def at_most(found: Magnitude, *, deactivated: int, replaced: int) -> Magnitude:
    """Return what a file and those before it can change at most, where users that several touch are not known yet."""
    return replace(
        found,
        deactivated=found.deactivated + deactivated if found.deactivated else 0,
        replaced=found.replaced + replaced if found.replaced else 0,
    )


def why_held(found: Magnitude, settings: OrganizationSettings) -> str | None:
    """Rule G1: the sentence that says why the file is held, None where it is not; both limits are "more than"."""
    if settings.guard == "off":
        return None
    file = "Together with those of the last 24 hours, the file" if found.with_earlier else "The file"
    if _exceeds(found.deactivated, found.active, settings.guard_deactivate_percent, settings.guard_floor):
        return (
            f"{file} would deactivate {found.deactivated:,} of {found.active:,} active users, "
            f"more than {settings.guard_deactivate_percent} %. (G1)"
        )
    if _exceeds(found.replaced, found.known, settings.guard_change_percent, settings.guard_floor):
        return (
            f"{file} would replace names, managers, administrators or memberships of {found.replaced:,} of "
            f"{found.known:,} users, more than {settings.guard_change_percent} %. (G1)"
        )
    return None


def _exceeds(number: int, of: int, percent: int, floor: int) -> bool:
    return number > floor and number * 100 > of * percent
