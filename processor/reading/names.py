"""Names of people: how one is put together, and when two are the same (rules P4, H6)."""


def compose_name(first_name: str, last_name: str) -> str:
    """Rule P4: `First Name` + `Last Name`; one of them may be empty."""
    return f"{first_name} {last_name}".strip()


def name_of_row(
    *,
    name: str | None,
    first_name: str | None,
    last_name: str | None,
    stored_first: str = "",
    stored_last: str = "",
) -> str | None:
    """Rule P4: the name that a row gives; None where it gives none (the name stays, or `name_of_address`).

    `stored_first` and `stored_last` are what is known before the row; the row's own values go first.
    """
    if name:
        return name
    if not first_name and not last_name:
        return None
    return compose_name(first_name or stored_first, last_name or stored_last)


def name_of_address(address: str) -> str:
    """Rule P4: the part of the address before the last `@`, for a new user without any name."""
    return address.rpartition("@")[0] or address


def name_key(name: str) -> str:
    """Rule H6: the form in which two full names are the same: case, runs of white space and `Last, First` ignored."""
    last, comma, first = name.partition(",")
    turned = f"{first} {last}" if comma and "," not in first else name
    return " ".join(turned.split()).casefold()
