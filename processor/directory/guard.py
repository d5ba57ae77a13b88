"""Holds back a file that would change unusually much (rule G1): pure."""

from dataclasses import dataclass
from typing import Any

from core.organization_settings import OrganizationSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """How much a file would change, and of how many."""

    deactivated: int  # users active before, now or planned
    active: int
    replaced: int  # users known before whose name, manager or role, or a membership that ends, is replaced
    known: int


def why_held(found: Magnitude, settings: OrganizationSettings) -> str | None:
    """Rule G1: the sentence that says why the file is held, None where it is not; both limits are "more than"."""
    if settings.guard == "off":
        return None
    if _exceeds(found.deactivated, found.active, settings.guard_deactivate_percent, settings.guard_floor):
        return (
            f"The file would deactivate {found.deactivated:,} of {found.active:,} active users, "
            f"more than {settings.guard_deactivate_percent} %. (G1)"
        )
    if _exceeds(found.replaced, found.known, settings.guard_change_percent, settings.guard_floor):
        return (
            f"The file would replace names, managers, administrators or memberships of {found.replaced:,} of "
            f"{found.known:,} users, more than {settings.guard_change_percent} %. (G1)"
        )
    return None


def _exceeds(number: int, of: int, percent: int, floor: int) -> bool:
    return number > floor and number * 100 > of * percent


def is_guarded(change: tuple[str, Any, Any]) -> bool:
    """Rule G1: whether a change replaces an existing name, role or, with `teams = replace`, membership."""
    name, old, new = change
    return name in ("name", "is_org_admin") or (name == "teams" and old is not None and new is None)
