"""A users file as the second pass over it takes it: what it was understood to be, after the first look."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from processor.directory.first_look import FirstLook
from processor.reading.header import Header
from processor.reading.labels import Meaning
from processor.reading.plain_columns import ReadPlain
from processor.reading.survey import Survey
from processor.reading.table import Batch
from processor.reading.user_rows import ReadRow


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersFile:
    """What a users file was understood to be, after the first look."""

    header: Header
    batches: Iterable[Batch]
    read_row: ReadRow
    plain_reader: Callable[[Collection[str]], ReadPlain | None]  # for the fields whose values are ids
    survey: Survey
    look: FirstLook
    key_label: str
    fields: list[str]  # labels of the organization's custom fields
    has_former: bool  # whether anybody had another address before, and known lines may name him by it
    keep_admins: frozenset[int] = (
        frozenset()
    )  # lines that would take the last administrator (an earlier try found)

    def label(self, meaning: Meaning) -> str | None:
        """Return the label of the first column of a meaning."""
        columns = self.header.of(meaning)
        return columns[0].label if columns else None
