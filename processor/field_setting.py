"""Sets a custom field's type or name by command (rule C2): existing values are checked first, all or nothing."""

from dataclasses import dataclass

from core.audit import AuditEntry, Event
from core.audit_store import append
from core.clock import Clock
from core.database import Database
from core.errors import NotFoundError, ServiceError, UsageError
from core.organization_settings import OrganizationSettings
from core.organizations import Organization
from core.organizations_store import change_organization, organization_by_id
from processor.directory import fields_store as store
from processor.directory.field_changes import Checked, check_values
from processor.directory.undo_store import version_of
from processor.reading.field_types import FieldType, KnownField
from processor.reading.labels import (
    TEAM_LABELS,
    USER_LABELS,
    Meaning,
    clean_label,
    label_key,
    looks_like_data,
)
from processor.reading.maps import read_target
from processor.reading.presets import load_preset, map_of

_OURS = {label_key(label) for label in (*USER_LABELS, *TEAM_LABELS, *(m.value for m in Meaning))}


class MisfitError(ServiceError):
    """Stored values do not fit the type (rule C2)."""

    code = "values_misfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a field is to become; None keeps what it is."""

    type: FieldType | None
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a field has become."""

    field: KnownField
    values: int  # stored values that were checked
    changed: int  # of them, those that are written otherwise now
    mapped: tuple[str, ...]  # labels that the header map sends to it now


async def set_field(
    *, database: Database, clock: Clock, org_id: str, label: str, wanted: Wanted, who: str
) -> Done:
    """Rules C2, A5: check the stored values, then change type (strict from now on) and name.

    Raises:
        NotFoundError: no such organization or field.
        UsageError: the name cannot be a custom field's, or is another one's.
        MisfitError: stored values do not fit; nothing was changed.
    """
    while True:
        async with database.reading() as connection:
            organization = await organization_by_id(connection, org_id)
            version = await version_of(connection, organization.no)
            known = await store.known_fields(connection, organization.no)
            field = _field(known, organization, label)
            name = _name(known, field, wanted.name)
            kind = wanted.type or field.type
            checked = Checked()
            if wanted.type is not None:
                held = await store.values_held(connection, organization.no, field.label)
                checked = check_values(held, kind=kind, dates=organization.settings.dates)
            if checked.misfits:
                people = await store.addresses_of(connection, checked.first_misfits)
                raise _misfit(checked, field, kind, people)
        settings, mapped = settings_after(organization.settings, field.label, name)
        strict = field.strict or wanted.type is not None
        async with database.writing() as connection:
            if await version_of(connection, organization.no) != version:
                continue
            await store.change_field(
                connection,
                org_no=organization.no,
                known=field,
                old_key=label_key(field.label),
                label=name,
                new_key=label_key(name),
                kind=kind,
                strict=strict,
                values=checked.changed,
            )
            if settings != organization.settings:
                await change_organization(connection, org_id, settings=settings)
            said = f"field {field.label}: {field.type} -> {name}: {kind}"
            entry = AuditEntry(
                at=clock.now(), event=Event.SETTING_CHANGED, who=who, org_id=org_id, detail=said
            )
            await append(connection, [entry])
        after = KnownField(name, kind, strict)
        return Done(field=after, values=checked.count, changed=len(checked.changed), mapped=mapped)


def settings_after(
    settings: OrganizationSettings, old: str, new: str
) -> tuple[OrganizationSettings, tuple[str, ...]]:
    """Rules H5, P1: let what filled the field under its old name go on filling it; and the labels that are mapped."""
    if label_key(old) == label_key(new):
        return settings, ()
    preset = load_preset(settings.preset) if settings.preset else None
    entries = {
        label: new
        for label, target in map_of(preset, settings.header_map).items()
        if label_key(read_target(label, target).field or "") == label_key(old)
    }
    own = {label_key(label) for label in map_of(preset, settings.header_map)}
    if label_key(old) not in own:
        entries[old] = new
    changes: dict[str, object] = {"header_map": {**settings.header_map, **entries}}
    if label_key(settings.match_by) == label_key(old):
        changes["match_by"] = new
    return settings.changed(changes), tuple(entries)


def _field(known: dict[str, KnownField], organization: Organization, label: str) -> KnownField:
    field = known.get(label_key(label))
    if field is None:
        raise NotFoundError(
            f"{organization.name} has no custom field {label}: "
            f"`rosterdrop fields list --org {organization.id}` shows all."
        )
    return field


def _name(known: dict[str, KnownField], field: KnownField, text: str | None) -> str:
    if text is None:
        return field.label
    name = clean_label(text)
    key = label_key(name)
    if not name or key in _OURS or looks_like_data(name):
        raise UsageError(
            f"{text!r} cannot be a custom field's name: it is one of our labels, or none at all."
        )
    if key in known and known[key].label != field.label:
        raise UsageError(f"There is a field {known[key].label} already: two fields cannot have one name.")
    return name


def _misfit(checked: Checked, field: KnownField, kind: FieldType, people: list[str]) -> MisfitError:
    more = ", ..." if checked.misfits > len(people) else ""
    return MisfitError(
        f"{checked.misfits:,} of {checked.count:,} values of {field.label} cannot be {kind.described} "
        f"({', '.join(people)}{more}): nothing was changed. Correct them by a file first (C2)."
    )
