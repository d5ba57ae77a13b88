"""The users file (sections P and C)."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from tests.oracle import dates
from tests.oracle.circles import Link, break_circles
from tests.oracle.columns import USER_LABELS, Columns, Row, norm
from tests.oracle.files import ADDRESS, File
from tests.oracle.table import Record
from tests.oracle.words import User

YES_NO = {"yes": True, "no": False}
BOOLEANS = {**YES_NO, "true": True, "false": False}
ACCOUNTS = {"regular": "Regular", "observer": "Observer"}


@dataclass
class Seen:
    """A row that counts, with its user before the file and the cells that were bad."""

    row: Row
    key: str
    before: User | None
    keeps_admin: bool = False  # the last active administrator (P7, P8)


class UsersFile(File):
    """One users file."""

    def read(self, labels: list[str], rows: list[Record], now: datetime) -> None:
        standard = {**{label: label for label in USER_LABELS}, **self.choices.header_map}
        self.columns = Columns(labels, standard, list(self.state.fields))
        self.now, self.today = now, self.choices.today(now)
        kept = self.kept(self.columns, rows, "User Email", "address-missing", "repeated-address")
        self._decide(kept)
        before = dict(self.state.users)
        seen = [Seen(row, key := row.text("User Email").casefold(), before.get(key)) for row in kept]
        self._judge_admins(seen)
        for one in seen:
            self.state.users[one.key] = self._user(one)
        for one in seen:
            self._join(one)
        self._link(seen, before)
        self._count(seen, before)

    # Types and orders, from all values of rows that count

    def _decide(self, rows: list[Row]) -> None:
        values = {
            field: [text for row in rows if (text := row.raw(place).strip())]
            for field, place in self.columns.custom.items()
        }
        new = {
            field: _type(texts) for field, texts in values.items() if texts and field not in self.state.fields
        }
        for field, texts in values.items():
            if _widens(self.state.fields.get(field), texts):
                self.state.fields[field] = "text"
                self._show_as_text(field)
        kinds = {**self.state.fields, **new}
        dated = {field: texts for field, texts in values.items() if kinds.get(field) == "date"}
        dated[""] = [text for row in rows if (text := row.text("Deactivation Date"))]
        in_file = set().union(*(dates.proofs(texts) for texts in dated.values()))
        self.orders = {field: self._order(dates.proofs(texts), in_file) for field, texts in dated.items()}
        for field, kind in new.items():
            if kind == "date" and self.orders[field] is None and any(map(dates.is_doubtful, values[field])):
                new[field] = "text"
        self.state.fields.update(new)
        self.verdict.count("fields_created", len(new))
        if len(in_file) == 1:
            (self.state.date_order,) = in_file

    def _order(self, column: set[str], in_file: set[str]) -> str | None:
        """Rule P9: the column's proofs, else the file's, else an earlier file's; a contradiction decides nothing."""
        if self.choices.dates != "auto":
            return self.choices.dates
        for proofs in (column, in_file):
            if proofs:
                return next(iter(proofs)) if len(proofs) == 1 else None
        return self.state.date_order

    def _show_as_text(self, field: str) -> None:
        """Rule C2: stored values are then as the export writes them."""
        for key, user in self.state.users.items():
            value = user.custom.get(field)
            if isinstance(value, bool):
                shown = "Yes" if value else "No"
                self.state.users[key] = replace(user, custom={**user.custom, field: shown})

    # Administrators

    def _judge_admins(self, seen: list[Seen]) -> None:
        """Rules P7, P8: what would take the last active administrator away goes back, the last in the file."""
        active = {key for key, user in self.state.users.items() if user.is_org_admin and user.is_active}
        stay = set(active)
        for one in seen:
            becomes_active = one.before.is_active if one.before else not self._is_past(one)
            if self._admin_cell(one) is True and becomes_active:
                stay.add(one.key)
        losses = [one for one in seen if one.key in active and self._takes_away(one)]
        if losses and not stay - {one.key for one in losses}:
            losses[-1].keeps_admin = True

    def _takes_away(self, one: Seen) -> bool:
        day = self._day(one)
        assert one.before is not None
        return self._admin_cell(one) is False or (day is not None and day != one.before.deactivation_date)

    def _admin_cell(self, one: Seen) -> bool | None:
        return YES_NO.get(one.row.text("Is Org Admin").casefold())

    def _day(self, one: Seen) -> str | None:
        text = one.row.text("Deactivation Date")
        return dates.read(text, order=self.orders[""], setting=self.choices.dates) if text else None

    def _is_past(self, one: Seen) -> bool:
        day = self._day(one)
        return day is not None and day < self.today

    # One user

    def _user(self, one: Seen) -> User:
        """Rules P2 to P4, P7, P8, P11."""
        row = one.row
        user = one.before or User(email=row.text("User Email"), name="")
        user = self.state.users.get(one.key, user)
        user = replace(
            user,
            first_name=row.text("First Name") or user.first_name,
            last_name=row.text("Last Name") or user.last_name,
        )
        user = replace(user, name=self._name(row, user))
        user = replace(user, account_type=self._account(row) or user.account_type)
        user = replace(user, custom={**user.custom, **self._custom(row)})
        return self._deactivation(one, self._admin(one, user))

    def _name(self, row: Row, user: User) -> str:
        """Rule P4."""
        if row.text("User Name"):
            return row.text("User Name")
        if row.text("First Name") or row.text("Last Name"):
            return f"{user.first_name} {user.last_name}".strip()
        return user.name or user.email.rpartition("@")[0]

    def _account(self, row: Row) -> str | None:
        text = row.text("User Account Type")
        if text and text.casefold() not in ACCOUNTS:
            self.bad_cell(row.line, self.columns.label("User Account Type"), "account-type-invalid")
        return ACCOUNTS.get(text.casefold())

    def _admin(self, one: Seen, user: User) -> User:
        """Rule P7."""
        value, line = self._admin_cell(one), one.row.line
        if value is None:
            if one.row.text("Is Org Admin"):
                self.bad_cell(line, self.columns.label("Is Org Admin"), "admin-invalid")
            return user
        if value is False and one.keeps_admin:
            self.bad_cell(line, self.columns.label("Is Org Admin"), "last-admin")
            return user
        return replace(user, is_org_admin=value)

    def _deactivation(self, one: Seen, user: User) -> User:
        """Rule P8."""
        text, day, line = one.row.text("Deactivation Date"), self._day(one), one.row.line
        if day is None:
            if text:
                code = (
                    "date-doubtful"
                    if dates.is_date(text) and self.choices.dates == "auto"
                    else "date-invalid"
                )
                self.bad_cell(line, self.columns.label("Deactivation Date"), code)
            return user
        if one.before is None and self._is_past(one):
            return replace(user, deactivation_date=day, is_active=False)
        if day == user.deactivation_date:
            return user
        if one.keeps_admin:
            self.bad_cell(line, self.columns.label("Deactivation Date"), "last-admin-date")
            return user
        if not user.is_active:
            return replace(user, deactivation_date=day)
        self.verdict.count("deactivations_planned")
        return replace(user, deactivation_date=day, deactivates_at=self.choices.due(day, self.now))

    def _custom(self, row: Row) -> dict[str, str | bool]:
        """Rules C1, C2."""
        found: dict[str, str | bool] = {}
        for field, place in self.columns.custom.items():
            raw = row.raw(place)
            if not raw.strip():
                continue
            value = self._value(field, raw)
            if value is None:
                doubtful = self.state.fields[field] == "date" and dates.is_doubtful(raw.strip())
                code = "date-doubtful" if doubtful and self.choices.dates == "auto" else "value-misfit"
                self.bad_cell(row.line, self.columns.label_of_field(field), code)
            else:
                found[field] = value
        return found

    def _value(self, field: str, raw: str) -> str | bool | None:
        kind = self.state.fields[field]
        if kind == "date":
            return dates.read(raw.strip(), order=self.orders[field], setting=self.choices.dates)
        return BOOLEANS.get(raw.strip().casefold()) if kind == "boolean" else raw

    # Teams and managers

    def _join(self, one: Seen) -> None:
        """Rule P5."""
        names = _split(one.row.text("Teams"))
        if names is None:
            self.bad_cell(one.row.line, self.columns.label("Teams"), "teams-quote-open")
            return
        for name in names:
            self.team_on_the_way(name)
        keys = frozenset(name.casefold() for name in names)
        user = self.state.users[one.key]
        self.verdict.count("memberships_added", len(keys - user.teams))
        kept = frozenset() if keys and self.choices.teams == "replace" else user.teams
        self.state.users[one.key] = replace(user, teams=kept | keys)

    def _link(self, seen: list[Seen], before: Mapping[str, User]) -> None:
        """Rules P6, H6."""
        links: list[tuple[Link, str]] = []  # with the meaning of the column
        called: dict[str, str] = {}
        spelt: dict[str, str] = {}
        for one in seen:
            email = one.row.text("Manager Email")
            if ADDRESS.fullmatch(email) and email.casefold() != one.key:
                spelt.setdefault(email.casefold(), email)
                if name := one.row.text("Manager") or one.row.text("Manager Name"):
                    called.setdefault(email.casefold(), name)
        for above, text in spelt.items():
            self.user_on_the_way(text, called.get(above, ""))
        for one in seen:
            meaning, found = self._manager(one)
            if found and found != one.key:
                links.append((Link(one.key, found, one.row.line), meaning))
        graph, refused = break_circles(
            [link for link, _ in links], {key: user.manager for key, user in before.items()}
        )
        for link, meaning in links:
            if link in refused:
                self.bad_cell(link.line, self.columns.label(meaning), "manager-circle")
        for key, user in self.state.users.items():
            self.state.users[key] = replace(user, manager=graph.get(key))

    def _manager(self, one: Seen) -> tuple[str, str | None]:
        """Rule H6: by address, else by employee id, else by name, among the users known and those in the file."""
        if email := one.row.text("Manager Email"):
            if ADDRESS.fullmatch(email):
                return "Manager Email", email.casefold()
            self.bad_cell(one.row.line, self.columns.label("Manager Email"), "manager-invalid")
        if number := one.row.text("Manager Employee ID"):
            return "Manager Employee ID", self._only(
                one, "Manager Employee ID", number.casefold(), self._id_of
            )
        if name := one.row.text("Manager Name"):
            return "Manager Name", self._only(one, "Manager Name", _name_key(name), _key_of_name)
        return "", None

    def _only(self, one: Seen, meaning: str, wanted: str, value: Callable[[User], str]) -> str | None:
        found = [key for key, user in self.state.users.items() if value(user) == wanted]
        if len(found) == 1:
            return found[0]
        unknown = "manager-unknown-id" if meaning == "Manager Employee ID" else "manager-unknown-name"
        code = "manager-ambiguous" if found else unknown
        self.bad_cell(one.row.line, self.columns.label(meaning), code)
        return None

    def _id_of(self, user: User) -> str:
        label = next((one for one in self.state.fields if norm(one) == norm("Employee ID")), "")
        return str(user.custom.get(label, "")).strip().casefold()

    def _count(self, seen: list[Seen], before: Mapping[str, User]) -> None:
        """Section X: each person once."""
        for one in seen:
            if one.before is None:
                self.verdict.count("users_created")
            else:
                same = _comparable(self.state.users[one.key]) == _comparable(one.before)
                self.verdict.count("users_unchanged" if same else "users_updated")
        keys = frozenset(one.key for one in seen)
        missing = [key for key in self.state.named - keys if before[key].is_active]
        self.verdict.count("users_missing", len(missing))
        self.state.named = keys


