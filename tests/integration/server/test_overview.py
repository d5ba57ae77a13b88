"""What commands see of uploads (rule U3)."""

from core.inbox import boot_id
from server.overview import State, uploads_of
from tests.integration.server.test_partials import broken_off
from tests.integration.server.world import World


async def test_u03_running_partial_and_temporary_uploads_are_told_apart(world: World) -> None:
    await broken_off(world, b"half", "/local/partial.csv")
    async with world.sftp() as sftp:
        async with sftp.open("/local/users.tmp", "wb") as file:
            await file.write(b"temporary")
        running = await sftp.open("/local/running.csv", "wb")
        await running.write(b"run")
        seen = {
            item.incoming.meta.name: (item.state, item.size_bytes)
            for item in uploads_of(world.inbox, "007", boot=boot_id())
        }
    assert seen == {
        "partial.csv": (State.PARTIAL, 4),
        "users.tmp": (State.TEMPORARY, 9),
        "running.csv": (State.RUNNING, 3),
    }
