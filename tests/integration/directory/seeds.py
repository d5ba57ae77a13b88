"""How many random sequences a test plays: a few by default, more where there is time."""

import os

import pytest

FACTOR = int(os.environ.get("ROSTERDROP_TEST_SEQUENCES", "5" if os.environ.get("CI") else "1"))

patient = pytest.mark.timeout(120 * FACTOR)  # for modules whose tests play sequences


def seeds(count: int, *, first: int = 0) -> range:
    """The seeds of a test: `count` of them, times `ROSTERDROP_TEST_SEQUENCES`."""
    return range(first, first + count * FACTOR)
