import pytest

from processor.directory.admins import AdminLedger, Loss

ANN, BOB, CY = 1, 2, 3
CASES = [
    ("nobody loses anything", {ANN}, set(), [], []),
    ("another stays", {ANN, BOB}, set(), [(2, ANN)], []),
    ("the only one stays", {ANN}, set(), [(2, ANN)], [2]),
    ("of several the last in the file stays", {ANN, BOB}, set(), [(2, ANN), (3, BOB)], [3]),
    ("the order of the file decides, not that of judging", {ANN, BOB}, set(), [(9, ANN), (3, BOB)], [9]),
    ("a Yes anywhere in the file counts", {ANN}, {CY}, [(2, ANN)], []),
    ("a Yes for one who goes does not", {ANN}, {ANN}, [(2, ANN)], [2]),
    ("an organization without administrators has none to lose", set(), set(), [], []),
]


@pytest.mark.parametrize(
    ("before", "gained", "losses", "lines"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_p07_the_last_active_administrator_stays(
    before: set[int], gained: set[int], losses: list[tuple[int, int]], lines: list[int]
) -> None:
    ledger = AdminLedger(before, gained, [Loss(line, person) for line, person in losses])
    assert [loss.line for loss in ledger.refused()] == lines
