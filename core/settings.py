"""The operator's settings: name, default, unit; read from a TOML file and `ROSTERDROP_*` variables (section X).

Settings of one organization are in `core/organization_settings.py`.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.errors import UsageError

DEFAULT_CONFIG = Path("rosterdrop.toml")
ENV_PREFIX = "ROSTERDROP_"


def _networks(value: str) -> str:
    """Check a list of networks with commas between."""
    parts = [part for part in (part.strip() for part in value.split(",")) if part]
    for part in parts:
        try:
            ip_network(part)
        except ValueError as exc:
            raise ValueError(f"{part!r} is no network such as 203.0.113.0/24 ({exc})") from exc
    return ",".join(parts)


class Settings(BaseSettings):
    """Everything an operator can set; the environment wins over the file."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(Path("data"), description="Folder of the database and all organizations' files.")
    keys_dir: Path = Field(Path("keys"), description="Folder of the host keys and the secrets key.")
    host: str = Field("127.0.0.1", description="Address the SFTP server listens on.")
    port: int = Field(
        2222,
        ge=0,
        le=65535,
        description="TCP port of the SFTP server; 0 takes a free one.",
    )
    public_host: str | None = Field(None, description="Host name that `org add` prints for customers.")
    smtp_url: str | None = Field(
        None,
        pattern=r"^smtps?(\+starttls)?://",
        description="Mail server: smtp://, smtp+starttls:// or smtps://[user:password@]host[:port]; unset: a Maildir.",
    )
    mail_from: str = Field("rosterdrop@localhost", description="Sender address of all mails.")
    operator_email: str | None = Field(
        None, description="Who hears of trouble, and gets what no recipient can get."
    )

    max_file_size_bytes: int = Field(2 << 30, ge=1, description="Largest file taken (U9).")
    org_space_bytes: int = Field(
        50 << 30,
        ge=1,
        description="All that may lie in one organization's folder (U9).",
    )
    min_free_disk_bytes: int = Field(1 << 30, ge=0, description="Below this no upload is taken (U9).")
    max_handles_per_session: int = Field(32, ge=1, description="Open files and listings of one session (U9).")
    max_sessions_per_org: int = Field(20, ge=1, description="SSH connections of one organization (U9).")
    max_sessions: int = Field(500, ge=1, description="SSH connections in all (U9).")
    max_startups: int = Field(100, ge=1, description="Connections before login (U9).")
    max_startups_per_address: int = Field(
        10, ge=1, description="Connections before login of one address (U9)."
    )
    idle_timeout_s: float = Field(900, gt=0, description="A session without a request for so long ends (U9).")
    algorithms: Literal["default", "strict", "compatible"] = Field(
        "default", description="Which algorithms are offered to clients (A4)."
    )
    compatible_from: Annotated[str, AfterValidator(_networks)] = Field(
        "", description="Networks whose clients are offered the compatible ones, too (A4)."
    )
    fast_transport: bool = Field(
        True, description="Uploads are decrypted and written in place; off: as asyncssh does it."
    )
    login_timeout_s: float = Field(30, gt=0, description="Time to log in (U9).")
    max_login_tries: int = Field(6, ge=1, description="Password tries of one connection (U9).")
    ban_failures: int = Field(
        10, ge=0, description="Failed logins that ban an address, or a name from a known one; 0: never (A2)."
    )
    ban_window_s: float = Field(600, gt=0, description="Time within which those failures count (A2).")
    ban_s: float = Field(
        900, gt=0, description="How long the first ban lasts; each further one doubles (A2)."
    )
    ban_longest_s: float = Field(86_400, gt=0, description="How long a ban lasts at most (A2).")
    lock_failures: int = Field(
        20, ge=0, description="Failed logins that lock a name, whoever tries; 0: never (A2)."
    )
    lock_window_s: float = Field(3600, gt=0, description="Time within which those failures count (A2).")
    lock_s: float = Field(900, gt=0, description="How long a name is locked (A2).")
    known_address_days: float = Field(
        30, ge=0, description="An address that logged in so lately is not banned as a whole (A2)."
    )
    max_drops_per_hour: int = Field(200, ge=1, description="Uploads of one organization in an hour (U9).")
    partial_keep_s: float = Field(86_400, gt=0, description="How long a partial upload is kept (U3).")
    unusable_name_wait_s: float = Field(
        600, ge=0, description="Time to rename a file no import can use (U5)."
    )
    keepalive_interval_s: float = Field(
        15, gt=0, description="Time between keepalives; three unanswered end it (U3)."
    )
    taken_names_s: float = Field(
        300, ge=0, description="How long a name that was taken keeps answering (U4)."
    )
    quiet_time_s: float = Field(
        2,
        ge=0,
        description="A file in local/ is complete when unchanged for so long (U8).",
    )
    pull_quiet_time_s: float = Field(
        5, ge=0, description="A file on a customer's server is complete when unchanged for so long (S2)."
    )
    pull_interval_s: float = Field(
        300, gt=0, description="Time between looks at a customer's server with the schedule `at once` (S2)."
    )
    scan_interval_s: float = Field(10, gt=0, description="Time between scans of local/ and the queues (U8).")
    stop_grace_s: float = Field(30, ge=0, description="Time that running uploads get at SIGTERM (O2).")
    hold_days: float = Field(7, gt=0, description="Days after which a held import is discarded (G1).")
    import_workers: int = Field(
        3,
        ge=1,
        le=64,
        description="Organizations whose imports may run side by side (U7).",
    )

    log_level: str = Field(
        "info",
        pattern="^(debug|info|warning|error)$",
        description="Least level that is logged.",
    )
    test_now_offset_s: float = Field(
        0, description="Shifts the process's clock; for tests of schedules only."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, environment, TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def compatible_networks(self) -> tuple[str, ...]:
        """The parts of `compatible_from`."""
        return tuple(part for part in self.compatible_from.split(",") if part)

    @property
    def database_path(self) -> Path:
        """Where the SQLite file lies."""
        return self.data_dir / "rosterdrop.sqlite"


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Rule O1: read the settings; every bad one is named, all at once.

    Raises:
        UsageError: a setting is unknown, malformed or out of range, or `config` cannot be read.
    """
    source = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    if config is not None and not config.is_file():
        raise UsageError(f"There is no settings file {config}: give --config an existing TOML file.")
    values = {name: value for name, value in overrides.items() if value is not None}
    try:
        return _settings_from(source)(**values)
    except ValidationError as exc:
        raise UsageError("; ".join(_complaint(error, source) for error in exc.errors())) from exc
    except ValueError as exc:
        raise UsageError(f"{source} is not valid TOML: {exc}") from exc


def _settings_from(source: Path | None) -> type[Settings]:
    class FileSettings(Settings):
        model_config = SettingsConfigDict(toml_file=source)

    return FileSettings


def _complaint(error: Any, source: Path | None) -> str:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{name}: no such setting (in {source}); see docs/settings.md"
    return f"{ENV_PREFIX}{name.upper()} (or {name} in the settings file): {error['msg']}"
