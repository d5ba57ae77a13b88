"""Made-up employees: the same number gives the same file, byte for byte."""

import csv
from collections.abc import Iterator
from pathlib import Path

COLUMNS = (
    "User Email",
    "First Name",
    "Last Name",
    "Teams",
    "Manager Email",
    "User Account Type",
    "Is Org Admin",
    "Deactivation Date",
    "Employee ID",
    "Hire Date",
    "Department",
    "Job Title",
    "Location",
    "Cost Center",
    "Remote",
    "Phone",
)
CUSTOM_COLUMNS = 8
REPORTS = 9  # of each manager
TEAMS = 400
FIRST_NAMES = (
    "Nora",
    "Sam",
    "Inês",
    "Tom",
    "Leila",
    "Marek",
    "Grace",
    "Jordan",
    "Rosa",
    "Owen",
    "Yuki",
    "Paul",
)
PLACES = ("Berlin", "Lisbon", "Osaka", "Austin", "Nairobi", "Lyon")
TITLES = ("Analyst", "Engineer", "Buyer", "Coach", "Nurse", "Planner", "Writer", "Driver", "Clerk")


def write_roster(path: Path, *, rows: int, changed_every: int = 0) -> Path:
    """Write a users file; with `changed_every` 100, one person in a hundred has another title and place."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        writer.writerows(_people(rows, changed_every))
    return path


def _address(number: int) -> str:
    return f"{FIRST_NAMES[number % len(FIRST_NAMES)].lower().replace('ê', 'e')}.{number:06}@mavericks.example"


def _people(rows: int, changed_every: int) -> Iterator[tuple[str, ...]]:
    for number in range(rows):
        changed = bool(changed_every) and number % changed_every == changed_every // 2
        yield (
            _address(number),
            FIRST_NAMES[number % len(FIRST_NAMES)],
            f"Sample{number:06}",
            f"Team {number % TEAMS},Site {number % len(PLACES)}" if number % 3 else f"Team {number % TEAMS}",
            _address((number - 1) // REPORTS) if number else "",
            "Observer" if number % 20 == 7 else "Regular",
            "Yes" if number % 1000 == 0 else "No",
            "2099-12-31" if number % 100 == 3 else "",
            f"{number:08}",
            f"20{number % 24:02}-{number % 12 + 1:02}-{number % 28 + 1:02}",
            f"Department {number % 40}",
            f"Senior {TITLES[number % len(TITLES)]}" if changed else TITLES[number % len(TITLES)],
            PLACES[(number + changed) % len(PLACES)],
            f"CC-{number % 250:04}",
            "Yes" if number % 4 else "No",
            f"+49 30 {number:07}",
        )
