"""New people are the same, read column by column or row by row."""

from datetime import UTC, datetime

import pytest

from processor.directory.people import new_people, new_person, today_of
from processor.reading.header import Header, understand_header
from processor.reading.plain_columns import plain_people_reader, runs
from processor.reading.presets import Preset
from processor.reading.survey import Survey
from processor.reading.user_rows import UserRow, user_row_reader
from processor.reading.values import is_shortened
from tests.unit.reading.refusals import key_checker
from tests.unit.reading.whole_files import known, settings_with

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PRESET = Preset(
    name="test", system="Test", header_map={}, no_manager_words=("NO_MANAGER",), leaver_words=("Terminated",)
)
LABELS = ("User Email", "User Name", "First Name", "Preferred", "Teams", "Manager Email", "Manager",
          "User Account Type", "Is Org Admin", "Deactivation Date", "Note", "Start", "Remote", "State",
          "Employee ID", "Mail 2")  # fmt: skip
MAP = {"Preferred": "First Name", "First Name": "First Name", "State": "Leaver Status",
       "User Email": "User Email", "Mail 2": "User Email"}  # fmt: skip
FIELDS = known(Start="date", Remote="boolean!")
CELLS = [
    "", "", " ", "\u00a0", "Pat", " Pat ", "Zoë", "O'Neil", "'=1", "Yes", "no", "TRUE", "Regular", "observer",
    "pat@m.example", "Pat@M.example", "bad@", "ü@m.example", "2024-01-02", "2099-12-31", "31/12/2099", "3/4/2024",
    "Sales,Ops", '"A, B",Ops', '"open', "Sales;Ops", "clear", "\u200b", "terminated", "on leave", "NO_MANAGER", "\tx",
    'x\n"y"', "\\", "007", "1.2E+05", "\x1f",
]  # fmt: skip
TIDY = ["pat@m.example", "", "Pat", "", "Sales,Ops", "boss@m.example", "The Boss", "Regular", "No", "2099-12-31",
        "x", "2024-01-02", "Yes", "", "007", ""]  # fmt: skip


@pytest.mark.parametrize("clear", [None, "clear"])
@pytest.mark.parametrize("dates", ["auto", "dmy"])
def test_p11_columns_say_what_rows_say(clear: str | None, dates: str) -> None:
    """Each row differs from a tidy one by one cell, then by two."""
    settings = settings_with(clear_word=clear, dates=dates)
    header = understand_header(LABELS, header_map=MAP, field_labels=FIELDS)
    assert isinstance(header, Header)
    places = range(len(TIDY))
    records = [TIDY, *[[*TIDY[:at], cell, *TIDY[at + 1 :]] for at in places for cell in CELLS], TIDY[:-1]]
    records += [[*one[:-2], cell, one[-1]] for one in records for cell in ("", "1.2E+05")]
    check = key_checker(header=header, settings=settings)
    survey = Survey(header=header, known_fields=FIELDS, clear_word=clear)
    counting = [(n, cells) for n, cells in enumerate(records) if check(n, cells) is None]
    together = Survey(header=header, known_fields=FIELDS, clear_word=clear)
    together.see([cells for _, cells in counting])
    for _, cells in counting:
        survey.add(cells)
    decisions = survey.decide(setting=dates)
    assert together.decide(setting=dates) == decisions
    fresh = Survey(header=header, known_fields=FIELDS, clear_word=clear)
    assert fresh.add_all([cells for _, cells in counting]) == [
        Survey(header=header, known_fields=FIELDS, clear_word=clear).add(cells) for _, cells in counting
    ]
    today = today_of(settings, now=NOW)
    read_row = user_row_reader(
        header=header, decisions=decisions, settings=settings, known_fields=FIELDS, preset=PRESET
    )
    read = plain_people_reader(
        header=header, decisions=decisions, settings=settings, known_fields=FIELDS, preset=PRESET,
        is_past=today.is_past, id_fields={"Employee ID"},
    )  # fmt: skip
    assert read is not None
    good, plain = read([cells for _, cells in counting])
    assert 0 in good
    made = list(new_people(plain, ids=range(len(good)), today=today))
    assert len(made) == len(good) > len(records) / 4
    for at, place in enumerate(good):
        row = read_row(*counting[place])
        assert isinstance(row, UserRow)
        assert (row.findings, row.notes, row.unknown_status, row.cleared) == ((), (), None, frozenset())
        assert made[at] == (*new_person(row, person_id=at, today=today), row.email_key)
        said = (
            plain.managers[at],
            plain.called[at] if row.manager_email else row.manager_called,
            plain.teams[at],
        )
        assert said == (row.manager_email, row.manager_called, row.teams)
        assert not is_shortened(counting[place][1][LABELS.index("Employee ID")])
        assert row.manager_email is None or row.manager_email.key != row.email_key


def test_runs_are_places_that_follow_one_another() -> None:
    assert list(runs([])) == []
    assert list(runs([4])) == [(0, 1)]
    assert list(runs([2, 3, 4])) == [(0, 3)]
    assert list(runs([0, 1, 3, 5, 6])) == [(0, 2), (2, 3), (3, 5)]
