from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.reading.dates import EarlierProof, Mark, Order, date_reader, decide_order, read_date

DAYS = st.dates(min_value=date(1900, 1, 1))


def written(day: date, order: Order) -> str:
    parts = (day.day, day.month) if order is Order.DMY else (day.month, day.day)
    return f"{parts[0]}/{parts[1]:02d}/{day.year:04d}"


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("2024-02-29", Mark.CLEAR),
        ("05/05/2024", Mark.CLEAR),
        ("31/12/2024", Mark.PROVES_DMY),
        ("12/31/2024", Mark.PROVES_MDY),
        ("3/4/2024", Mark.DOUBTFUL),
        ("03/04/2024", Mark.DOUBTFUL),
    ],
)
def test_p09_a_date_says_what_it_proves(text: str, mark: Mark) -> None:
    reading = read_date(text)
    assert reading is not None
    assert reading.mark is mark


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2024",
        "02/30/2024",
        "13/13/2024",
        "1/1/24",
        "01.02.2024",
        "1-2-2024",
        "2024/01/02",
        "2023-02-29",
        "0/1/2024",
        "2024-01-02T00:00:00",
        "٠١/٠٢/٢٠٢٤",
        "",
        "today",
    ],
)
def test_p09_two_digit_years_dots_and_days_that_do_not_exist_are_no_dates(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize("order", list(Order))
@given(day=DAYS)
def test_p09_a_date_written_in_the_order_set_is_read_back(order: Order, day: date) -> None:
    read = date_reader(order=order, strict=True)
    assert read(written(day, order)) == day.isoformat()
    assert read(day.isoformat()) == day.isoformat()


@given(day=DAYS)
def test_p09_without_an_order_a_date_is_right_or_doubtful_and_never_guessed(day: date) -> None:
    read = date_reader(order=None, strict=False)
    for order in Order:
        assert read(written(day, order)) in (day.isoformat(), "")


def test_p09_a_date_of_the_other_order_is_no_date_where_the_setting_names_one() -> None:
    assert date_reader(order=Order.DMY, strict=True)("12/31/2024") is None
    assert date_reader(order=Order.DMY, strict=False)("12/31/2024") == "2024-12-31"


EARLIER = EarlierProof(Order.MDY, 17)
BOTH = Mark.PROVES_DMY | Mark.PROVES_MDY


@pytest.mark.parametrize(
    ("setting", "column", "file", "earlier", "habit", "order", "why"),
    [
        ("dmy", Mark.PROVES_MDY, Mark.PROVES_MDY, EARLIER, None, Order.DMY, "setting"),
        ("auto", Mark.PROVES_DMY, BOTH, EARLIER, Order.MDY, Order.DMY, "column"),
        ("auto", Mark.DOUBTFUL, Mark.PROVES_DMY, EARLIER, Order.MDY, Order.DMY, "file"),
        ("auto", Mark.DOUBTFUL, Mark.DOUBTFUL, EARLIER, Order.DMY, Order.MDY, "import"),
        ("auto", Mark.DOUBTFUL, Mark.CLEAR, None, Order.MDY, Order.MDY, "preset"),
        ("auto", Mark.DOUBTFUL, Mark.DOUBTFUL, None, None, None, "nothing"),
        ("auto", BOTH, BOTH, EARLIER, Order.MDY, None, "contradiction"),
        ("auto", Mark.DOUBTFUL, BOTH, EARLIER, Order.MDY, None, "contradiction"),
    ],
)
def test_p09_the_order_follows_the_column_then_the_file_then_earlier_imports(
    setting: str,
    column: int,
    file: int,
    earlier: EarlierProof | None,
    habit: Order | None,
    order: Order | None,
    why: str,
) -> None:
    found = decide_order(setting=setting, column_marks=column, file_marks=file, earlier=earlier, habit=habit)
    assert (found.order, found.why) == (order, why)
