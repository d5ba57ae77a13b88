"""Settings of one organization: key, default, allowed values (the last table of section X)."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from core.addresses import AddressError, parse_address
from core.errors import UsageError

AT_ONCE = "at once"
DAILY, WEEKDAYS = "daily", "weekdays"
MATCH_BY_ADDRESS = "User Email"
Preset = Literal[
    "successfactors",
    "workday",
    "ukg",
    "gusto",
    "rippling",
    "bamboohr",
    "adp",
    "personio",
    "hibob",
    "paylocity",
]
NO_WORDS = ("", "none")
LIMITS = ("max_file_mib", "max_space_mib", "max_sessions")  # U9: one that is not set is the operator's
NO_LIMIT_WORDS = ("", "none", "default")


def _address(value: str) -> str:
    try:
        return parse_address(value).text
    except AddressError as exc:
        raise ValueError(str(exc)) from exc


def _yes_or_no(value: Any) -> Any:
    return {"yes": True, "no": False}.get(value.lower(), value) if isinstance(value, str) else value


def _none_word(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip().lower() in NO_WORDS else value


def _split(value: Any) -> Any:
    """Parts between commas; `none` is no part at all."""
    if not isinstance(value, str):
        return value
    return [part for part in (p.strip() for p in value.split(",")) if part and _none_word(part)]


def _label(value: Any) -> Any:
    """A label without outer white space; none at all means the address."""
    return (_none_word(value.strip()) or MATCH_BY_ADDRESS) if isinstance(value, str) else value


def _networks(value: Any) -> Any:
    return (
        [] if isinstance(value, str) and value.strip().lower() == "any" else _split(_none_word(value) or [])
    )


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as exc:
        raise ValueError(f"{value!r} is no network such as 203.0.113.0/24 or 2001:db8::/32 ({exc})") from exc


Network = Annotated[str, BeforeValidator(_network)]


def parse_schedule(value: str) -> str:
    """Rule S1: return `at once`, a time of day as HH:MM, or a cron expression.

    Raises:
        ValueError: it is none of them.
    """
    text = " ".join(value.split()).lower()
    if text in (AT_ONCE, *NO_WORDS):
        return AT_ONCE
    with suppress(ValueError):
        return str(_time_of_day(text))
    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as exc:
        raise ValueError(
            "not `at once`, a time of day such as 22:00, or a cron expression of five fields"
        ) from exc
    return text


def _time_of_day(value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text):
        raise ValueError("not a time of day such as 08:00")
    return text.zfill(5)


def _expected(value: Any) -> Any:
    """`daily by HH:MM` or `weekdays by HH:MM`, or nothing."""
    text = " ".join(value.split()).lower() if isinstance(value, str) else ""
    if value is None or text in NO_WORDS:
        return None
    days, by, at = text.partition(" by ")
    try:
        if not by or days not in (DAILY, WEEKDAYS):
            raise ValueError
        return f"{days} by {_time_of_day(at)}"
    except ValueError:
        raise ValueError("not `daily by 09:30`, `weekdays by 09:30` or `none`") from None


Address = Annotated[str, BeforeValidator(_address)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]
TimeOfDay = Annotated[str, BeforeValidator(_time_of_day)]


class OrganizationSettings(BaseModel):
    """What an organization chooses; everything but the owner has a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: Address
    recipients: Annotated[tuple[Address, ...], BeforeValidator(_split)] = ()
    mode: Literal["live", "test"] = "live"
    preset: Annotated[Preset | None, BeforeValidator(_none_word)] = None  # H5
    dates: Literal["auto", "dmy", "mdy"] = "auto"
    time_zone: str = "UTC"
    encoding: Literal["utf-8", "iso-8859-1", "windows-1252", "utf-16"] = "utf-8"
    match_by: Annotated[str, BeforeValidator(_label)] = MATCH_BY_ADDRESS  # P1
    all_or_nothing: YesNo = False
    teams: Literal["add", "replace"] = "add"
    export: Annotated[Literal["daily"] | None, BeforeValidator(_none_word)] = None  # E1
    clear_word: Annotated[str | None, BeforeValidator(_none_word)] = None
    schedule: Annotated[str, BeforeValidator(parse_schedule)] = AT_ONCE  # S1
    deactivate_at: TimeOfDay = "23:59"  # P8
    mail: Literal["every", "problems", "digest"] = "every"  # N4, with the two below
    digest_at: TimeOfDay = "08:00"
    expected: Annotated[str | None, BeforeValidator(_expected)] = None
    guard: Literal["on", "off"] = "on"  # G1, with the three below
    guard_deactivate_percent: Annotated[int, Field(ge=0, le=100)] = 10
    guard_change_percent: Annotated[int, Field(ge=0, le=100)] = 50
    guard_floor: Annotated[int, Field(ge=0)] = 10
    allow_from: Annotated[tuple[Network, ...], BeforeValidator(_networks)] = ()  # A1; none: from everywhere
    login: Literal["password", "key", "either", "both"] = "password"  # A1
    file_retention_days: Annotated[int, Field(ge=0, le=36_500)] = 90  # R3, with the one below; 0: for ever
    log_retention_days: Annotated[int, Field(ge=0, le=36_500)] = 400
    max_file_mib: Annotated[int, Field(ge=1)] = 2048  # U9, with the two below; server/limits.py obeys them
    max_space_mib: Annotated[int, Field(ge=1)] = 51_200
    max_sessions: Annotated[int, Field(ge=1)] = 20
    header_map: dict[str, str] = Field(
        default_factory=dict
    )  # H5: set by `org map`, in the order of preference

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as exc:
            raise ValueError("not an IANA time zone such as Europe/Berlin") from exc
        return value

    def to_stored(self) -> dict[str, Any]:
        """Return what differs from the defaults, as it is kept in the database, and limits that were set (U9)."""
        chosen = {name: getattr(self, name) for name in LIMITS if name in self.model_fields_set}
        return self.model_dump(mode="json", exclude_defaults=True) | chosen

    def limit(self, name: str) -> int | None:
        """Rule U9: return one of `LIMITS` where it was set; None means what the operator's setting says."""
        return int(getattr(self, name)) if name in self.model_fields_set else None

    def changed(self, assignments: dict[str, Any]) -> "OrganizationSettings":
        """Return these settings with `assignments` applied; every bad one is named. `default` unsets a limit.

        Raises:
            UsageError: a key is unknown or a value is not allowed.
        """
        values = {**self.to_stored(), **assignments}
        unset = {name for name in LIMITS if str(values.get(name)).strip().lower() in NO_LIMIT_WORDS}
        return parse_organization_settings(
            {name: value for name, value in values.items() if name not in unset}
        )


def parse_organization_settings(values: dict[str, Any]) -> OrganizationSettings:
    """Read settings from text or stored values.

    Raises:
        UsageError: a key is unknown or a value is not allowed; all are named.
    """
    try:
        return OrganizationSettings(**values)
    except ValidationError as exc:
        raise UsageError("; ".join(_complaint(error) for error in exc.errors())) from exc


def _complaint(error: Any) -> str:
    """Say in plain words what a value must be."""
    name, bounds = str(error["loc"][0]), error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            said = "no such setting"
        case "missing":
            said = "must be given"
        case "literal_error":
            or_none = " (or none)" if OrganizationSettings.model_fields[name].default is None else ""
            said = f"must be {bounds['expected']}{or_none}"
        case "bool_parsing" | "bool_type":
            said = "must be yes or no"
        case "int_parsing" | "int_type" | "int_from_float":
            said = "must be a whole number"
        case "greater_than_equal":
            said = f"must be {bounds['ge']} or more"
        case "less_than_equal":
            said = f"must be {bounds['le']} or less"
        case _:
            said = error["msg"].removeprefix("Value error, ")
    return f"{name}: {said}"
