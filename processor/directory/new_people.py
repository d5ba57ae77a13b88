"""Makes new people of rows whose cells are all plain, many at once (`reading/plain_columns.py`)."""

from collections.abc import Iterable, Iterator, Sequence

from processor.directory.admins import AdminLedger
from processor.directory.fingerprints import NewLines
from processor.directory.first_look import COUNTS
from processor.directory.manager_links import ManagerLinks
from processor.directory.memberships import TeamsOfUsers
from processor.directory.people import Today, new_people
from processor.directory.plan import ALL_CREATED, Plan
from processor.directory.remarks import Remarks
from processor.directory.spill import Row
from processor.reading.plain_columns import PlainPeople, ReadPlain, runs
from processor.reading.survey import Survey
from processor.reading.table import Batch, Record

Judged = tuple[Record, tuple[int, int]]  # with the verdict of the first look: person, why


class NewPeople:
    """Takes the rows of one plan that make people without more ado; nothing of them is a problem or a note."""

    def __init__(
        self,
        *,
        plan: Plan,
        today: Today,
        admins: AdminLedger,
        teams: TeamsOfUsers,
        links: ManagerLinks,
        remarks: Remarks,
        survey: Survey,
        lines: NewLines,
        read: ReadPlain | None,
    ) -> None:
        self._plan = plan
        self._today = today
        self._admins = admins
        self._teams = teams
        self._links = links
        self._remarks = remarks
        self._survey = survey
        self._lines = lines
        self._read = read

    def segments(
        self, batch: Batch, judged: Sequence[Judged]
    ) -> Iterator[tuple[Sequence[Judged], PlainPeople | None]]:
        """Yield all rows of a batch in order: those that are plain, with what they say, and those that are not."""
        done = 0
        for places, plain in self._plain(batch, judged):
            for start, end in runs(places):
                first, last = places[start], places[end - 1] + 1
                if first > done:
                    yield judged[done:first], None
                yield judged[first:last], plain.part(start, end)
                done = last
        if done < len(judged):
            yield judged[done:], None

    def _plain(self, batch: Batch, judged: Sequence[Judged]) -> Iterable[tuple[list[int], PlainPeople]]:
        if self._read is None:
            return
        new = [at for at, (_, (person, why)) in enumerate(judged) if why == COUNTS and not person]
        if batch.spans:  # a record may go over several lines, or have stray text
            new = [at for at in new if len(judged[at][0].raw.splitlines()) == 1]
            new = [at for at in new if judged[at][0].line not in batch.stray]
        if new:
            places, plain = self._read([judged[at][0].cells for at in new])
            yield [new[place] for place in places], plain

    def take(
        self, plain: PlainPeople, rows: Sequence[Judged], ids: Sequence[int]
    ) -> tuple[Iterable[Row], Iterable[Row]]:
        """Make people of some rows; returns them, and what stands for their creations in the history (R2)."""
        records = [record for record, _ in rows]
        self._plan.counts.users_created += len(ids)
        self._plan.counts.deactivations_planned += len(ids) - plain.days.count(None)
        self._admins.gained.update(one for one, admin in zip(ids, plain.admins, strict=True) if admin)
        self._teams.join_all(ids, plain.teams)
        self._links.add_new(plain, ids, [record.line for record in records])
        self._remarks.take_plain()
        evidence = self._survey.add_all([record.cells for record in records])
        self._lines.add_all([record.raw for record in records], ids, evidence)
        return new_people(plain, ids=ids, today=self._today), [
            ("user", ids[0], None, ALL_CREATED, None, len(ids))
        ]
