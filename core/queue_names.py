"""The names of folders in a queue: the number of acceptance, then the uid of the drop (rule U7)."""

import os
from pathlib import Path


def name_of(seq: int, uid: str) -> str:
    """Return the name of a drop's folder."""
    return f"{seq:010d}-{uid}"


def seq_of(name: str) -> int:
    """Return the number of a name that `names_in` returned."""
    return int(name.partition("-")[0])


def uid_of(name: str) -> str:
    """Return the uid of a name."""
    return name.partition("-")[2]


def names_in(queue: Path) -> list[str]:
    """Return the names in the order of acceptance, without looking into the folders; none where there is no queue."""
    try:
        names = [name for name in os.listdir(queue) if name.partition("-")[0].isdigit()]
    except FileNotFoundError:
        return []
    return sorted(names, key=seq_of)
