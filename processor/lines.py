"""Lines of a file, kept as runs and said in words."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

MOST_RUNS = (
    2_000  # kept; of the lines beyond only the number, so that five million bad rows need no 60 MB (F4)
)
_NUMBERS = 3  # of a run: its first line, its last, how many were taken


class Lines:
    """Line numbers in the order in which they come: 24 bytes for each run of them, up to `MOST_RUNS`."""

    def __init__(self, lines: Iterable[int] = ()) -> None:
        self._runs = array("q")
        self._count = 0
        self.beyond = 0  # lines that are in no run
        self.first_beyond = 0
        for line in lines:
            self.add(line)

    def __len__(self) -> int:
        return self._count

    def add(self, line: int) -> None:
        """Take a line; the same one right after itself counts again, as two cells of a row do."""
        self._count += 1
        runs = self._runs
        if runs and runs[-3] <= line <= runs[-2] + 1:
            runs[-2] = max(runs[-2], line)
            runs[-1] += 1
        elif len(runs) < _NUMBERS * MOST_RUNS:
            runs.extend((line, line, 1))
        else:
            self.first_beyond = self.first_beyond or line
            self.beyond += 1

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield the first line of each run, the last, and how many were taken."""
        runs = self._runs
        return zip(runs[::_NUMBERS], runs[1::_NUMBERS], runs[2::_NUMBERS], strict=True)

    def in_words(self, most: int = 20) -> str:
        """Return `line 3`, or `lines 3, 5 to 9 and 12`; runs after the first `most` are counted only."""
        runs = list(islice(self.runs(), most))
        if not runs:
            return "no line"
        said = [in_words([run]) for run in runs]
        if more := self._count - sum(count for _, _, count in runs):
            said.append(f"{more:,} more")
        return f"{'line' if is_one_line(runs) else 'lines'} {_listed(said)}"


def is_one_line(runs: Sequence[tuple[int, int, int]]) -> bool:
    """Whether the runs are a single line."""
    return len(runs) == 1 and runs[0][0] == runs[0][1]


def in_words(runs: Iterable[tuple[int, int, int]]) -> str:
    """Return `3, 5 to 9, 12`."""
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last, _ in runs)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
