"""Worker processes that hang (U7); those that die are killed in tests/faults."""

import os
import signal
from pathlib import Path

from core.clock import SystemClock
from core.inbox import Inbox, Origin
from core.migrate import prepare_database
from core.settings import Settings
from processor.workers import Answer, WorkerPool


async def test_u07_a_worker_that_makes_no_progress_is_ended_and_its_file_counts_as_crashed(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path, keys_dir=tmp_path / "keys")
    prepare_database(settings.database_path)
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    inbox.prepare("007")
    drop = inbox.accept(inbox.begin(org_id="007", name="users.csv", origin=Origin(account="test")))
    pool = WorkerPool(settings=settings, longest_import_s=0.2)
    try:
        await pool.warm_up()
        (worker,) = children()
        os.kill(worker, signal.SIGSTOP)
        assert await pool.work(drop) == Answer(done=False, crashed=True)
        assert children() == []
    finally:
        await pool.close()
    assert inbox.queue("007") == [drop], "the file waits for its next try"


def children() -> list[int]:
    pid = os.getpid()
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
