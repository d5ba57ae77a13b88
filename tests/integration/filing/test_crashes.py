import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_r01_a_crash_at_any_point_and_a_second_filing_end_in_the_same_state() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.filing.crash_points"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
