"""What `rosterdrop uploads` says of an upload's age and rate (rule U3)."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.uploads import _age_and_rate
from core.clock import to_text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "seconds", "shown"),
    [
        ("running", 10, ("0:00:10", "1,024 KiB/s")),
        ("running", 0.5, ("0:00:00", "")),
        ("partial", 3_600, ("1:00:00", "")),
    ],
)
def test_u03_an_upload_is_shown_with_age_and_rate(state: str, seconds: float, shown: tuple[str, str]) -> None:
    upload = {"state": state, "size_bytes": 10 << 20, "started_at": to_text(NOW - timedelta(seconds=seconds))}
    assert _age_and_rate(upload, NOW) == shown
