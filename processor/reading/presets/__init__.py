"""What HR systems send, one TOML file for each (rule H5); read here and nowhere else."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from core.errors import NotFoundError
from processor.reading.dates import Order
from processor.reading.maps import effective_map

PRESETS = (
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
)

Encoding = Literal["utf-8", "iso-8859-1", "windows-1252", "utf-16"]


class BadPresetError(ValueError):
    """A preset's file is not what it must be; it names the file and the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """The habits of one HR system."""

    name: str
    system: str  # as its maker writes it
    header_map: dict[str, str]  # in the order of preference
    extra_header_rows: int = 0
    encoding: Encoding = "utf-8"  # what the system writes where a file is not UTF-8
    dates: Order | None = None  # what it writes where nothing proves an order
    no_manager_words: tuple[str, ...] = ()
    leaver_words: tuple[str, ...] = ()


@cache
def load_preset(name: str) -> Preset:
    """Return a preset by its name.

    Raises:
        NotFoundError: there is no such preset.
    """
    if name not in PRESETS:
        raise NotFoundError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    text = (resources.files(__name__) / f"{name}.toml").read_text(encoding="utf-8")
    return read_preset(name, tomllib.loads(text))


_KEYS = {
    "system",
    "extra_header_rows",
    "encoding",
    "dates",
    "no_manager_words",
    "leaver_words",
    "map",
}


def read_preset(name: str, values: dict[str, Any]) -> Preset:
    """Check what a preset's file says.

    Raises:
        BadPresetError: a key is unknown or missing, or a value is not allowed.
    """
    if strange := set(values) - _KEYS:
        raise BadPresetError(f"{name}.toml: unknown {', '.join(sorted(strange))}")
    dates = values.get("dates", "auto")
    encoding = values.get("encoding", "utf-8")
    if dates not in ("auto", "dmy", "mdy") or encoding not in (
        "utf-8",
        "iso-8859-1",
        "windows-1252",
        "utf-16",
    ):
        raise BadPresetError(f"{name}.toml: dates or encoding")
    header_map = values.get("map")
    if not isinstance(header_map, dict) or "User Email" not in header_map.values():
        raise BadPresetError(f"{name}.toml: the map has nothing for User Email")
    return Preset(
        name=name,
        system=values["system"],
        header_map=header_map,
        extra_header_rows=values.get("extra_header_rows", 0),
        encoding=encoding,
        dates=None if dates == "auto" else Order(dates),
        no_manager_words=tuple(values.get("no_manager_words", ())),
        leaver_words=tuple(values.get("leaver_words", ("terminated", "deceased"))),
    )


def map_of(preset: Preset | None, header_map: dict[str, str]) -> dict[str, str]:
    """Rule H5: the map in force: the organization's own entries first, then the preset's."""
    return effective_map(preset_map=preset.header_map if preset else {}, header_map=header_map)