def _comparable(user: User) -> User:
    """Rule C2: a value that became text is shown as the export writes it and has not changed."""
    shown = {k: v if isinstance(v, str) else ("Yes" if v else "No") for k, v in user.custom.items()}
    return replace(user, custom=shown)


def _type(texts: list[str]) -> str:
    """Rule C1."""
    if all(dates.is_date(text) for text in texts):
        return "date"
    return "boolean" if all(text.casefold() in BOOLEANS for text in texts) else "text"


def _widens(kind: str | None, texts: list[str]) -> bool:
    """Rule C2."""
    if kind == "boolean":
        return any(text.casefold() not in BOOLEANS for text in texts)
    return kind == "date" and bool(texts) and not any(dates.is_date(text) for text in texts)


def _key_of_name(user: User) -> str:
    return _name_key(user.name)


def _name_key(name: str) -> str:
    """Rule H6: the form in which two full names are the same."""
    parts = name.split(",")
    turned = f"{parts[1]} {parts[0]}" if len(parts) == 2 else name
    return " ".join(turned.split()).casefold()


def _split(cell: str) -> list[str] | None:
    """Rule P5: the names of a list of teams, each once; None where a quote is never closed."""
    if cell.count('"') % 2:
        return None
    names: dict[str, str] = {}
    for part in next(csv.reader([cell], skipinitialspace=True), []):
        if name := part.strip():
            names.setdefault(name.casefold(), name)
    return list(names.values())
