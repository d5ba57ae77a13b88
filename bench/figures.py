"""What is made of measured numbers: medians, percentiles, ratios of rounds, and how they are written."""

import math
import statistics
from collections.abc import Sequence

TICK_S = 0.01  # the system counts CPU time in steps of this


def median(values: Sequence[float]) -> float:
    """Return the middle of the rounds.

    Raises:
        ValueError: nothing was measured.
    """
    if not values:
        raise ValueError("nothing was measured")
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that so many of a hundred don't exceed (nearest rank); 100 is the largest.

    Raises:
        ValueError: nothing was measured.
    """
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def ratio(dividends: Sequence[float], divisors: Sequence[float]) -> float:
    """Return the median of the ratios of each round, for rounds that met the same moments of the machine.

    Raises:
        ValueError: nothing was measured, or not the same number of rounds.
    """
    pairs = zip(dividends, divisors, strict=True)
    return median([one / max(other, TICK_S / 10) for one, other in pairs])


def seconds(value: float) -> str:
    """Write a time: two digits after the point, three below a tenth of a second."""
    return f"{value:.3f} s" if abs(value) < 0.1 else f"{value:.2f} s"


def milliseconds(value_s: float) -> str:
    """Write a short time."""
    return f"{value_s * 1000:.1f} ms"


def mebibytes(value: float) -> str:
    """Write a number of bytes."""
    return f"{value / (1 << 20):.1f} MiB"


def times(value: float) -> str:
    """Write a ratio, rounded down, so that what is short never looks met."""
    return f"{math.floor(value * 100 + 1e-9) / 100:.2f} x"
