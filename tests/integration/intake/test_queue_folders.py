"""What a kill leaves in a queue (docs/developers/life-of-a-drop.md)."""

from pathlib import Path

from core.clock import SystemClock
from core.filled_folders import FilledFolders
from core.inbox import Inbox, Origin
from processor.filing.filer import leave_queue


def test_u07_an_empty_folder_that_a_kill_left_of_a_filed_drop_goes(tmp_path: Path) -> None:
    inbox = Inbox(data_dir=tmp_path, clock=SystemClock())
    queue = inbox.prepare("007").queue
    incoming = inbox.begin(org_id="007", name="users.csv", origin=Origin(account="test"))
    drop = inbox.accept(incoming)
    emptied = queue / "0000000007-0123456789abcdef"
    emptied.mkdir()
    inbox.discard_emptied("007")
    assert inbox.queue("007") == [drop]
    assert [folder.name for folder in queue.iterdir()] == [drop.folder.name]
    leave_queue(drop)
    assert FilledFolders(inbox).queues(["007"]) == []
