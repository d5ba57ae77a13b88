"""On what a folder lies: its mount, whether that is a network file system, whether it is encrypted (rule O5)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "beegfs", "9p", "ocfs2",
     "gfs2", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.davfs", "virtiofs"}
)  # fmt: skip
ENCRYPTING = frozenset(
    {"ecryptfs", "fuse.encfs", "fuse.gocryptfs", "fuse.cryfs", "fuse.securefs", "fuse.EncFS"}
)
OWN_ENCRYPTION = frozenset(
    {"zfs", "bcachefs", "f2fs", "ubifs"}
)  # some of their folders are encrypted, some not
IN_MEMORY = frozenset({"tmpfs", "ramfs"})
CRYPT = "CRYPT-"  # of the uuid of a device-mapper device that cryptsetup made
_OCTAL = re.compile(r"\\([0-7]{3})")


class Encryption(StrEnum):
    """What is known of it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mount:
    """A line of /proc/self/mountinfo."""

    device: str  # major:minor
    root: str
    place: str
    kind: str
    source: str


def parse_mounts(text: str) -> list[Mount]:
    """Read /proc/self/mountinfo (proc(5)); lines of another form are left out."""
    found = []
    for line in text.splitlines():
        before, dash, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if dash and len(fields) >= 6 and len(rest) >= 2:
            found.append(Mount(fields[2], _plain(fields[3]), _plain(fields[4]), rest[0], _plain(rest[1])))
    return found


def mount_of(path: str, mounts: list[Mount]) -> Mount | None:
    """Return the mount that an absolute path lies on; of several at one place the last one counts."""
    above = [mount for mount in mounts if mount.place in ("/", path) or path.startswith(f"{mount.place}/")]
    return max(reversed(above), key=lambda mount: len(mount.place), default=None)


def encryption_of(mount: Mount, *, sys: Path = Path("/sys"), dev: Path = Path("/dev")) -> Encryption:
    """Say whether what lies on the mount is encrypted, by its file system or by a device below it."""
    if mount.kind in ENCRYPTING:
        return Encryption.YES
    if mount.kind in NETWORK or mount.kind in OWN_ENCRYPTION or mount.kind in IN_MEMORY:
        return Encryption.UNKNOWN
    device = _device(mount, sys, dev)
    if device is None:
        return Encryption.UNKNOWN
    return _below(device)


def _device(mount: Mount, sys: Path, dev: Path) -> Path | None:
    """Return the device's folder in /sys; file systems of several devices (btrfs) have a number of their own."""
    by_number = sys / "dev" / "block" / mount.device
    if by_number.exists():
        return by_number
    if not mount.source.startswith("/dev/"):
        return None
    by_name = sys / "class" / "block" / (dev / mount.source.removeprefix("/dev/")).resolve().name
    return by_name if by_name.exists() else None


def _below(device: Path) -> Encryption:
    """Look at the device and at those that it is made of (a logical volume on LUKS, for instance)."""
    uuid = device / "dm" / "uuid"
    if uuid.exists() and uuid.read_text("ascii", "replace").startswith(CRYPT):
        return Encryption.YES
    parts = device / "slaves"
    found = {_below(part) for part in parts.iterdir()} if parts.is_dir() else set()
    return Encryption.YES if found == {Encryption.YES} else Encryption.NO


def _plain(text: str) -> str:
    r"""Return a path of mountinfo without its escapes (`\040` is a blank)."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
