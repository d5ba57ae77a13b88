"""An HR system that writes a file of everybody each working day: people come, move, marry, leave and come back."""

import csv
import io
import random
from dataclasses import dataclass, replace
from datetime import date, timedelta

HR = "hr@x.example"
LABELS = (
    "User Email",
    "User Name",
    "Teams",
    "Manager Email",
    "Deactivation Date",
    "Employee ID",
    "Remote",
)
TEAMS = ("Sales", "Ops", "Dev", "Field, East", "People")
STAYS_IN_FILE = timedelta(days=30)  # after the last day


@dataclass(frozen=True)
class Employee:
    """One row of the file."""

    email: str
    name: str
    team: str
    manager: str
    number: str
    remote: str = "No"
    last_day: date | None = None


class HrSystem:
    """All is drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._hired = 0
        self.staff: dict[str, Employee] = {}
        self._put(Employee(HR, "Harriet Ruiz", "People", "", "0001"))
        for _ in range(30):
            self.hire()

    def hire(self) -> None:
        """Somebody new, below somebody who is there."""
        self._hired += 1
        email = f"p{self._hired:03}@x.example"
        team, manager = self._random.choice(TEAMS), self._random.choice(list(self.staff))
        self._put(Employee(email, f"Person {self._hired}", team, manager, f"{self._hired:04}"))

    def live_a_day(self, today: date) -> None:
        """What a day brings: most days little."""
        draw = self._random.random
        if draw() < 0.25:
            self.hire()
        if draw() < 0.25:
            self._change(name=f"Person {self._random.randint(1000, 9999)}")
        if draw() < 0.2:
            self._change(team=self._random.choice(TEAMS), remote=self._random.choice(("Yes", "No")))
        if draw() < 0.2 and len(self.staying) > 20:
            self._change(last_day=today + timedelta(days=self._random.randint(-3, 10)))
        gone = [one for one in self.staff.values() if one.last_day and one.last_day + STAYS_IN_FILE < today]
        for one in gone:
            del self.staff[one.email]

    def rehire(self, email: str) -> None:
        """Somebody who left is back, under the same address."""
        known = self.staff.get(email) or Employee(email, "Back Again", "Ops", HR, "9999")
        self._put(replace(known, last_day=None))

    @property
    def staying(self) -> list[str]:
        """The addresses of those who don't leave, HR apart."""
        return [one.email for one in self.staff.values() if one.last_day is None and one.email != HR]

    def file(self, *, bad_rows: int = 0, leaving: date | None = None) -> bytes:
        """The file of the day; with `leaving` by mistake half of the people leave then."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(LABELS)
        for place, one in enumerate(self.staff.values()):
            last = one.last_day or (leaving if place % 2 else None)
            shown = last.isoformat() if last else ""
            if 0 < place <= bad_rows:
                shown = "soon"
            team = f'"{one.team}"' if "," in one.team else one.team
            writer.writerow((one.email, one.name, team, one.manager, shown, one.number, one.remote))
        return out.getvalue().encode()

    def _put(self, one: Employee) -> None:
        self.staff[one.email] = one

    def _change(self, **values: object) -> None:
        one = self.staff[self._random.choice(self.staying)]
        self._put(replace(one, **values))  # type: ignore[arg-type]  # a dict of what an Employee has
