"""What the values of a file's columns decide: types of custom fields and orders of dates (rules C1, C2, P9)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.dates import Decided, EarlierProof, Mark, Order
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Column, Header
from processor.reading.labels import Meaning

BITS = 7  # of marks for each column, at 7 * its place in the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """How the cells of this file are to be read."""

    strict_dates: bool  # the setting names the order
    deactivation_order: Order | None  # for doubtful dates; None refuses them
    orders: Mapping[str, Order | None]  # the same for date fields, by label
    types: Mapping[str, FieldType]  # of the custom fields in the file, as they are after it
    new_fields: Mapping[str, FieldType]  # those to be made, in the order of the file
    widened: tuple[str, ...]  # known fields that become text (C2)
    proved: Order | None  # what this file proves for later ones
    notes: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Watched:
    """A custom field or the deactivation date: where it stands, and what the field is known to be."""

    field: str | None
    columns: tuple[Column, ...]
    known: KnownField | None

    @property
    def shift(self) -> int:
        """Where the column's marks begin in the evidence."""
        return BITS * min(column.index for column in self.columns)


def to_watch(header: Header, known_fields: Mapping[str, KnownField]) -> Iterable[Watched]:
    """Yield the columns whose values are judged, in the order of the file."""
    if dates := header.of(Meaning.DEACTIVATION_DATE):
        yield Watched(None, dates, None)
    for field, columns in header.of_fields().items():
        yield Watched(field, columns, known_fields.get(field))


def is_settled(watched: Watched, marks: int) -> bool:
    """Whether no further value can change what is decided: such columns are looked at no more."""
    if watched.field is None:
        return False
    if watched.known is None:
        return _new_type(marks) is FieldType.TEXT and not _are_other_dates(marks)
    return watched.known.type is FieldType.TEXT


def _new_type(marks: int) -> FieldType | None:
    """Rule C1: the type that values make; None without any."""
    if not marks:
        return None
    if not marks & ~Mark.DATE:
        return FieldType.DATE
    return FieldType.BOOLEAN if marks == Mark.BOOLEAN else FieldType.TEXT


def _are_other_dates(marks: int) -> bool:
    """Rule P9: whether all values look like dates, and some are in a form that is not read."""
    return bool(marks & Mark.UNREAD) and not marks & ~(Mark.DATE | Mark.UNREAD)


def _widens(known: KnownField, marks: int) -> bool:
    """Rule C2: whether a field that imports made becomes text."""
    if known.strict or known.type is FieldType.TEXT:
        return False
    if known.type is FieldType.BOOLEAN:
        return bool(marks & ~Mark.BOOLEAN)
    return bool(marks) and not marks & Mark.DATE


def may_be_dates(watched: Watched, marks: int) -> bool:
    """Whether the proofs of this column count for the file."""
    if watched.field is None:
        return True
    if watched.known is None:
        return _new_type(marks) is FieldType.DATE
    return watched.known.type is FieldType.DATE and not _widens(watched.known, marks)


def put_together(
    watched: Sequence[Watched],
    marks: Mapping[Watched, int],
    orders: Mapping[Watched, Decided],
    *,
    strict: Order | None,
    system: str,
    earlier: EarlierProof | None,
    proved: Order | None,
) -> Decisions:
    """Put together what was decided for each column."""
    types: dict[str, FieldType] = {}
    new_fields: dict[str, FieldType] = {}
    widened: list[str] = []
    notes: list[Problem] = []
    for w in watched:
        if w.field is None:
            continue
        if w.known is not None:
            if _widens(w.known, marks[w]):
                widened.append(w.field)
                notes.append(
                    problem("field-became-text", column=w.columns[0].label, type=w.known.type.described)
                )
            types[w.field] = FieldType.TEXT if w.field in widened else w.known.type
        elif made := _new_type(marks[w]):
            if made is FieldType.DATE and (code := _doubt(orders[w], marks[w], strict)):
                made = FieldType.TEXT
                notes.append(problem(code, column=w.columns[0].label))
            if _are_other_dates(marks[w]):
                notes.append(problem("column-of-other-dates", column=w.columns[0].label))
            types[w.field] = new_fields[w.field] = made
    for w, decided in orders.items():
        is_date = w.field is None or types.get(w.field) is FieldType.DATE
        if is_date and marks[w] & Mark.DOUBTFUL:
            notes += _note_of_order(w, decided, system, earlier)
    return Decisions(
        strict_dates=strict is not None,
        deactivation_order=next((d.order for w, d in orders.items() if w.field is None), strict),
        orders={w.field: d.order for w, d in orders.items() if w.field is not None},
        types=types,
        new_fields=new_fields,
        widened=tuple(widened),
        proved=proved if strict is None or proved is strict else None,
        notes=tuple(notes),
    )


def _doubt(decided: Decided, marks: int, strict: Order | None) -> str | None:
    """Rule P9: why a new column of dates is made a text."""
    against = {Order.DMY: Mark.PROVES_MDY, Order.MDY: Mark.PROVES_DMY}
    if strict and marks & against[strict]:
        return "column-against-setting"
    return "column-made-text" if marks & Mark.DOUBTFUL and decided.order is None else None


def _note_of_order(
    watched: Watched, decided: Decided, system: str, earlier: EarlierProof | None
) -> list[Problem]:
    column = watched.columns[0].label
    if decided.why == "import" and earlier and decided.order:
        return [
            problem(
                "date-order-from-import",
                column=column,
                order=decided.order.written,
                number=earlier.import_number,
            )
        ]
    if decided.why == "preset" and decided.order:
        return [problem("date-order-from-preset", column=column, order=decided.order.written, system=system)]
    return []
