"""What a path of a support account names: the root, an organization, one of its folders, a file (rule A6); no disk."""

from dataclasses import dataclass

from server.paths import Area, canonical
from server.statuses import MissingError

HELD = b"held"
AREAS = {area.value.encode(): area for area in (Area.ARCHIVE, Area.ERROR, Area.EXPORT)}
FOLDERS = (*AREAS, HELD)


@dataclass(frozen=True, slots=True)
class AllOrganizations:
    """The root."""


@dataclass(frozen=True, slots=True)
class OneOrganization:
    """An organization's folder, named by its id."""

    org_id: str


@dataclass(frozen=True, slots=True)
class OnDisk:
    """`archive`, `error` or `export` of an organization, or something below it; `path` is empty for the folder."""

    org_id: str
    area: Area
    path: bytes


@dataclass(frozen=True, slots=True)
class Held:
    """What waits or is held; `name` is empty for the folder."""

    org_id: str
    name: bytes


SupportPlace = AllOrganizations | OneOrganization | OnDisk | Held


def support_place_of(path: bytes) -> SupportPlace:
    """Rule A6: say what a path names; whether it exists is asked later.

    Raises:
        MissingError: it cannot name anything.
    """
    if b"\0" in path:
        raise MissingError("There is no such file: a name cannot have a NUL byte (A6)")
    org, _, rest = canonical(path)[1:].partition(b"/")
    if not org:
        return AllOrganizations()
    try:
        org_id = org.decode("ascii")
    except UnicodeDecodeError:
        raise MissingError from None
    if not rest:
        return OneOrganization(org_id)
    folder, _, below = rest.partition(b"/")
    if folder == HELD and b"/" not in below:
        return Held(org_id, below)
    if folder in AREAS:
        return OnDisk(org_id, AREAS[folder], below)
    raise MissingError
