"""Who is connected, as far as a file operation must know: one visit is one SSH connection that logged in."""

from dataclasses import dataclass

from core.inbox import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One session of an organization (a session is an SSH connection, U9)."""

    number: int  # of this process; tells sessions apart
    org_id: str  # empty for a support account
    account: str
    address: str
    client: str

    @property
    def counts_as(self) -> str:
        """What its session counts for (U9): its organization, or the support account; no id has a colon."""
        return self.org_id or f"support:{self.account}"

    @property
    def origin(self) -> Origin:
        """What is kept with a drop."""
        return Origin(account=self.account, address=self.address, client=self.client)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadEvent:
    """What happened to an upload: `accepted`, `partial` or `refused`."""

    outcome: str
    org_id: str
    uid: str
    name: str
    size_bytes: int
    account: str
    address: str | None
    client: str | None
    reason: str | None = None
