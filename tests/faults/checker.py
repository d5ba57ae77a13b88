"""The promises (U2, U6, U7, R1, N3), checked on what was sent and what a data folder then holds; pure, no disk."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.faults.customer import Answer, Sent
from tests.faults.seen import FINAL, Import, Seen
from tests.oracle import Choices, Oracle, Verdict

BESIDE = (".report.html", ".problems.csv", ".rejected.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is said of an organization beforehand."""

    owner: str
    may_keep: frozenset[str] = field(default=frozenset())  # names of uploads that may lie in incoming/
    mails_are_out: bool = True


def violations(sent: Sequence[Sent], seen: Seen, expected: Expected, delivered: Sequence[str]) -> list[str]:
    """Return a sentence for each promise that is broken; `delivered` are the Message-IDs that arrived."""
    found = list(_left_on_the_way(seen, expected))
    matches = dict(_matched(sent, seen))
    found += _imported_as_promised(sent, seen, matches)
    found += _in_order(sent, matches)
    if any(row.outcome not in FINAL for row in seen.imports):
        return [*found, "an import has no final outcome"]
    verdicts, found_by_oracle = _judged(seen, expected)
    found += found_by_oracle
    found += _filed_once(seen, verdicts)
    found += _made_once(seen)
    found += _mailed(seen, expected, delivered)
    return found


def _left_on_the_way(seen: Seen, expected: Expected) -> Iterator[str]:
    for name in seen.queue:
        yield f"{name} is left in queue/"
    for name in seen.local:
        yield f"{name} is left in local/"
    for name, _ in seen.incoming:
        if name.removesuffix(".filepart") not in expected.may_keep:
            yield f"{name or 'a folder without meta data'} is left in incoming/"


def _matched(sent: Sequence[Sent], seen: Seen) -> Iterator[tuple[int, list[Import]]]:
    """By their bytes, which no two files share: the imports of each file that was sent."""
    for number, one in enumerate(sent):
        yield (
            number,
            [
                row
                for row in seen.imports
                if row.filed_as is not None and seen.files.get(row.filed_as) == one.data
            ],
        )


def _imported_as_promised(
    sent: Sequence[Sent], seen: Seen, matches: dict[int, list[Import]]
) -> Iterator[str]:
    for number, one in enumerate(sent):
        rows = matches[number]
        if len(rows) > 1:
            yield f"{one.name} ({number}, {one.answer.value}) was imported {len(rows)} times"
        if one.answer is Answer.OK and not rows:
            yield f"{one.name} ({number}) was accepted and is lost, or not whole"
        if one.answer in (Answer.NEVER, Answer.REFUSED) and rows:
            yield f"{one.name} ({number}, {one.answer.value}) was imported though it was not accepted"
        yield from (f"{one.name} is called {row.name}" for row in rows if row.name != one.name)
    known = {row.number for rows in matches.values() for row in rows}
    for row in seen.imports:
        if row.number not in known:
            yield f"import {row.number} ({row.name}, {row.filed_as}) is of bytes that nobody sent"


def _in_order(sent: Sequence[Sent], matches: dict[int, list[Import]]) -> Iterator[str]:
    """Rule U7: what was answered before another was asked is imported before it."""
    pairs = [(one, matches[number][0]) for number, one in enumerate(sent) if matches[number]]
    for one, row in pairs:
        for other, later in pairs:
            is_before = one.answer is Answer.OK and one.answered_at < other.asked_at
            if is_before and (row.seq, row.number) >= (later.seq, later.number):
                yield f"{other.name} ({later.number}) was imported before {one.name} ({row.number})"
    numbers = [row.seq for _, row in sorted(pairs, key=lambda pair: pair[1].number)]
    if numbers != sorted(set(numbers)):
        yield f"the numbers of the queue are out of order: {numbers}"


def _judged(seen: Seen, expected: Expected) -> tuple[list[Verdict], list[str]]:
    """Let the oracle import the filed bytes in the order of the imports, and compare what it says."""
    oracle = Oracle(Choices(owner=expected.owner))
    verdicts, found = [], []
    for row in seen.imports:
        data = seen.files.get(row.filed_as or "")
        if data is None:
            found.append(f"import {row.number} is not filed as {row.filed_as}")
            continue
        verdict = oracle.drop(data, datetime.now(UTC))
        verdicts.append(verdict)
        if row.outcome != verdict.outcome:
            found.append(f"import {row.number} is {row.outcome}; the oracle says {verdict.outcome}")
        elif row.outcome != "refused":
            wrong = {
                name: value for name, value in row.counts.items() if value != verdict.counts.get(name, 0)
            }
            if wrong:
                found.append(f"import {row.number} counts {wrong}; the oracle says {verdict.counts}")
    if not found and seen.directory != oracle.directory():
        found.append("the directory is not the oracle's")
    return verdicts, found


def _filed_once(seen: Seen, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Rule R1: each under the name that follows from its row, with what stands beside it; nothing else."""
    names: Counter[str] = Counter()
    for row, verdict in zip(seen.imports, verdicts, strict=False):
        accepted = datetime.fromisoformat(row.accepted_at).astimezone(UTC)
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", row.name)
        name = f"{accepted:%Y%m%dT%H%M%SZ}-{row.number:06d}-{plain}"
        folder = "error" if row.outcome in ("refused", "discarded") else "archive"
        if row.filed_as != f"{folder}/{name}":
            yield f"import {row.number} is filed as {row.filed_as}, not as {folder}/{name}"
        names.update((f"{folder}/{name}", f"{folder}/{name}.report.html"))
        if row.outcome in ("partial", "refused"):
            names[f"error/{name}.problems.csv"] += 1
        if row.outcome == "partial" and verdict.counts.get("rows_refused"):
            names[f"error/{name}.rejected.csv"] += 1
    for name in sorted(set(names) - set(seen.files)):
        yield f"{name} is missing"
    for name in sorted(set(seen.files) - set(names)):
        yield f"{name} was filed beside the rules"
    yield from (f"{name} is of two imports" for name, count in names.items() if count > 1)
    yield from (f"{name} is empty" for name, data in seen.files.items() if name.endswith(BESIDE) and not data)


def _made_once(seen: Seen) -> Iterator[str]:
    for (kind, key), count in Counter(seen.made).items():
        if count > 1:
            yield f"the {kind} {key} was made {count} times"


def _mailed(seen: Seen, expected: Expected, delivered: Sequence[str]) -> Iterator[str]:
    """Rule N3: one mail for each import and recipient, with a Message-ID that no other has."""
    rows = Counter(number for mail in seen.mails for number in mail.imports)
    for row in seen.imports:
        if rows[row.number] != 1:
            yield f"import {row.number} has {rows[row.number]} mails in the outbox"
    ids = [mail.message_id for mail in seen.mails]
    if len(ids) != len(set(ids)):
        yield "a Message-ID was given twice"
    if expected.mails_are_out:
        for mail in seen.mails:
            if mail.is_summary:  # it goes out within the hour
                continue
            if mail.state != "sent":
                yield f"the mail of import {mail.imports[0]} is {mail.state}"
            if mail.message_id not in delivered:
                yield f"the mail of import {mail.imports[0]} is lost"
