"""What a custom field's stored values become when a command sets its type (rule C2): pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from processor.reading.dates import Order, date_reader
from processor.reading.field_types import FieldType
from processor.reading.values import BOOLEANS, clean

Value = str | bool
FIRST_MISFITS = 5


@dataclass(slots=True)
class Checked:
    """Stored values read as another type: those that change, and who has one that does not fit."""

    changed: dict[int, Value] = field(default_factory=dict)  # user -> the value after
    count: int = 0
    misfits: int = 0
    first_misfits: list[int] = field(default_factory=list)


def check_values(held: Iterable[tuple[int, Value]], *, kind: FieldType, dates: str) -> Checked:
    """Rule C2: read every stored value as `kind`; a date with two readings fits only if `dates` names the order."""
    checked = Checked()
    read_date = date_reader(order=None if dates == "auto" else Order(dates), strict=dates != "auto")
    for user, value in held:
        checked.count += 1
        after = _as(value, kind, read_date)
        if after is None:
            checked.misfits += 1
            if len(checked.first_misfits) < FIRST_MISFITS:
                checked.first_misfits.append(user)
        elif after != value or type(after) is not type(value):
            checked.changed[user] = after
    return checked


def _as(value: Value, kind: FieldType, read_date: object) -> Value | None:
    match kind:
        case FieldType.TEXT:
            return ("Yes" if value else "No") if isinstance(value, bool) else value
        case FieldType.BOOLEAN:
            return value if isinstance(value, bool) else BOOLEANS.get(clean(value).casefold())
        case FieldType.DATE:
            assert callable(read_date)
            found: str | None = None if isinstance(value, bool) else read_date(clean(value)) or None
            return found
