"""What one organization may still send (rule U9), for files that are fetched: the limits of uploads, no others."""

import os
from dataclasses import dataclass
from pathlib import Path

from core.inbox import Inbox
from core.organizations import Organization
from core.settings import Settings
from server import limits
from server.space import folder_size


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRoom:
    """The limits of one organization; `settings` are the operator's with what is less for it."""

    settings: Settings
    root: Path

    def size_refusal(self, size_bytes: int) -> str | None:
        """Judge a file of this size."""
        return limits.size_refusal(self.settings, end=size_bytes)

    def space_refusal(self, growth_bytes: int) -> str | None:
        """Judge so many bytes more in the organization's folder and on the disk (blocks)."""
        disk = os.statvfs(self.root)
        return limits.space_refusal(
            self.settings,
            used_bytes=folder_size(self.root) + growth_bytes,
            free_bytes=disk.f_bavail * disk.f_frsize - growth_bytes,
        )

    def count_refusal(self, accepted: int) -> str | None:
        """Judge one more file after so many within the hour."""
        return limits.upload_refusal(self.settings, uploads=accepted)


def pull_room(settings: Settings, inbox: Inbox, organization: Organization) -> PullRoom:
    """Return the limits of an organization."""
    return PullRoom(
        settings=limits.settings_of(settings, organization.settings),
        root=inbox.folders(organization.id).root,
    )
