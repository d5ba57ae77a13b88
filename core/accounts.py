"""Who can log in by SFTP: an organization, or a support account (rules A1, A6), with what proves it."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from core.clock import from_text
from core.organizations import Organization


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportAccount:
    """One who looks at all organizations' files (rule A6)."""

    no: int
    name: str
    username: str
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One user name: `organization` or `support` is set; `keys` are public keys as in authorized_keys."""

    username: str
    password_hash: str
    old_password_hash: str | None = None
    old_password_until: str | None = None
    keys: frozenset[str] = frozenset()
    organization: Organization | None = None
    support: SupportAccount | None = None

    @property
    def enabled(self) -> bool:
        """Whether it may log in at all."""
        return self.organization is None or self.organization.enabled

    @property
    def login(self) -> str:
        """Rule A1: `password`, `key`, `either` or `both`; support accounts use what they have."""
        return "either" if self.organization is None else self.organization.settings.login

    @property
    def allow_from(self) -> tuple[str, ...]:
        """Networks that it may come from; none: all."""
        return () if self.organization is None else self.organization.settings.allow_from

    def hashes(self, now: datetime) -> tuple[str, ...]:
        """Return the hashes of the passwords that are good now: the old one counts for a while (A1)."""
        if self.old_password_hash is None or self.old_password_until is None:
            return (self.password_hash,)
        if now >= from_text(self.old_password_until):
            return (self.password_hash,)
        return (self.password_hash, self.old_password_hash)


def may_stay(earlier: Account, now: Account | None) -> bool:
    """Rule A6: say whether a session of support goes on: the same account, and what it had proved still lets it in."""
    return (
        now is not None
        and now.support == earlier.support
        and now.password_hash == earlier.password_hash
        and earlier.keys <= now.keys
    )


def comes_from(networks: tuple[str, ...], address: str) -> bool:
    """Rule A1: say whether an address lies in one of the networks; any address does where there are none."""
    if not networks:
        return True
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return any(parsed in ip_network(network) for network in networks)
