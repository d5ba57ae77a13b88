"""Leaves out of memory what two libraries load with themselves and the daemon and its workers never use: 11 MB each.

structlog loads rich, for tracebacks on a terminal, where it is installed; `sqlalchemy.ext.asyncio` loads SQLAlchemy's
ORM. To be imported before either of them; where one is loaded already, it stays as it is.
`tests/contract/test_memory.py` says what must not be loaded.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

_ASYNCIO = "sqlalchemy.ext.asyncio"


def _load_structlog_without_rich() -> None:
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]  # so Python knows a module that is not there
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules["rich"]


def _load_engine_without_orm() -> None:
    """Make the package without running its `__init__`, with the names in it that its engine has."""
    if _ASYNCIO in sys.modules:
        return
    spec = importlib.util.find_spec(_ASYNCIO)
    if spec is None or spec.submodule_search_locations is None:
        return
    bare = ModuleSpec(_ASYNCIO, None, origin=spec.origin, is_package=True)
    bare.submodule_search_locations = spec.submodule_search_locations
    package = importlib.util.module_from_spec(bare)
    sys.modules[_ASYNCIO] = package
    engine = importlib.import_module(f"{_ASYNCIO}.engine")
    _hand_on(package, engine)
    importlib.import_module("sqlalchemy.util.concurrency")._concurrency_shim._initialize()


def _hand_on(package: ModuleType, engine: ModuleType) -> None:
    for name in ("AsyncConnection", "AsyncEngine", "AsyncTransaction", "create_async_engine"):
        setattr(package, name, getattr(engine, name))


_load_structlog_without_rich()
_load_engine_without_orm()
