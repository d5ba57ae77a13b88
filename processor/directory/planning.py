"""From a file to its plan: open, understand, survey, plan (docs/developers/importing.md). Reads, never writes."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from core.organization_settings import OrganizationSettings
from processor.directory.directory_store import DirectoryReader
from processor.directory.fingerprints import Fingerprints, LineIndex, meaning_of, no_fingerprints
from processor.directory.people import Today
from processor.directory.plan import NewField, Plan, PlanSpace
from processor.directory.teams_plan import TeamsFile, TeamsPlan
from processor.directory.users_plan import UsersFile, UsersPlan
from processor.findings import Problem
from processor.imports import Counts, Kind
from processor.reading.catalogue import problem
from processor.reading.dates import EarlierProof, Order
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Header, understand_header, value_under_empty_label
from processor.reading.keys import is_blank_row, key_checker
from processor.reading.labels import Meaning, label_key
from processor.reading.opening import OpenTable, as_utf8, is_utf16, open_table, refusal_of
from processor.reading.survey import Survey
from processor.reading.table import BadTableError, Batch, Find, line_ranges, read_batches
from processor.reading.team_rows import team_row_reader
from processor.reading.user_rows import user_row_reader

ROW_LIMIT = 5_000_000  # F2
FIELD_LIMIT = 1_000  # U9
TEAM_LIMIT = 100_000  # U9

# What, beside header and fields, gives a line its meaning.
MEANING_SETTINGS = ("header_map", "preset", "dates", "clear_word", "teams", "match_by")

Progress = Callable[[int], None]  # bytes read so far


class FileRefusedError(Exception):
    """Nothing of the file may be applied."""

    def __init__(self, refusal: Problem) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Understood:
    """A plan, and how its header was read (None where the file was refused before that)."""

    plan: Plan
    header: Header | None


class Planner:
    """Makes the plan of one file against one view of the directory."""

    def __init__(
        self,
        *,
        space: PlanSpace,
        directory: DirectoryReader,
        settings: OrganizationSettings,
        now: datetime,
        folder: Path,
        progress: Progress | None = None,
    ) -> None:
        self._space = space
        self._directory = directory
        self._settings = settings
        self._today = Today(now=now, zone=ZoneInfo(settings.time_zone))
        self._folder = folder
        self._progress = progress

    async def plan(self, path: Path) -> Understood:
        """Read the file and plan it; whatever it holds, the result is a plan, perhaps one that refuses it (F2)."""
        codec = is_utf16(path, encoding=self._settings.encoding)
        if codec is None:
            return await self._plan(path)
        try:
            copy = as_utf8(path, codec=codec, folder=self._folder)
        except BadTableError as exc:
            return Understood(self._refused([refusal_of(exc)]), None)
        try:
            return await self._plan(copy)
        finally:
            copy.unlink()

    async def _plan(self, path: Path) -> Understood:
        encoding = "utf-8" if self._settings.encoding == "utf-16" else self._settings.encoding
        table = open_table(path, encoding=encoding, map_labels=self._settings.header_map)
        if isinstance(table, Problem):
            return Understood(self._refused([table]), None)
        known_fields = {
            known.label: KnownField(known.label, FieldType(known.type), known.strict)
            for known in await self._directory.fields()
        }
        header = understand_header(
            table.labels, header_map=self._settings.header_map, field_labels=list(known_fields)
        )
        if not isinstance(header, Header):
            return Understood(self._refused(list(header)), None)
        try:
            plan = await self._plan_rows(table, header, known_fields)
        except BadTableError as exc:
            plan = self._refused([refusal_of(exc)], header.kind)
        except FileRefusedError as exc:
            plan = self._refused([exc.refusal], header.kind)
        return Understood(plan, header)

    async def _plan_rows(self, table: OpenTable, header: Header, known_fields: dict[str, KnownField]) -> Plan:
        plan = self._space.new_plan(header.kind)
        state = self._directory.state
        plan.version, plan.users_made, plan.teams_made = state.version, state.users_made, state.teams_made
        plan.header_range = table.header_range
        plan.add_notes(list(header.notes))
        if header.kind is Kind.TEAMS:
            await self._plan_teams(plan, table, header)
        else:
            plan = await self._plan_users(plan, table, header, known_fields)
        if not plan.counts.rows:
            raise FileRefusedError(problem("no-rows"))
        if self._settings.all_or_nothing and plan.problems:
            plan.refuse_file([problem("all-or-nothing")])
        return plan

    async def _plan_teams(self, plan: Plan, table: OpenTable, header: Header) -> None:
        file = TeamsFile(
            batches=self._watched(table, header, None),
            read_row=team_row_reader(header=header, settings=self._settings),
            key_label=header.of(Meaning.TEAM_NAME)[0].label,
            parent_label=_label(header, Meaning.PARENT_TEAM),
        )
        await TeamsPlan(plan=plan, directory=self._directory, settings=self._settings).make(file)

    async def _plan_users(
        self, plan: Plan, table: OpenTable, header: Header, known_fields: dict[str, KnownField]
    ) -> Plan:
        stored = await self._directory.fingerprints()
        meaning = self._meaning(table, header, {f.label: f.type for f in known_fields.values()})
        usable = stored if stored.meaning == meaning else no_fingerprints(stored.everybody)
        lines = LineIndex(usable)
        survey, decisions = self._survey(table, header, known_fields, lines)
        if usable.orders and usable.orders != _orders(decisions):
            lines = LineIndex(no_fingerprints(stored.everybody))
            survey, decisions = self._survey(table, header, known_fields, lines)
        lines.begin_again()
        self._fields(plan, known_fields, decisions)
        file = UsersFile(
            batches=self._watched(table, header, lines.find if len(lines) else None),
            read_row=user_row_reader(
                header=header, decisions=decisions, settings=self._settings, known_fields=known_fields
            ),
            survey=survey,
            key_label=header.of(Meaning.USER_EMAIL)[0].label,
            manager_label=_label(header, Meaning.MANAGER_EMAIL),
            admin_label=_label(header, Meaning.IS_ORG_ADMIN),
            date_label=_label(header, Meaning.DEACTIVATION_DATE),
            has_status=bool(header.of(Meaning.STATUS)),
        )
        users = UsersPlan(
            plan=plan, directory=self._directory, settings=self._settings, today=self._today, lines=lines
        )
        await users.make(file)
        if users.refused_lines:
            plan.refused_ranges.extend(line_ranges(table.data, set(users.refused_lines)))
            plan.refused_ranges.sort()
        if users.team_count > TEAM_LIMIT:
            raise FileRefusedError(problem("too-many-teams", limit=TEAM_LIMIT))
        types = {**{f.label: f.type for f in known_fields.values()}, **decisions.types}
        plan.fingerprints = users.new_lines.merged(
            lines.kept(without=users.without_fingerprint | users.repeated_people),
            meaning=self._meaning(table, header, types),
            orders=_orders(decisions),
            named=users.named,
            without=users.without_fingerprint,
        )
        await self._count_missing(plan, stored, users)
        return plan

    async def _count_missing(self, plan: Plan, stored: Fingerprints, users: UsersPlan) -> None:
        """Rule P2: count the active users whom the previous users file named and this one does not."""
        missing = users.not_named(stored.everybody)
        plan.counts.users_missing = await self._directory.count_active(missing)

    def _survey(
        self, table: OpenTable, header: Header, known_fields: dict[str, KnownField], lines: LineIndex
    ) -> tuple[Survey, Decisions]:
        """Rules C1, C2, P9: look at all values once before any is read."""
        survey = Survey(header=header, known_fields=known_fields, clear_word=self._settings.clear_word)
        state = self._directory.state
        if survey.is_needed:
            refusal = key_checker(header=header, settings=self._settings)
            add = survey.add
            for batch in self._read(table, lines.find if len(lines) else None):
                lines.passed(batch.passed, batch.passed_lines)
                for record in batch.records:
                    if record.cells and refusal(record.line, record.cells) is None:
                        add(record.cells)
            survey.merge(lines.evidence)
        earlier = None
        if state.date_order is not None and state.date_order_import is not None:
            earlier = EarlierProof(Order(state.date_order), state.date_order_import)
        return survey, survey.decide(setting=self._settings.dates, earlier=earlier)

    def _fields(self, plan: Plan, known_fields: dict[str, KnownField], decisions: Decisions) -> None:
        if len(known_fields) + len(decisions.new_fields) > FIELD_LIMIT:
            raise FileRefusedError(problem("too-many-fields", limit=FIELD_LIMIT))
        plan.new_fields = [
            NewField(label=label, key=label_key(label), type=kind)
            for label, kind in decisions.new_fields.items()
        ]
        plan.counts.fields_created = len(plan.new_fields)
        plan.changed_fields = [(label_key(label), FieldType.TEXT.value) for label in decisions.widened]
        plan.date_order = decisions.proved
        plan.add_notes(list(decisions.notes))

    def _watched(self, table: OpenTable, header: Header, find: Find | None) -> Iterator[Batch]:
        """Rules F2, R1: pass the batches on, and refuse the file for what only all its rows can show."""
        has_empty_label = not all(header.labels)
        rows = 0
        last: Batch | None = None
        for batch in self._read(table, find):
            rows += len(batch.records) + len(batch.passed)
            if rows > ROW_LIMIT:
                raise FileRefusedError(problem("too-many-rows", limit=ROW_LIMIT))
            if has_empty_label:
                for record in batch.records:
                    if refusal := value_under_empty_label(header, record.cells):
                        raise FileRefusedError(refusal)
            last = batch
            if self._progress is not None:
                self._progress(batch.block.offset)
            yield batch
        if last is not None and _is_cut_off(last, len(header.labels)):
            raise FileRefusedError(problem("looks-cut-off", line=last.records[-1].line))

    def _read(self, table: OpenTable, find: Find | None) -> Iterator[Batch]:
        return read_batches(table.data, find=find)

    def _meaning(self, table: OpenTable, header: Header, types: Mapping[str, FieldType]) -> bytes:
        used = sorted((label, str(types[label])) for label in header.of_fields() if label in types)
        settings = [str(getattr(self._settings, name, "")) for name in MEANING_SETTINGS]
        return meaning_of(
            json.dumps(table.labels),
            table.data.delimiter,
            table.data.encoding,
            json.dumps(settings),
            json.dumps(used),
        )

    def _refused(self, problems: list[Problem], kind: Kind | None = None) -> Plan:
        plan = self._space.new_plan(kind)
        plan.counts = Counts()
        plan.refuse_file(problems)
        return plan


def _label(header: Header, meaning: Meaning) -> str | None:
    columns = header.of(meaning)
    return columns[0].label if columns else None


def _orders(decisions: Decisions) -> str:
    """Return the orders of dates as text: a known line means the same only while they are the same (P9)."""
    orders = {label: order and str(order) for label, order in decisions.orders.items()}
    return json.dumps(
        [decisions.deactivation_order and str(decisions.deactivation_order), sorted(orders.items())]
    )


def _is_cut_off(batch: Batch, width: int) -> bool:
    """Rule R1: whether the file's last row has no line end and too few cells."""
    if not batch.records:
        return False
    last = batch.records[-1]
    at_end = last.line == batch.block.first_line + len(batch.block.lines) - len(last.raw.splitlines())
    return (
        at_end
        and not last.raw.endswith((b"\n", b"\r"))
        and not is_blank_row(last.cells)
        and len(last.cells) < width
    )
