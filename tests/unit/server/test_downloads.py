"""Downloads in the audit trail (A5)."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from core.audit import AuditEntry
from server.downloads import Downloads
from server.visits import Visit

VISIT = Visit(number=1, org_id="007", account="Mavericks_007", address="203.0.113.7", client="test")


def test_a05_u09_a_file_that_is_opened_again_and_again_is_one_row_a_minute() -> None:
    written: list[AuditEntry] = []
    moment = [120.0]
    now = datetime(2026, 11, 24, tzinfo=UTC)
    grounds: Any = SimpleNamespace(
        audit=written.append, monotonic=lambda: moment[0], clock=SimpleNamespace(now=lambda: now)
    )
    downloads = Downloads(grounds=grounds, visit=VISIT)
    for path in ("/archive/a.csv", "/archive/b.csv", "/archive/a.csv"):
        downloads.note(path)
    moment[0] = 180.0
    downloads.note("/archive/a.csv")
    assert [entry.detail for entry in written] == ["/archive/a.csv", "/archive/b.csv", "/archive/a.csv"]
    assert {(entry.who, entry.org_id, entry.address) for entry in written} == {
        ("Mavericks_007", "007", "203.0.113.7")
    }
