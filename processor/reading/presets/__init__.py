"""What HR systems send, one TOML file for each (rule H5); read here and nowhere else."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import NotFoundError
from core.organization_settings import OrganizationSettings
from core.organization_settings import Preset as PresetName
from processor.reading.dates import Order
from processor.reading.labels import Meaning
from processor.reading.maps import effective_map

PRESETS: tuple[str, ...] = get_args(PresetName)

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

    @property
    def habit(self) -> tuple[str, Order] | None:
        """What `Survey.decide` wants to know: the system's name and the order of its dates."""
        return (self.system, self.dates) if self.dates else None


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


class _File(BaseModel):
    """A preset as its file writes it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    system: str
    map: dict[str, str]
    extra_header_rows: int = Field(0, ge=0, le=5)
    encoding: Encoding = "utf-8"
    dates: Literal["auto", "dmy", "mdy"] = "auto"
    no_manager_words: list[str] = []
    leaver_words: list[str] = ["terminated", "deceased"]


def read_preset(name: str, values: dict[str, Any]) -> Preset:
    """Check what a preset's file says.

    Raises:
        BadPresetError: a key is unknown or missing, or a value is not allowed.
    """
    try:
        file = _File.model_validate(values)
    except ValidationError as exc:
        raise BadPresetError(f"{name}.toml: {exc}") from exc
    if Meaning.USER_EMAIL.value not in file.map.values():
        raise BadPresetError(f"{name}.toml: the map has nothing for User Email")
    return Preset(
        name=name,
        system=file.system,
        header_map=file.map,
        extra_header_rows=file.extra_header_rows,
        encoding=file.encoding,
        dates=None if file.dates == "auto" else Order(file.dates),
        no_manager_words=tuple(file.no_manager_words),
        leaver_words=tuple(file.leaver_words),
    )


def preset_of(settings: OrganizationSettings) -> Preset | None:
    """Return the preset that an organization chose."""
    return load_preset(settings.preset) if settings.preset else None


def map_of(preset: Preset | None, header_map: dict[str, str]) -> dict[str, str]:
    """Rule H5: the map in force: the organization's own entries first, then the preset's."""
    return effective_map(preset_map=preset.header_map if preset else {}, header_map=header_map)
