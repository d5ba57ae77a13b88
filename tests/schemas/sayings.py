"""What the product says of a database, in JSON: the same before and after an upgrade."""

from typing import Any

from tests.acceptance.daemon import Daemon

ALL = ("--limit", "0")


def sayings(daemon: Daemon) -> dict[str, Any]:
    """Ask every reading command; the daemon does not run."""
    organizations = daemon.json("org", "list")
    said: dict[str, Any] = {
        "org list": organizations,
        "imports list": daemon.json("imports", "list", *ALL),
        "mail list": daemon.json("mail", "list", *ALL),
        "audit": daemon.json("audit", *ALL),
        "support list": daemon.json("support", "list"),
        "pull list": daemon.json("pull", "list"),
    }
    for server in said["pull list"]:
        del server["next_at"]  # goes by the clock
    for record in said["imports list"]:
        said[f"imports show {record['number']}"] = daemon.json("imports", "show", record["number"])
    for organization in organizations:
        org_id = organization["id"]
        shown = daemon.json("org", "show", org_id)
        said[f"org show {org_id}"] = {
            key: value
            for key, value in shown.items()
            if key not in ("host", "port", "pull")  # is in `pull list`
        }
        said[f"org key list {org_id}"] = daemon.json("org", "key", "list", org_id)
        for what in ("users", "teams", "fields"):
            said[f"{what} list {org_id}"] = daemon.json(what, "list", "--org", org_id)
    return said


def differences(before: Any, after: Any, *, where: str = "") -> list[str]:
    """Return where `after` does not hold what `before` says; what a newer program says beyond it is no difference."""
    if isinstance(before, dict) and isinstance(after, dict):
        missing = [f"{where}.{key} is gone" for key in before.keys() - after.keys()]
        return missing + [
            found
            for key in before.keys() & after.keys()
            for found in differences(before[key], after[key], where=f"{where}.{key}")
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            found
            for place, (one, other) in enumerate(zip(before, after, strict=True))
            for found in differences(one, other, where=f"{where}[{place}]")
        ]
    return [] if before == after else [f"{where}: {before!r} became {after!r}"]
