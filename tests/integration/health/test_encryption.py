"""What /sys says of the devices below a mount (O5); the folders look as the kernel makes them."""

from pathlib import Path

import pytest

from processor.health.volume import Encryption, Mount, encryption_of


class Machine:
    """A made-up /sys and /dev."""

    def __init__(self, folder: Path) -> None:
        self.sys, self.dev = folder / "sys", folder / "dev"
        (self.sys / "dev" / "block").mkdir(parents=True)
        (self.sys / "class" / "block").mkdir(parents=True)
        self.dev.mkdir()

    def device(self, number: str, name: str, *, uuid: str | None = None, on: tuple[str, ...] = ()) -> None:
        device = self.sys / "devices" / name
        (device / "slaves").mkdir(parents=True)
        if uuid is not None:
            (device / "dm").mkdir()
            (device / "dm" / "uuid").write_text(f"{uuid}\n", "ascii")
        for below in on:
            (device / "slaves" / below).symlink_to(self.sys / "devices" / below)
        (self.sys / "dev" / "block" / number).symlink_to(device)
        (self.sys / "class" / "block" / name).symlink_to(device)
        (self.dev / name).touch()

    def ask(self, device: str, *, kind: str = "ext4", source: str = "/dev/x") -> Encryption:
        return encryption_of(Mount(device, "/", "/", kind, source), sys=self.sys, dev=self.dev)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.device("254:0", "vda")
    made.device("253:0", "dm-0", uuid="CRYPT-LUKS2-0123-name", on=("vda",))
    made.device("253:1", "dm-1", uuid="LVM-abcdef", on=("dm-0",))
    made.device("253:2", "dm-2", uuid="LVM-plain", on=("vda",))
    made.device("253:3", "dm-3", uuid="LVM-spread", on=("dm-0", "vda"))
    return made


def test_o05_luks_and_what_lies_on_it_is_encrypted(machine: Machine) -> None:
    assert machine.ask("253:0") is Encryption.YES
    assert machine.ask("253:1") is Encryption.YES


def test_o05_a_plain_disk_and_a_volume_that_is_spread_over_one_is_not(machine: Machine) -> None:
    assert machine.ask("254:0") is Encryption.NO
    assert machine.ask("253:2") is Encryption.NO
    assert machine.ask("253:3") is Encryption.NO


def test_o05_a_file_system_with_a_number_of_its_own_is_found_by_its_source(machine: Machine) -> None:
    (machine.dev / "mapper").mkdir()
    (machine.dev / "mapper" / "crypt").symlink_to("../dm-0")
    assert machine.ask("0:30", kind="btrfs", source="/dev/mapper/crypt") is Encryption.YES
    assert machine.ask("0:30", kind="btrfs", source="/dev/vda") is Encryption.NO


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("ecryptfs", Encryption.YES),
        ("fuse.gocryptfs", Encryption.YES),
        ("zfs", Encryption.UNKNOWN),
        ("tmpfs", Encryption.UNKNOWN),
        ("nfs4", Encryption.UNKNOWN),
        ("overlay", Encryption.UNKNOWN),
    ],
)
def test_o05_what_does_not_tell_is_unknown(machine: Machine, kind: str, expected: Encryption) -> None:
    assert machine.ask("0:99", kind=kind, source="x") is expected
