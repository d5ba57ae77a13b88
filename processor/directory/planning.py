"""From a file to its plan: open, understand, survey, plan (docs/developers/importing.md). Reads, never writes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from core.organization_settings import MATCH_BY_ADDRESS, OrganizationSettings
from processor.directory.details import FIRST, details_of
from processor.directory.directory_store import DirectoryReader
from processor.directory.fingerprints import Fingerprints, LineIndex, no_fingerprints
from processor.directory.first_look import FirstLook
from processor.directory.guard import Magnitude, why_held
from processor.directory.line_meaning import meaning_of_lines, orders_of
from processor.directory.people import today_of
from processor.directory.plan import FileRefusedError, NewField, Plan, PlanSpace
from processor.directory.repeats import FileBytes, is_repeat
from processor.directory.teams_plan import TeamsFile, TeamsPlan
from processor.directory.users_file import UsersFile
from processor.directory.users_plan import TEAM_LIMIT, LastAdminError, StaleLinesError, UsersPlan
from processor.findings import Note, Problem
from processor.imports import Counts, Kind, Outcome
from processor.reading.catalogue import problem
from processor.reading.dates import EarlierProof, Order
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType, KnownField
from processor.reading.header import Header, is_extra_header_row, understand_header, value_under_empty_label
from processor.reading.keys import key_reader, match_field, plain_keys_reader
from processor.reading.kinds import kind_of
from processor.reading.labels import Meaning, label_key
from processor.reading.meanings import in_words, meanings
from processor.reading.opening import OpenTable, as_utf8, is_utf16, open_table, refusal_of
from processor.reading.plain_columns import plain_people_reader
from processor.reading.preset_hints import hint_how_to_read, note_of_other_preset
from processor.reading.presets import map_of, preset_of
from processor.reading.stray_rows import is_cut_off, title_above
from processor.reading.survey import Survey
from processor.reading.table import BadTableError, Batch, Find, line_ranges, read_batches
from processor.reading.team_rows import team_row_reader
from processor.reading.user_rows import user_row_reader

ROW_LIMIT = 5_000_000  # F2
FIELD_LIMIT = 1_000  # U9

KnownFields = Mapping[str, KnownField]
Progress = Callable[[int], None]  # bytes read so far


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
        detailed: bool = False,
        given: FileBytes | None = None,
    ) -> None:
        self._space = space
        self._directory = directory
        self._settings = settings
        self._today = today_of(settings, now=now)
        self._folder = folder
        self._progress = progress
        self._given = given  # where a file may be the last one once more (G2)
        self._detailed = detailed  # whether the plan says what it gives to those whom it makes (H7, H8)
        self._preset = preset_of(settings)
        self._map = map_of(self._preset, settings.header_map)
        self._encoding = settings.encoding
        self._preset_notes: list[Note] = []
        self._new_key: NewField | None = (
            None  # the field of the chosen key, where this file is the first to bring it
        )

    async def plan(self, path: Path) -> Understood:
        """Read the file and plan it; whatever it holds, the result is a plan, perhaps one that refuses it (F2)."""
        codec = is_utf16(path, encoding=self._encoding)
        if codec is None:
            return await self._plan(path, self._encoding)
        try:
            copy = as_utf8(path, codec=codec, folder=self._folder)
        except BadTableError as exc:
            return Understood(self._refused([refusal_of(exc)]), None)
        try:
            return await self._plan(copy, "utf-8")
        finally:
            copy.unlink()

    def kind_of(self, path: Path) -> Kind | None:
        """Return what a file is, by its header alone; None where it would be refused."""
        encodings = [self._encoding, *([self._preset.encoding] if self._preset is not None else [])]
        return kind_of(path, encodings=encodings, header_map=self._map, folder=self._folder)

    async def _plan(self, path: Path, encoding: str) -> Understood:
        """Plan in an encoding; where the file is not in it, in the one that the preset's system writes (H5)."""
        try:
            return await self._plan_in(path, encoding)
        except BadTableError as exc:
            preset = self._preset
            if exc.code != "not-in-encoding" or preset is None or preset.encoding in (encoding, "utf-16"):
                return Understood(self._refused([refusal_of(exc)]), None)
            note = problem("encoding-from-preset", encoding=preset.encoding, system=preset.system)
        self._preset_notes = [note]
        try:
            return await self._plan_in(path, preset.encoding)
        except BadTableError as exc:
            return Understood(self._refused([refusal_of(exc)]), None)

    async def _plan_in(self, path: Path, encoding: str) -> Understood:
        table = open_table(path, encoding=encoding, map_labels=self._map)
        if isinstance(table, Problem):
            return Understood(self._refused([table]), None)
        known_fields = {
            known.label: KnownField(known.label, FieldType(known.type), known.strict)
            for known in await self._directory.fields()
        }
        match_by = self._settings.match_by
        header = understand_header(
            table.labels,
            header_map=self._map,
            field_labels=list(known_fields),
            match_by=None if match_by == MATCH_BY_ADDRESS else match_by,
            hint=partial(hint_how_to_read, chosen=self._preset),
        )
        if not isinstance(header, Header):
            title = self._title_above(table)
            return Understood(self._refused([title] if title else list(header), labels=table.labels), None)
        header = replace(header, delimiter=table.data.delimiter)
        self._preset_notes += note_of_other_preset(table.labels, self._preset)
        table = self._without_extra_header(table, header)
        key = match_field(header, match_by)
        if key is not None and key not in known_fields:  # a key is a text: leading zeros count (P1)
            known_fields[key] = KnownField(key, FieldType.TEXT, strict=False)
            self._new_key = NewField(label=key, key=label_key(key), type=FieldType.TEXT)
        try:
            plan = await self._plan_rows(table, header, known_fields)
        except FileRefusedError as exc:
            plan = self._refused([exc.refusal], header.kind)
        plan.labels = table.labels
        if self._detailed:
            types = {field.label: field.type for field in plan.new_fields}
            plan.headers = [(label, in_words(meaning, types)) for label, meaning in meanings(header)]
        return Understood(plan, header)

    def _title_above(self, table: OpenTable) -> Problem | None:
        """Rule F2: whether a title stands above the labels."""
        return title_above(
            table.header_line,
            table.first_rows,
            lambda labels: understand_header(labels, header_map=self._map, field_labels=[]),
            encoding=table.data.encoding,
            map_labels=list(self._map),
        )

    def _without_extra_header(self, table: OpenTable, header: Header) -> OpenTable:
        """Rule H5: pass over further lines of labels where the preset's system writes them."""
        count = 0
        most = self._preset.extra_header_rows if self._preset is not None else 0
        for record in table.first_rows[:most]:
            if not is_extra_header_row(header, record.cells):
                break
            count += 1
        return table.without_rows(count)

    async def _plan_rows(self, table: OpenTable, header: Header, known_fields: KnownFields) -> Plan:
        if header.kind is Kind.TEAMS:
            plan = await self._plan_teams(table, header)
        else:
            plan = await self._plan_users(table, header, known_fields)
        if not plan.counts.rows:
            raise FileRefusedError(problem("no-rows"))
        if self._settings.all_or_nothing and plan.problems:
            plan.refuse_file([problem("all-or-nothing")])
        if plan.outcome is Outcome.REFUSED:
            plan.forget_what_is_not_applied()
        elif plan.guarded.is_any:
            known, active = await self._directory.count_people()
            found = Magnitude(
                deactivated=plan.guarded.deactivated,
                active=active,
                replaced=plan.guarded.replaced,
                known=known,
            )
            plan.hold = why_held(found, self._settings)
        if self._detailed and plan.outcome is not Outcome.REFUSED:
            plan.created = await details_of(plan, self._directory)
        return plan

    def _new_plan(self, table: OpenTable, header: Header) -> Plan:
        plan = self._space.new_plan(header.kind)
        state = self._directory.state
        plan.version, plan.users_made, plan.teams_made = state.version, state.users_made, state.teams_made
        plan.header_range = table.header_range
        plan.add_notes([*self._preset_notes, *header.notes])
        return plan

    async def _plan_teams(self, table: OpenTable, header: Header) -> Plan:
        plan = self._new_plan(table, header)
        file = TeamsFile(
            batches=self._watched(table, header, None),
            read_row=team_row_reader(header=header, settings=self._settings),
            key_label=header.of(Meaning.TEAM_NAME)[0].label,
            parent_label=_label(header, Meaning.PARENT_TEAM),
            owner_label=_label(header, Meaning.TEAM_OWNER),
        )
        await TeamsPlan(plan=plan, directory=self._directory, settings=self._settings, limit=TEAM_LIMIT).make(
            file
        )
        return plan

    async def _plan_users(self, table: OpenTable, header: Header, known_fields: KnownFields) -> Plan:
        """Plan a users file; what only its end shows (a last administrator, lines gone stale) makes a second try."""
        stored = await self._directory.fingerprints()
        types = {known.label: known.type for known in known_fields.values()}
        meaning = meaning_of_lines(table, header, types, self._settings)
        usable = stored if stored.meaning == meaning else no_fingerprints(stored.everybody)
        if _names_managers(header) and await self._directory.has_voids():
            usable = no_fingerprints(stored.everybody)  # a manager's name or id may be another now (H6)
        keep_admins: frozenset[int] = frozenset()
        while True:
            try:
                return await self._try_users(table, header, known_fields, stored, usable, keep_admins)
            except LastAdminError as exc:
                keep_admins = exc.lines
            except StaleLinesError:
                usable = no_fingerprints(stored.everybody)

    async def _try_users(
        self,
        table: OpenTable,
        header: Header,
        known_fields: KnownFields,
        stored: Fingerprints,
        usable: Fingerprints,
        keep_admins: frozenset[int],
    ) -> Plan:
        repeats = await is_repeat(
            self._given, last=await self._directory.last_file(), known=len(usable.people)
        )
        lines, survey, look, decisions = await self._look(table, header, known_fields, usable, repeats)
        if len(lines) and (look.gave_up or decisions.widened or usable.orders != orders_of(decisions)):
            usable, repeats = no_fingerprints(stored.everybody), False
            lines, survey, look, decisions = await self._look(table, header, known_fields, usable, repeats)
        plan = self._new_plan(table, header)
        self._fields(plan, known_fields, decisions)
        file = UsersFile(
            header=header,
            batches=()
            if repeats
            else self._watched(table, header, lines.find_again() if len(lines) else None),
            read_row=user_row_reader(
                header=header,
                decisions=decisions,
                settings=self._settings,
                known_fields=known_fields,
                preset=self._preset,
            ),
            plain_reader=lambda id_fields: plain_people_reader(
                header=header,
                decisions=decisions,
                settings=self._settings,
                known_fields=known_fields,
                preset=self._preset,
                is_past=self._today.is_past,
                id_fields=id_fields,
            ),
            survey=survey,
            look=look,
            key_label=self._key_label(header),
            fields=list(known_fields),
            has_former=bool(len(lines)) and await self._directory.has_former(),
            keep_admins=keep_admins,
        )
        users = UsersPlan(
            plan=plan,
            directory=self._directory,
            settings=self._settings,
            today=self._today,
            lines=lines,
            file=file,
        )
        await users.make()
        if look.refused_passed:
            for start, end in line_ranges(table.data, set(look.refused_passed)):
                plan.refused_ranges.add(start, end)
        if repeats:
            return plan  # whom the file names, and the fingerprints of its lines, stay what they are
        types = {**{known.label: known.type for known in known_fields.values()}, **decisions.types}
        plan.fingerprints = users.new_lines.merged(
            lines.kept(without=users.without_fingerprint | look.replaced_people),
            meaning=meaning_of_lines(table, header, types, self._settings),
            orders=orders_of(decisions),
            named=users.named,
            without=users.without_fingerprint,
        )
        missing = users.not_named(stored.everybody)
        plan.counts.users_missing, plan.missing = await self._directory.active_among(missing, first=FIRST)
        return plan

    def _key_label(self, header: Header) -> str:
        field = match_field(header, self._settings.match_by)
        columns = header.of(Meaning.USER_EMAIL) if field is None else header.of_fields()[field]
        return columns[0].label

    async def _look(
        self,
        table: OpenTable,
        header: Header,
        known_fields: KnownFields,
        usable: Fingerprints,
        repeats: bool,
    ) -> tuple[LineIndex, Survey, FirstLook, Decisions]:
        """Rules P10, C1, C2, P9: judge rows by their keys and look at all values once, before any is read."""
        lines = LineIndex(usable)
        match = match_field(header, self._settings.match_by)
        survey = Survey(header=header, known_fields=known_fields, clear_word=self._settings.clear_word)
        look = FirstLook(
            directory=self._directory,
            lines=lines,
            survey=survey,
            read_key=key_reader(header=header, settings=self._settings),
            read_keys=plain_keys_reader(header=header, settings=self._settings),
            match_field=match,
        )
        if repeats:
            look.take_repeat()
        else:
            await look.look(read_batches(table.data, find=lines.find if len(lines) else None))
        state = self._directory.state
        earlier = None
        if state.date_order is not None and state.date_order_import is not None:
            earlier = EarlierProof(Order(state.date_order), state.date_order_import)
        habit = self._preset.habit if self._preset is not None else None
        return lines, survey, look, survey.decide(setting=self._settings.dates, earlier=earlier, habit=habit)

    def _fields(self, plan: Plan, known_fields: KnownFields, decisions: Decisions) -> None:
        if len(known_fields) + len(decisions.new_fields) > FIELD_LIMIT:
            raise FileRefusedError(problem("too-many-fields", limit=FIELD_LIMIT))
        plan.new_fields = [] if self._new_key is None else [self._new_key]
        plan.new_fields += [
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
        for batch in read_batches(table.data, find=find):
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
        if last is not None and is_cut_off(last, len(header.labels)):
            raise FileRefusedError(problem("looks-cut-off", line=last.records[-1].line))

    def _refused(self, problems: list[Problem], kind: Kind | None = None, labels: Sequence[str] = ()) -> Plan:
        plan = self._space.new_plan(kind)
        plan.counts, plan.labels = Counts(), labels
        plan.refuse_file(problems)
        return plan


def _names_managers(header: Header) -> bool:
    """Whether managers are given by id or name, which may come to mean others (H6)."""
    return bool(header.of(Meaning.MANAGER_EMPLOYEE_ID) or header.of(Meaning.MANAGER_NAME))


def _label(header: Header, meaning: Meaning) -> str | None:
    columns = header.of(meaning)
    return columns[0].label if columns else None
