"""A worker process of the daemon: imports one drop after the other, told by lines of JSON on its standard input.

It ends when its input ends, also in the middle of an import, so that it never outlives the daemon (O2).
"""

import core.lean_imports  # isort: skip  # noqa: F401  # before what it makes smaller

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import structlog

from core.at_once import AtOnceExecutor
from core.clock import SystemClock
from core.database import DatabaseBrokenError, open_database
from core.errors import ServiceError
from core.inbox import Inbox
from core.logs import configure_logs
from core.settings import Settings
from processor.importing import Importer, quieten_collector

log = structlog.get_logger()


def main() -> None:
    """Work until standard input ends; its first line is the settings, for arguments are seen by everybody (ps)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # sent to the whole group; the daemon says when to end
    settings = Settings.model_construct(**_settings(json.loads(sys.stdin.buffer.readline())))
    configure_logs(level=settings.log_level)
    quieten_collector()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.set_default_executor(AtOnceExecutor())
    requests: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    threading.Thread(target=_listen, args=(loop, requests), daemon=True).start()
    loop.run_until_complete(_serve(settings, requests))


def _settings(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "data_dir": Path(values["data_dir"]), "keys_dir": Path(values["keys_dir"])}


def _listen(loop: asyncio.AbstractEventLoop, requests: asyncio.Queue[dict[str, Any]]) -> None:
    for line in sys.stdin.buffer:
        loop.call_soon_threadsafe(requests.put_nowait, json.loads(line))
    os._exit(0)  # the daemon is gone: the transaction at hand rolls back, the drop stays in the queue


async def _serve(settings: Settings, requests: asyncio.Queue[dict[str, Any]]) -> None:
    clock = SystemClock(offset_s=settings.test_now_offset_s)
    inbox = Inbox(data_dir=settings.data_dir, clock=clock)
    async with open_database(settings.database_path, inline=True) as database:
        importer = Importer(database=database, inbox=inbox, clock=clock, settings=settings)
        _answer({"ready": True})
        while True:
            request = await requests.get()
            _answer(await _work(importer, inbox, request))


async def _work(importer: Importer, inbox: Inbox, request: dict[str, Any]) -> dict[str, Any]:
    """One drop; this is one of the two places where any exception is caught (the other is an SFTP request)."""
    drop = inbox.find(request["org"], request["uid"])
    if drop is None:
        return {"done": True}
    try:
        record = await importer.process(drop)
    except DatabaseBrokenError as exc:
        return {"fatal": exc.public_message}
    except ServiceError as exc:
        log.warning(
            "import.deferred", org=drop.org_id, uid=drop.meta.uid, code=exc.code, reason=exc.public_message
        )
        return {"done": False, "crashed": not exc.retryable}
    except Exception:
        log.exception("import.crashed", org=drop.org_id, uid=drop.meta.uid)
        return {"done": False, "crashed": True}
    return {
        "done": record.outcome is None or record.outcome.is_final,
        "number": record.number,
        "outcome": record.outcome and str(record.outcome),
    }


def _answer(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
