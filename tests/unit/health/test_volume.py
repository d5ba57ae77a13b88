from hypothesis import given
from hypothesis import strategies as st

from processor.health.volume import Mount, mount_of, parse_mounts

LINES = r"""
25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 25 253:1 / /srv/my\040data rw,relatime shared:2 master:1 - xfs /dev/mapper/crypt rw
31 25 0:45 / /mnt/nas rw - nfs4 server:/export rw
32 25 253:2 / /mnt/nas rw - ext4 /dev/mapper/over rw
a line of another form
"""


def test_o05_mountinfo_is_read_with_its_optional_fields_and_escapes() -> None:
    assert [(mount.place, mount.kind, mount.device) for mount in parse_mounts(LINES)] == [
        ("/", "ext4", "254:0"),
        ("/srv/my data", "xfs", "253:1"),
        ("/mnt/nas", "nfs4", "0:45"),
        ("/mnt/nas", "ext4", "253:2"),
    ]


def test_o05_the_longest_and_last_mount_counts() -> None:
    mounts = parse_mounts(LINES)
    found = {
        path: (mount_of(path, mounts) or mounts[0]).source
        for path in ("/", "/srv", "/srv/my data", "/srv/my data/x/y", "/srv/my database", "/mnt/nas/x")
    }
    assert found == {
        "/": "/dev/vda",
        "/srv": "/dev/vda",
        "/srv/my data": "/dev/mapper/crypt",
        "/srv/my data/x/y": "/dev/mapper/crypt",
        "/srv/my database": "/dev/vda",
        "/mnt/nas/x": "/dev/mapper/over",
    }


def test_o05_without_mounts_there_is_none() -> None:
    assert mount_of("/x", []) is None


@given(st.text())
def test_o05_any_text_is_read(text: str) -> None:
    assert all(isinstance(mount, Mount) for mount in parse_mounts(text))
