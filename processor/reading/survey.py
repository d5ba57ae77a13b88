"""The first look at a file's rows: what their values say about types and dates (rules C1, C2, P9).

Memory is bounded: of each column only the kinds of its values are kept (one number for a file), and some values that
were seen, so that each is judged once.
"""

from collections.abc import Mapping, Sequence
from operator import or_

from processor.reading.dates import (
    EarlierProof,
    Mark,
    Order,
    decide_order,
    looks_like_other_date,
    order_of_proofs,
    read_date,
)
from processor.reading.decisions import (
    BITS,
    Decisions,
    Watched,
    is_settled,
    may_be_dates,
    put_together,
    to_watch,
)
from processor.reading.field_types import KnownField
from processor.reading.header import Header
from processor.reading.values import BOOLEANS, clean, take_guard_off

Evidence = int
"""Marks of columns, joined by `|`; it can be kept as JSON."""

_ALL = (1 << BITS) - 1
_MEMO_LIMIT = 20_000


class Survey:
    """Collects what the values of a users file say; add every row that is not refused, then decide."""

    def __init__(
        self, *, header: Header, known_fields: Mapping[str, KnownField], clear_word: str | None = None
    ) -> None:
        self.evidence: Evidence = 0
        self._clear = clear_word.casefold() if clear_word else None
        self._all = tuple(to_watch(header, known_fields))
        self._watched = [w for w in self._all if not is_settled(w, 0)]
        self._memos: list[tuple[Watched, dict[str, int]]] = [(w, {"": 0}) for w in self._watched]
        self._single: list[tuple[int, dict[str, int], Watched]] = []
        self._several: list[tuple[Watched, dict[str, int]]] = []
        self._sort_memos()

    def add(self, cells: Sequence[str]) -> Evidence:
        """Take a row into account and return what it says, to be kept with it and merged when it is skipped."""
        row = 0
        for index, memo, watched in self._single:
            mark = memo.get(cells[index])
            row |= self._look(watched, memo, cells[index]) if mark is None else mark
        for watched, memo in self._several:
            text = next((cells[c.index] for c in watched.columns if clean(cells[c.index])), "")
            row |= self._mark(watched, memo, text)
        self.evidence |= row
        return row

    def see(self, rows: Sequence[Sequence[str]]) -> None:
        """Take rows into account, each distinct value of a column once."""
        if self._several:
            for cells in rows:
                self.add(cells)
            return
        for index, memo, watched in self._single:
            for text in {cells[index] for cells in rows}:
                self.evidence |= self._mark(watched, memo, text)
                if is_settled(watched, self._marks(watched)):
                    break

    def add_all(self, rows: Sequence[Sequence[str]]) -> list[Evidence]:
        """Take rows into account and return what each says."""
        if self._several:
            return [self.add(cells) for cells in rows]
        found = [0] * len(rows)
        for index, memo, watched in self._single:
            texts = [cells[index] for cells in rows]
            marks = {text: self._mark(watched, memo, text) for text in dict.fromkeys(texts)}
            found = list(map(or_, found, map(marks.__getitem__, texts)))
        for evidence in set(found):
            self.evidence |= evidence
        return found

    def merge(self, kept: Evidence) -> None:
        """Take rows into account that were skipped unread, by what `add` said when they were read."""
        self.evidence |= kept

    def decide(
        self, *, setting: str, earlier: EarlierProof | None = None, habit: tuple[str, Order] | None = None
    ) -> Decisions:
        """Rules C1, C2, P9: decide types and orders; `habit` is the preset's name and the order it writes."""
        dated = {w: self._marks(w) for w in self._watched if may_be_dates(w, self._marks(w))}
        file_marks = 0
        for marks in dated.values():
            file_marks |= marks
        orders = {
            w: decide_order(
                setting=setting,
                column_marks=marks,
                file_marks=file_marks,
                earlier=earlier,
                habit=habit[1] if habit else None,
            )
            for w, marks in dated.items()
        }
        return put_together(
            self._all,
            {w: self._marks(w) for w in self._all},
            orders,
            strict=None if setting == "auto" else Order(setting),
            system=habit[0] if habit else "",
            earlier=earlier,
            proved=order_of_proofs(file_marks),
        )

    def _marks(self, watched: Watched) -> int:
        return (self.evidence >> watched.shift) & _ALL

    def _mark(self, watched: Watched, memo: dict[str, int], text: str) -> int:
        mark = memo.get(text)
        return self._look(watched, memo, text) if mark is None else mark

    def _look(self, watched: Watched, memo: dict[str, int], text: str) -> int:
        if len(memo) >= _MEMO_LIMIT:
            memo.clear()
        memo[text] = mark = self._judge(text) << watched.shift
        if is_settled(watched, self._marks(watched) | (mark >> watched.shift)):
            self.evidence |= mark
            self._memos = [(w, m) for w, m in self._memos if m is not memo]
            self._sort_memos()
        return mark

    def _judge(self, cell: str) -> int:
        text = clean(take_guard_off(cell))
        folded = text.casefold()
        if not text or folded == self._clear:
            return Mark.NOTHING
        if reading := read_date(text):
            return reading.mark
        if folded in BOOLEANS:
            return Mark.BOOLEAN
        return Mark.UNREAD if looks_like_other_date(text) else Mark.OTHER

    def _sort_memos(self) -> None:
        self._single = [(w.columns[0].index, m, w) for w, m in self._memos if len(w.columns) == 1]
        self._several = [(w, m) for w, m in self._memos if len(w.columns) > 1]
