"""Users and teams files that tests send."""

from pathlib import Path

HEADER = "User Email,First Name,Last Name,Teams,Manager Email,Employee ID"


def address(number: int, domain: str = "people.example") -> str:
    return f"person{number}@{domain}"


def row(number: int, *, last: str | None = None) -> str:
    return f"{address(number)},Pat,{last or f'Number {number}'},Team {number % 7},,{number:06}"


def roster(path: Path, *rows: str, header: str = HEADER) -> Path:
    """Write rows under a header."""
    path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    return path


def people(path: Path, count: int, *, first: int = 1) -> Path:
    """Write so many rows without a fault."""
    return roster(path, *(row(number) for number in range(first, first + count)))
