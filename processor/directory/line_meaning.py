"""What gives a line of a users file its meaning: only while it is the same may a known line be passed over."""

import json
from collections.abc import Mapping

from core.organization_settings import OrganizationSettings
from processor.directory.fingerprints import meaning_of
from processor.reading.decisions import Decisions
from processor.reading.field_types import FieldType
from processor.reading.header import Header
from processor.reading.opening import OpenTable

# What counts beside header and fields.
SETTINGS = ("header_map", "preset", "dates", "clear_word", "teams", "match_by", "time_zone")


def meaning_of_lines(
    table: OpenTable, header: Header, types: Mapping[str, FieldType], settings: OrganizationSettings
) -> bytes:
    """Return the digest of header, delimiter, encoding, settings, and the types of the fields in the file."""
    used = sorted((label, str(types[label])) for label in header.of_fields() if label in types)
    chosen = [str(getattr(settings, name, "")) for name in SETTINGS]
    return meaning_of(
        json.dumps(table.labels),
        table.data.delimiter,
        table.data.encoding,
        json.dumps(chosen),
        json.dumps(used),
    )


def orders_of(decisions: Decisions) -> str:
    """Return the orders of dates as text: a known line means the same only while they are the same (P9)."""
    orders = {label: order and str(order) for label, order in decisions.orders.items()}
    return json.dumps(
        [decisions.deactivation_order and str(decisions.deactivation_order), sorted(orders.items())]
    )
