"""django-import-export, tuned as its documentation says: bulk, cached instances, no diffs.

Only for first loads: a daily file takes it minutes, for it copies every instance that it finds.
"""

from pathlib import Path

import tablib
from import_export import resources
from import_export.instance_loaders import CachedInstanceLoader

from bench.importers.people import NAMES, Person, prepare, rows
from bench.importers.timing import run


class People(resources.ModelResource):
    class Meta:
        model = Person
        fields = NAMES
        import_id_fields = ("email",)
        instance_loader_class = CachedInstanceLoader
        use_bulk = True
        batch_size = 1_000
        skip_diff = True
        skip_html_diff = True
        use_transactions = True


def upsert(database: Path, file: Path) -> None:
    table = tablib.Dataset(headers=NAMES)
    for row in rows(file):
        table.append(row)
    People().import_data(table, raise_errors=True)


run(prepare, upsert)
