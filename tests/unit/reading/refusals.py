"""Why a row is refused for its width or its key, as one call."""

from collections.abc import Callable, Sequence

from core.organization_settings import OrganizationSettings
from processor.findings import Problem
from processor.reading.header import Header
from processor.reading.keys import key_reader


def key_checker(
    *, header: Header, settings: OrganizationSettings
) -> Callable[[int, Sequence[str]], Problem | None]:
    """Return the function that says why a row is refused, None where it is not."""
    read = key_reader(header=header, settings=settings)

    def check(line: int, cells: Sequence[str]) -> Problem | None:
        found = read(line, cells)
        return found if isinstance(found, Problem) else None

    return check
