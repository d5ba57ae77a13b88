"""`commands/session.py`: which exit status an error has."""

import pytest

from commands.session import exit_status
from core.database import DatabaseDamagedError
from core.errors import BusyError, DamagedError, NotFoundError, ServiceError, UsageError
from core.locks import FolderBusyError
from core.migrate import SchemaError


@pytest.mark.parametrize(
    "error", [UsageError, DamagedError, DatabaseDamagedError, FolderBusyError, SchemaError]
)
def test_k_o06_wrong_usage_and_a_folder_that_cannot_be_worked_on_are_status_2(
    error: type[ServiceError],
) -> None:
    assert exit_status(error("x")) == 2


@pytest.mark.parametrize("error", [ServiceError, NotFoundError, BusyError])
def test_k_any_other_no_is_status_1(error: type[ServiceError]) -> None:
    assert exit_status(error("x")) == 1
