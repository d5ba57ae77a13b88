"""What an interrupted removal of an organization left (rule O5): put back, or deleted. Blocking."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path

from core.durable import sync_directory
from core.inbox import Folders
from core.removed_folders import folders_left_aside
from processor.health.catalogue import Finding

COUNTER = "seq"


def look_at_removals(data_dir: Path, known_numbers: Collection[int]) -> list[Finding]:
    """Say which folders are aside: of organizations that are there still, and of others."""
    found: dict[str, list[str]] = {}
    for folder in folders_left_aside(data_dir):
        code = "removal-interrupted" if folder.org_no in known_numbers else "removal-left"
        found.setdefault(code, []).append(folder.path.name)
    return [Finding(code=code, subjects=tuple(names)) for code, names in found.items()]


def mend_removals(data_dir: Path, finding: Finding) -> bool:
    """Put folders back or delete them, as the finding says; False where one could not be put back."""
    done = True
    for folder in folders_left_aside(data_dir):
        if folder.path.name not in finding.subjects:
            continue
        if finding.code == "removal-left":
            shutil.rmtree(folder.path)
        else:
            done &= _put_back(folder.path, data_dir / "orgs" / folder.org_id)
    return done


def _put_back(aside: Path, root: Path) -> bool:
    """Move the folder to its place; the daemon may have made empty folders there meanwhile."""
    if any(path.name != COUNTER for path in root.rglob("*") if not path.is_dir()):
        return False
    for folder in Folders(root=root).all():
        if folder.is_dir():
            folder.rmdir()
    if root.exists():
        (root / COUNTER).unlink(missing_ok=True)
        root.rmdir()
    os.rename(aside, root)
    sync_directory(root.parent)
    return True
