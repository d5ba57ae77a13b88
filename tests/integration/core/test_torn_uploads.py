"""Folders that a crash left without meta data, while clients come and go (U3)."""

import threading
from datetime import timedelta
from pathlib import Path

from core.clock import SystemClock
from core.inbox import Inbox


def test_u03_a_folder_that_goes_while_old_ones_are_looked_for_disturbs_nobody(tmp_path: Path) -> None:
    clock = SystemClock()
    inbox = Inbox(data_dir=tmp_path, clock=clock)
    folder = inbox.prepare("007").incoming
    ended = threading.Event()

    def come_and_go() -> None:
        while not ended.is_set():
            for number in range(20):
                (folder / f"{number:016x}").mkdir()
            for number in range(20):
                (folder / f"{number:016x}").rmdir()

    client = threading.Thread(target=come_and_go)
    client.start()
    try:
        removed = [inbox.discard_torn("007", before=clock.now() - timedelta(hours=1)) for _ in range(1_000)]
    finally:
        ended.set()
        client.join()
    assert set(removed) == {0}
