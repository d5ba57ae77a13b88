"""What it takes to undo an import (rule G3): a pure function from its changes and what is stored now to a plan.

A value goes back only where it still is what the import made of it and no later import, unless undone itself, changed
it. Everything else is left and listed with its reason.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from core.addresses import address_key
from core.clock import from_text, to_text
from processor.directory.links import NOBODY, Links, refused_links
from processor.directory.people import GRACE, Person
from processor.directory.undo_plan import (
    DATES,
    Back,
    DirectoryNow,
    Done,
    Left,
    TeamNow,
    UndoPlan,
    custom_of,
    custom_text,
    fitting_value,
    shown_value,
)
from processor.reading.values import key_text

PLAIN = ("name", "first_name", "last_name", "account_type", "is_org_admin")


def plan_undo(done: Sequence[Done], now: DirectoryNow, *, at: datetime, eves: frozenset[str]) -> UndoPlan:
    """Rule G3: plan the undo of an import at the time `at`.

    `eves` are the days that a leaver's word stood for in that import (H5): such a word must count again.
    The last active administrator stays one: the change of the import that stands last is left then.
    """
    undoing = _Undoing(done, now, at=at, eves=eves, kept_admin=None)
    plan = undoing.plan()
    if not now.admins or (now.admins | undoing.gained) - undoing.lost.keys():
        return plan
    kept = max(undoing.lost, key=lambda person: undoing.lost[person])
    return _Undoing(done, now, at=at, eves=eves, kept_admin=kept).plan()


class _Undoing:
    """The making of one plan."""

    def __init__(
        self,
        done: Sequence[Done],
        now: DirectoryNow,
        *,
        at: datetime,
        eves: frozenset[str],
        kept_admin: int | None,
    ) -> None:
        self._done = done
        self._now = now
        self._at = at
        self._eves = eves
        self._kept_admin = kept_admin
        self._plan = UndoPlan()
        self._managers: list[tuple[Done, int]] = []
        self._parents: list[tuple[Done, int]] = []
        self.lost: dict[int, int] = {}  # administrators taken away -> place of the change
        self.gained: set[int] = set()

    def plan(self) -> UndoPlan:
        """Plan all changes, the links last."""
        plans: dict[int, dict[str, Done]] = {}
        for done in self._done:
            if done.kind == "team":
                self._team(done)
            elif done.target not in self._now.people:
                self._leave(done, "erased")
            elif done.field in DATES:
                plans.setdefault(done.target, {})[done.field] = done
            else:
                self._user(done)
        for target, pair in plans.items():
            self._deactivation(target, pair)
        self._link()
        self._plan.left.sort(key=lambda left: left.done.place)
        return self._plan

    def _person(self, target: int) -> Person:
        return self._plan.people.get(target, self._now.people[target])

    def _leave(self, done: Done, code: str) -> None:
        self._plan.left.append(Left(done, code))

    def _note(self, done: Done, name: str, old: Any, new: Any) -> None:
        key = self._now.emails.get(done.target, done.key) if done.kind == "user" else done.key
        self._plan.changes.append(Back(done.kind, done.target, key, name, old, new))

    def _set(self, done: Done, **values: Any) -> None:
        self._plan.people[done.target] = self._person(done.target)._replace(**values)

    def _user(self, done: Done) -> None:
        if done.field == "created":
            self._created(done)
        elif done.where in self._now.later:
            self._leave(done, "changed-later")
        elif done.field == "teams":
            self._membership(done)
        elif done.field in PLAIN:
            self._plain(done)
        elif done.field == "email":
            self._email(done)
        elif done.field == "manager_email":
            self._manager(done)
        elif done.field.startswith("custom."):
            self._custom(done)
        else:
            self._leave(done, "changed-later")

    def _created(self, done: Done) -> None:
        """Deactivate a user whom the import made; his plan is forgotten and his memberships of the time end."""
        person = self._now.people[done.target]
        if done.target == self._kept_admin:
            self._leave(done, "last-admin")
            return
        if person.deactivates_at is not None:
            self._note(done, "deactivates_at", person.deactivates_at, None)
            self._note(done, "deactivation_date", person.deactivation_date, None)
            self._set(done, deactivates_at=None, deactivation_date=None, leaver=0)
        if person.deactivated_at is None:
            moment = to_text(self._at)
            self._note(done, "deactivated_at", None, moment)
            self._set(done, deactivated_at=moment)
            if person.is_org_admin:
                self.lost[done.target] = done.place
        for team in sorted(self._now.memberships.get(done.target, ())):
            name = self._now.teams[team].name
            if ("user", done.target, f"teams:{key_text(name)}") not in self._now.later:
                self._plan.ended.append((done.target, team))
                self._note(done, "teams", name, None)

    def _membership(self, done: Done) -> None:
        joined = done.new is not None
        name = str(done.new if joined else done.old)
        team = self._now.team_ids.get(key_text(name))
        if team is None or (team in self._now.memberships.get(done.target, ())) is not joined:
            self._leave(done, "changed-later")
        elif joined:
            self._plan.ended.append((done.target, team))
            self._note(done, "teams", name, None)
        else:
            self._plan.joined.append((done.target, team))
            self._note(done, "teams", None, name)

    def _plain(self, done: Done) -> None:
        person = self._person(done.target)
        value = getattr(person, done.field)
        if value != done.new:
            self._leave(done, "changed-later")
            return
        if done.field == "is_org_admin":
            if not done.old and done.target == self._kept_admin:
                self._leave(done, "last-admin")
                return
            if person.deactivated_at is None:
                self._count_role(done)
        self._set(done, **{done.field: int(done.old) if done.field == "is_org_admin" else done.old})
        self._note(done, done.field, done.new, done.old)

    def _count_role(self, done: Done) -> None:
        if done.old:
            self.gained.add(done.target)
        else:
            self.lost[done.target] = done.place

    def _email(self, done: Done) -> None:
        """Rule P1: an address that changed under another key goes back, unless somebody has it now."""
        if address_key(self._person(done.target).email) != address_key(str(done.new)):
            self._leave(done, "changed-later")
        elif self._now.ids.get(address_key(str(done.old)), done.target) != done.target:
            self._leave(done, "address-taken")
        else:
            self._set(done, email=done.old)
            self._note(done, "email", done.new, done.old)

    def _custom(self, done: Done) -> None:
        label = done.field.removeprefix("custom.")
        kind = self._now.types.get(label)
        custom = custom_of(self._person(done.target))
        if kind is None:
            self._leave(done, "field-gone")
        elif shown_value(custom.get(label)) != shown_value(done.new):
            self._leave(done, "changed-later")
        elif done.old is None:
            custom.pop(label, None)
            self._set(done, custom=custom_text(custom))
            self._note(done, done.field, done.new, None)
        elif (value := fitting_value(done.old, kind)) is None:
            self._leave(done, "value-misfit")
        else:
            custom[label] = value
            self._set(done, custom=custom_text(custom))
            self._note(done, done.field, done.new, done.old)

    def _deactivation(self, target: int, pair: Mapping[str, Done]) -> None:
        """A date and its plan go back together: the import's date is forgotten, so that it can plan again (P8).

        A plan that was put off is still that plan. A plan of before whose time has passed is due a day from now.
        """
        if code := self._why_plan_stays(target, pair):
            for done in pair.values():
                self._leave(done, code)
            return
        person = self._person(target)
        for name, done in pair.items():
            value = done.old
            if name == "deactivates_at" and value is not None and from_text(value) < self._at:
                value = to_text(self._at + GRACE)
            self._note(done, name, getattr(person, name), value)
            self._set(done, **{name: value})
        date = pair.get("deactivation_date")
        if date is not None and (date.old is None or date.new in self._eves):
            self._set(date, leaver=0)

    def _why_plan_stays(self, target: int, pair: Mapping[str, Done]) -> str | None:
        person = self._now.people[target]
        date, due = pair.get("deactivation_date"), pair.get("deactivates_at")
        if any(done.where in self._now.later for done in pair.values()):
            return "changed-later"
        if date is not None and person.deactivation_date != date.new:
            return "changed-later"
        if due is None or (due.new is None) == (person.deactivates_at is None):
            return None
        return "plan-carried-out" if person.deactivated_at is not None else "plan-cancelled"

    # Links: managers of users, owners and parents of teams

    def _manager(self, done: Done) -> None:
        stored = self._person(done.target).manager_id
        if self._id(done.new) != stored:
            self._leave(done, "changed-later")
        elif done.old is not None and self._id(done.old) is None:
            self._leave(done, "user-unknown")
        else:
            self._managers.append((done, self._id(done.old) or NOBODY))

    def _id(self, email: Any) -> int | None:
        return None if email is None else self._now.ids.get(address_key(str(email)))

    def _team(self, done: Done) -> None:
        team = self._plan.teams.get(done.target, self._now.teams.get(done.target))
        if done.field == "created":
            return  # teams stay
        if team is None or done.where in self._now.later:
            self._leave(done, "changed-later")
        elif done.field == "type":
            self._restore_team(done, team, "type", team.type == done.new, done.old)
        elif done.field == "owner_email":
            known = done.old is None or self._id(done.old) is not None
            same = team.owner_id == self._id(done.new)
            self._restore_team(done, team, "owner_id", same, self._id(done.old), known=known)
        elif done.field == "parent":
            self._parent(done, team)

    def _restore_team(
        self, done: Done, team: TeamNow, column: str, same: bool, value: Any, *, known: bool = True
    ) -> None:
        if not same:
            self._leave(done, "changed-later")
        elif not known:
            self._leave(done, "user-unknown")
        else:
            self._plan.teams[done.target] = team._replace(**{column: value})
            self._note(done, done.field, done.new, done.old)

    def _parent(self, done: Done, team: TeamNow) -> None:
        set_to, before = (
            None if name is None else self._now.team_ids.get(key_text(str(name)))
            for name in (done.new, done.old)
        )
        if team.parent_id != set_to:
            self._leave(done, "changed-later")
        elif done.old is not None and before is None:
            self._leave(done, "team-unknown")
        else:
            self._parents.append((done, before or NOBODY))

    def _link(self) -> None:
        for done, above in self._without_circles(self._managers, self._now.managers):
            self._set(done, manager_id=above or None)
            self._note(done, done.field, done.new, done.old)
        for done, above in self._without_circles(self._parents, self._now.parents):
            team = self._plan.teams.get(done.target, self._now.teams[done.target])
            self._plan.teams[done.target] = team._replace(parent_id=above or None)
            self._note(done, done.field, done.new, done.old)

    def _without_circles(
        self, wanted: list[tuple[Done, int]], stored: Mapping[int, int]
    ) -> list[tuple[Done, int]]:
        """Rules P6, T3: leave what would close a circle with links that were set since."""
        links = Links()
        for done, above in wanted:
            links.add(below=done.target, above=above, stored=stored.get(done.target, NOBODY), line=done.place)
        below = set(links.below)
        others = {one: above for one, above in stored.items() if one not in below}
        refused = set(refused_links(links, others)) if wanted else set()
        for place in sorted(refused):
            self._leave(wanted[place][0], "circle")
        return [pair for place, pair in enumerate(wanted) if place not in refused]
