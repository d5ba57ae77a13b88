"""SQL of what files of the last hours have deactivated and replaced, for the guard (rule G1)."""

import aiosqlite

from processor.directory.guard import Users, users_of

# Applied without anybody's approval, and not undone.
_COUNTING = (
    "org_no = ? AND finished_at >= ? AND outcome IN ('imported', 'partial') AND approved_at IS NULL "
    "AND number NOT IN (SELECT import_number FROM undos)"
)
_FIELDS = "('deactivates_at', 'name', 'is_org_admin', 'manager_email', 'teams')"


async def counts_since(driver: aiosqlite.Connection, *, org_no: int, since: str) -> tuple[int, int]:
    """Return how many users files have deactivated and replaced since then, each file by itself."""
    sql = f"SELECT coalesce(sum(deactivates), 0), coalesce(sum(replaces), 0) FROM imports WHERE {_COUNTING}"  # noqa: S608
    row = next(iter(await driver.execute_fetchall(sql, (org_no, since))))
    return int(row[0]), int(row[1])


async def users_since(driver: aiosqlite.Connection, *, org_no: int, since: str) -> Users:
    """Return the users whom files have touched since then, each once; a plan that was cancelled counts no more."""
    sql = (
        "SELECT c.kind, c.target, c.key, c.field, c.old, c.new, u.deactivates_at, u.deactivated_at "  # noqa: S608
        "FROM changes c JOIN users u ON u.id = c.target "
        f"WHERE c.import_number IN (SELECT number FROM imports WHERE {_COUNTING} AND deactivates + replaces > 0) "
        f"AND c.kind = 'user' AND c.field IN {_FIELDS}"
    )
    changes = []
    gone = set()
    for *change, due, at in await driver.execute_fetchall(sql, (org_no, since)):
        kind, target, key, name, old, new = change
        if name == "deactivates_at" and due is None and at is None:
            continue
        if name == "deactivates_at" and at is not None:
            gone.add(target)
        changes.append((kind, target, key, name, old, new))  # whether there is a value is all that counts
    found = users_of(changes)
    return Users(found.deactivated, found.replaced, len(gone))
