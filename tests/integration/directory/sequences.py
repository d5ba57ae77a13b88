"""Random sequences of files about a few people and teams, as HR systems and tired hands make them; all from a seed."""

import csv
import io
import random
from dataclasses import dataclass, field
from datetime import timedelta

from tests.integration.directory.house import OWNER
from tests.oracle import Choices

PEOPLE = (OWNER, *(f"{name}@x.example" for name in ("ann", "bob", "cy", "dee", "eve")))
STRANGERS = ("zoe@y.example", "yan@y.example", "ann@x.example")
BAD_ADDRESSES = ("", "  ", "ann", "ann@", "@x.example", "a b@x.example", "ann@@x.example", "ann@localhost")
NAMES = ("", "", "Ann Lee", " Bob\u00a0", "Müller, Eva", "Line\nBreak", "=1+1", "'=1+1", "O'Neill")
TEAMS = ("Sales", "sales", "SALES ", "Ops", "ops", "Field, East", "Dev", "dev", "Straße", "STRASSE")
WORDS = ("", "", "Yes", "no", "TRUE", "false", "007", " padded ", "x", "2026-01-05", "1/2/2026", "13/2/2026")
DATES = (
    "2026-11-01", "2026-11-22", "2026-11-23", "2026-11-24", "2026-12-31", "2027-1-5", "31/12/2026", "12/31/2026",
    "5/5/2026", "5/6/2026", "24/11/2026", "11/24/2026", "2026-02-30", "1.2.2026", "soon", "1/2/26",
)  # fmt: skip
ISO_DATES = (
    "2026-11-01",
    "2026-11-22",
    "2026-11-23",
    "2026-11-24",
    "2026-12-31",
    "2027-1-5",
    "2026-02-30",
)
CUSTOM = ("Employee ID", "Start", "Remote", "employee_id", "Since")
TYPES = ("", "Regular", "OBSERVER", " observer", "boss")
USER_LABELS = (
    "User Name", "First Name", "Last Name", "Teams", "Manager Email", "Manager", "User Account Type",
    "Is Org Admin", "Deactivation Date",
)  # fmt: skip
BY_ID = (
    "Manager Employee ID",
    "Boss",
    "Status",
    "Deactivation Date",
    "Start",
    "User Name",
    "Manager Email",
    "Manager",
    "Teams",
    "Last Name",
)
IDS = ("1", "2", "3", "4", "5", "5", "K7", "k7 ", "")
# What stands in the cells of a label: of a tidy system, of another one.
CHOICES = {
    **dict.fromkeys(("User Name", "First Name", "Last Name", "Manager", "Boss", "Notes"), (NAMES, NAMES)),
    **dict.fromkeys(("Team Name", "Parent Team"), (TEAMS, TEAMS)),
    **dict.fromkeys(("Team Type", "Employee ID", "employee_id"), (WORDS, WORDS)),
    "Status": (("Active", "Terminated"), ("Active", "terminated", "Deceased", "on leave")),
    "User Account Type": (TYPES[:-1], TYPES),
    "Is Org Admin": (("Yes", "No", "no", "YES "), ("Yes", "No", "no", "true")),
    "Remote": (("Yes", "No", "TRUE", "false"), ("Yes", "No", "TRUE", "false", "maybe")),
    "Since": (DATES, DATES),
}
FOCUSED = (
    ("Manager Email",),
    ("Manager Email", "Manager"),
    ("Is Org Admin", "Deactivation Date"),
    ("Start", "Since"),
)
ENDS = ("\n", "\r\n", "\r")


@dataclass(frozen=True)
class Step:
    """One file, and how long after the one before it comes."""

    data: bytes
    after_s: float
    lines: tuple[str, ...] = field(default=(), compare=False)  # header and rows, for variations of the file


@dataclass(frozen=True)
class Sequence:
    """What happens to one organization."""

    seed: int
    settings: dict[str, object]
    steps: tuple[Step, ...]

    @property
    def choices(self) -> Choices:
        """The settings as the oracle knows them."""
        return Choices(owner=OWNER, **self.settings)  # type: ignore[arg-type]  # a dict of what Choices takes


