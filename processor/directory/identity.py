"""Whom a row means, by its address or by the key that the organization chose (rule P1): pure."""

from enum import Enum


class NoPerson(Enum):
    """What else a row may mean than a known user."""

    NEW = "new"
    TWO_USERS = "two users"


def who_is_meant(*, by_key: int | None, by_address: int | None, address_has_key: bool) -> int | NoPerson:
    """Rule P1 with a chosen key: the user whom a row updates, a new one, or the row belongs to two users.

    `by_key` is the user with the row's key, `by_address` the one with its address, and whether that one has a key:
    one without gets the row's.
    """
    if by_key is None:
        if by_address is None:
            return NoPerson.NEW
        return NoPerson.TWO_USERS if address_has_key else by_address
    if by_address is None or by_address == by_key:
        return by_key
    return NoPerson.TWO_USERS
