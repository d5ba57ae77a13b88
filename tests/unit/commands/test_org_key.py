"""Which key a fingerprint names (`org key remove`, `support key remove`)."""

import pytest

from commands.org_key import chosen_key
from core.errors import NotFoundError, UsageError


@pytest.mark.parametrize("nothing", ["", "SHA256:"])
def test_a01_an_empty_fingerprint_names_no_key(nothing: str) -> None:
    with pytest.raises(UsageError, match="Name a fingerprint: `rosterdrop org key list 007` shows them"):
        chosen_key([], nothing, command="org key list 007")


def test_a01_a_key_that_is_not_there_is_answered_with_the_command_that_shows_all() -> None:
    with pytest.raises(NotFoundError, match="There is no key abc: `rosterdrop org key list 007` shows them"):
        chosen_key([], "abc", command="org key list 007")