class Maker:
    """Makes the files of one sequence."""

    def __init__(self, seed: int, *, by_id: bool, strange: bool) -> None:
        self.random = random.Random(seed)
        self.by_id = by_id or strange  # managers are named by employee id and name, too (H6)
        self.strange = (
            strange  # a chosen key, leavers, a clear word (P1, H5, P3): beyond what the oracle knows
        )
        self.clean = self.random.random() < 0.3  # a tidy system: more rows survive
        self.dates = ISO_DATES if self.random.random() < 0.4 else DATES

    def sequence(self, seed: int) -> Sequence:
        pick = self.random
        settings: dict[str, object] = {}
        if pick.random() < 0.3:
            settings["teams"] = "replace"
        if pick.random() < 0.15:
            settings["all_or_nothing"] = True
        if pick.random() < 0.3:
            settings["time_zone"] = pick.choice(
                ("America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin")
            )
        if self.by_id:
            settings["header_map"] = {"Boss": "Manager Name"}
        if self.strange:
            settings["header_map"] = {"Boss": "Manager Name", "Status": "Leaver Status"}
            settings["clear_word"] = pick.choice((None, "x"))
            if pick.random() < 0.4:
                settings["match_by"] = "Employee ID"
        steps: list[Step] = []
        for _ in range(pick.randint(2, 5)):
            steps.append(self._step(steps))
        return Sequence(seed, settings, tuple(steps))

    def _step(self, earlier: list[Step]) -> Step:
        pick = self.random
        after_s = pick.choice((1.0, 60.0, 3600.0, 86400.0, 3 * 86400.0))
        kind = pick.random()
        if earlier and kind < 0.1:
            return Step(earlier[-1].data, after_s, earlier[-1].lines)
        if earlier and earlier[-1].lines and kind < 0.6:
            return self._varied(earlier[-1], after_s)
        return self._made(self._teams() if kind > 0.85 else self._users(), after_s)

    def _made(self, lines: list[str], after_s: float) -> Step:
        pick = self.random
        ends = pick.choice((("\n",), ("\n",), ("\r\n",), ENDS))
        text = "".join(line + pick.choice(ends) for line in lines)
        if pick.random() < 0.1:
            text = text.rstrip("\r\n")
        return Step((b"\xef\xbb\xbf" if pick.random() < 0.1 else b"") + text.encode(), after_s, tuple(lines))

    def _varied(self, step: Step, after_s: float) -> Step:
        """The same file with some rows permuted, repeated, dropped, changed or added."""
        pick = self.random
        header, *rows = step.lines
        labels = next(csv.reader([header]))
        if pick.random() < 0.3:
            pick.shuffle(rows)
        if rows and pick.random() < 0.3:
            rows.insert(pick.randint(0, len(rows)), pick.choice(rows))
        if rows and pick.random() < 0.2:
            del rows[pick.randrange(len(rows))]
        for _ in range(pick.choice((0, 1, 1, 2))):
            rows.insert(pick.randint(0, len(rows)), self._row(labels))
        return self._made([header, *rows], after_s)

    def _users(self) -> list[str]:
        pick = self.random
        if self.by_id and pick.random() < 0.7:
            labels = ["User Email", "Employee ID", *(label for label in BY_ID if pick.random() < 0.4)]
            if not self.strange:
                labels = [label for label in labels if label != "Status"]
            return [_line(labels), *(self._row(labels) for _ in range(pick.randint(2, 8)))]
        if pick.random() < 0.3:
            labels = ["User Email", *pick.choice(FOCUSED)]
            return [_line(labels), *(self._row(labels) for _ in range(pick.randint(3, 9)))]
        labels = ["User Email", *(label for label in USER_LABELS if pick.random() < 0.5)]
        for label in CUSTOM[:3] if self.clean else CUSTOM:
            if pick.random() < 0.4 and not (label == "employee_id" and "Employee ID" in labels):
                labels.append(label)
        if pick.random() < 0.3:
            pick.shuffle(labels)
        return [_line(labels), *(self._row(labels) for _ in range(pick.randint(1, 7)))]

    def _teams(self) -> list[str]:
        pick = self.random
        labels = [
            "Team Name",
            *(label for label in ("Parent Team", "Team Type", "Notes") if pick.random() < 0.7),
        ]
        if pick.random() < 0.7:
            labels.append(pick.choice(("Team Owner", "Owner Email", "Team Owner Email")))
        return [_line(labels), *(self._row(labels) for _ in range(pick.randint(1, 6)))]

    def _row(self, labels: list[str]) -> str:
        pick = self.random
        if not self.clean:
            odd = pick.random()
            if odd < 0.03:
                return pick.choice(("", " ", "," * (len(labels) - 1), '"",' + " ,"))
            if odd < 0.07:
                return _line([self._cell(label) for label in labels[:-1]])
            if odd < 0.11:
                return _line([*(self._cell(label) for label in labels), pick.choice(("", "x"))])
        quote = csv.QUOTE_ALL if pick.random() < 0.1 else csv.QUOTE_MINIMAL
        return _line([self._cell(label) for label in labels], quoting=quote)

    def _cell(self, label: str) -> str:
        pick = self.random
        if self.strange and label != "User Email" and pick.random() < 0.05:
            return "x"
        if self.by_id and label in {"Employee ID", "Manager Employee ID"}:
            return pick.choice(IDS)
        if label not in {"User Email", "Team Name"} and pick.random() < 0.35:
            return pick.choice(("", "", " ", "\u00a0"))
        if label in CHOICES:
            return pick.choice(CHOICES[label][not self.clean])
        if label == "Teams":
            return self._teams_cell()
        if label in {"Deactivation Date", "Start"}:
            return pick.choice(self.dates)
        people = PEOPLE if label == "User Email" else (*PEOPLE, *STRANGERS)
        return self._address(people, bad=0.0 if self.clean else 0.05)

    def _address(self, people: tuple[str, ...], *, bad: float) -> str:
        pick = self.random
        if pick.random() < bad:
            return pick.choice(BAD_ADDRESSES)
        address = pick.choice(people)
        odd = pick.random()
        if odd < 0.1:
            return address.title()
        return f" {address.upper()}\u00a0" if odd < 0.15 else address

    def _teams_cell(self) -> str:
        pick = self.random
        names = [pick.choice(TEAMS) for _ in range(pick.randint(1, 3))]
        if not self.clean and pick.random() < 0.05:
            return '"' + names[0].replace(",", "")
        return pick.choice((",", ", ", " ,, ")).join(f'"{name}"' if "," in name else name for name in names)


def _line(cells: list[str], quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="", quoting=quoting).writerow(cells)  # type: ignore[arg-type]  # csv's own type
    return out.getvalue()


def sequence(seed: int, *, by_id: bool = False, strange: bool = False) -> Sequence:
    """The sequence of a seed; `by_id` and `strange` as in `Maker`."""
    return Maker(seed, by_id=by_id, strange=strange).sequence(seed)


def moved(step: Step) -> timedelta:
    """How far the clock goes before the file is dropped."""
    return timedelta(seconds=step.after_s)
