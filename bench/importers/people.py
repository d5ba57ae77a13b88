"""Django with one table of people, all columns text."""

import csv
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import settings
from django.db import connection, models

NAMES = (
    "email", "first_name", "last_name", "teams", "manager", "account_type", "admin", "deactivation",
    "employee_id", "hired", "department", "title", "location", "cost_center", "remote", "phone",
)  # fmt: skip


def prepare(database: Path) -> None:
    """Make the table where it is missing."""
    settings.DATABASES["default"]["NAME"] = str(database)
    connection.settings_dict["NAME"] = str(database)
    if Person._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Person)


def rows(file: Path) -> Iterator[list[str]]:
    """Return the cells of each row below the header."""
    with file.open(encoding="utf-8", newline="") as lines:
        found = csv.reader(lines)
        next(found)
        yield from found


settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["import_export"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()


class Person(models.Model):
    email = models.TextField(unique=True)
    first_name = models.TextField()
    last_name = models.TextField()
    teams = models.TextField()
    manager = models.TextField()
    account_type = models.TextField()
    admin = models.TextField()
    deactivation = models.TextField()
    employee_id = models.TextField()
    hired = models.TextField()
    department = models.TextField()
    title = models.TextField()
    location = models.TextField()
    cost_center = models.TextField()
    remote = models.TextField()
    phone = models.TextField()

    class Meta:
        app_label = "people"
