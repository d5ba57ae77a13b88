"""Stored values read as another type (rule C2)."""

import pytest

from processor.directory.field_changes import check_values
from processor.reading.field_types import FieldType


@pytest.mark.parametrize(
    ("kind", "dates", "value", "after"),
    [
        (FieldType.TEXT, "auto", True, "Yes"),
        (FieldType.TEXT, "auto", False, "No"),
        (FieldType.TEXT, "auto", " as it is ", " as it is "),
        (FieldType.BOOLEAN, "auto", " TRUE", True),
        (FieldType.BOOLEAN, "auto", "no", False),
        (FieldType.BOOLEAN, "auto", "perhaps", None),
        (FieldType.DATE, "auto", "2026-1-5", "2026-01-05"),
        (FieldType.DATE, "auto", "31/12/2026", "2026-12-31"),
        (FieldType.DATE, "auto", "1/2/2026", None),
        (FieldType.DATE, "dmy", "1/2/2026", "2026-02-01"),
        (FieldType.DATE, "mdy", "1/2/2026", "2026-01-02"),
        (FieldType.DATE, "dmy", "12/31/2026", None),
        (FieldType.DATE, "auto", "soon", None),
        (FieldType.DATE, "auto", True, None),
    ],
)
def test_c02_a_stored_value_is_read_as_the_type_or_does_not_fit(
    kind: FieldType, dates: str, value: str | bool, after: str | bool | None
) -> None:
    checked = check_values([(7, value)], kind=kind, dates=dates)
    assert checked.misfits == (after is None)
    assert checked.first_misfits == ([7] if after is None else [])
    found = checked.changed.get(7, value)
    assert after is None or (found == after and type(found) is type(after))


def test_c02_only_the_first_misfits_are_named() -> None:
    checked = check_values([(n, "x") for n in range(99)], kind=FieldType.DATE, dates="auto")
    assert (checked.count, checked.misfits, checked.first_misfits) == (99, 99, [0, 1, 2, 3, 4])
