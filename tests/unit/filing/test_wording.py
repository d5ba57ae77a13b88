import pytest

from processor.filing import wording
from processor.imports import Counts, Kind, Outcome
from tests.unit.filing.samples import record


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"rows": 5, "users_updated": 12}, "imported (12 users updated)"),
        ({"rows": 5, "users_updated": 1}, "imported (1 user updated)"),
        (
            {"rows": 5, "users_created": 1200, "users_updated": 1},
            "imported (1,200 users created, 1 user updated)",
        ),
        ({"rows": 5, "users_unchanged": 5}, "imported (nothing changed)"),
        ({"rows": 5, "deactivations_planned": 1}, "imported (1 deactivation planned)"),
        ({"rows": 5, "memberships_added": 2}, "imported (2 memberships added)"),
    ],
)
def test_n01_a_subject_says_what_changed(counts: dict[str, int], said: str) -> None:
    assert wording.summary(record(counts=Counts(**counts))) == said


def test_n01_a_teams_file_names_its_teams_first() -> None:
    both = record(kind=Kind.TEAMS, teams_created=2, users_created=1)
    assert wording.summary(both) == "imported (2 teams created, 1 user created)"


def test_n01_a_partial_import_says_what_was_refused() -> None:
    partial = record(Outcome.PARTIAL, rows_refused=1, cells_refused=2)
    assert wording.summary(partial) == "partly imported (1 row and 2 cells refused)"
    assert wording.meaning(partial).startswith("1 row and 2 cells refused; everything else")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_n01_every_outcome_has_words(outcome: Outcome) -> None:
    shown = record(outcome)
    assert wording.headline(shown)
    assert wording.tone(shown) in {"good", "warn", "bad", "calm"}
    assert wording.meaning(shown).endswith(".")
    assert wording.summary(shown)


def test_r01_counts_that_are_nothing_are_not_shown() -> None:
    assert [(tile.number, tile.label) for tile in wording.tiles(record(rows=3, users_unchanged=3))] == [
        (3, "rows in the file"),
        (3, "users unchanged"),
    ]
    assert wording.tiles(record(Outcome.REFUSED)) == []
