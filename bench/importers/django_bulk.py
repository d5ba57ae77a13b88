"""Django: `bulk_create(update_conflicts=True)` by address, in one transaction."""

from pathlib import Path

from django.db import transaction

from bench.importers.people import NAMES, Person, prepare, rows
from bench.importers.timing import run

BATCH = 1_000


def upsert(database: Path, file: Path) -> None:
    people = [Person(**dict(zip(NAMES, row, strict=True))) for row in rows(file)]
    with transaction.atomic():
        Person.objects.bulk_create(
            people,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["email"],
            update_fields=[name for name in NAMES if name != "email"],
        )


run(prepare, upsert)
