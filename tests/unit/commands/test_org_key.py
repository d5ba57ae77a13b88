"""Which key a fingerprint names (`org key remove`, `support key remove`)."""

import pytest

from commands.org_key import chosen_key
from core.errors import UsageError


@pytest.mark.parametrize("nothing", ["", "SHA256:"])
def test_a01_an_empty_fingerprint_names_no_key(nothing: str) -> None:
    with pytest.raises(UsageError, match="Name a fingerprint"):
        chosen_key([], nothing)
