"""Every finding of `rosterdrop doctor` by its code: how bad it is, what it means, what to do (rule O5)."""

from dataclasses import dataclass
from enum import StrEnum

SHOWN = 5  # examples of each finding


class Level(StrEnum):
    """How bad a finding is; a note needs nobody."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a code stands for."""

    level: Level
    text: str
    advice: str
    is_mended: bool = False  # `--repair` does something about it


_E, _W, _N = Level.ERROR, Level.WARNING, Level.NOTE

KEY_ADVICE = (
    "Put it back from your copy of the keys folder; no restart is needed. If it is lost for good: "
    "`rosterdrop keys --secrets-lost`."
)

CATALOGUE: dict[str, Entry] = {
    # --- the database
    "database-missing": Entry(
        _N,
        "There is no database in the data folder.",
        "The first `rosterdrop serve` or `org add` makes it. If it should be there, check ROSTERDROP_DATA_DIR and "
        "--config.",
    ),
    "database-damaged": Entry(
        _E,
        "The database is damaged.",
        "Stop the daemon, move the data folder away (its queues hold accepted files), and `rosterdrop restore` a "
        "backup.",
    ),
    "restore-unfinished": Entry(
        _E,
        "A restore into this data folder was interrupted, or is under way.",
        "Run `rosterdrop restore` again; until then nothing starts on the folder.",
    ),
    "schema-old": Entry(
        _N,
        "The database has the schema of an older rosterdrop.",
        "The next start upgrades it, after a copy; then run doctor again, for the rest was not compared.",
    ),
    "schema-unknown": Entry(
        _E, "The database has the schema of a newer rosterdrop.", "Install that version again."
    ),
    "sqlite-old": Entry(
        _N,
        "SQLite is older than 3.51.3 and can damage a database when commits and checkpoints overlap.",
        "rosterdrop keeps them apart by a lock, so nothing is urgent: open the database with no other program while "
        "the daemon runs, and take a newer SQLite with the next system upgrade.",
    ),
    "references-broken": Entry(
        _E,
        "Rows of the database point to rows that are not there.",
        "Something else than rosterdrop changed the database: `rosterdrop restore` a backup of before.",
    ),
    "manager-missing": Entry(
        _W, "Users have a manager who is not in the directory.", "`--repair` takes the link away.", True
    ),
    "parent-missing": Entry(
        _W, "Teams have a parent team that is not there.", "`--repair` takes the link away.", True
    ),
    "former-address-missing": Entry(
        _W,
        "Former addresses belong to users who are not in the directory.",
        "`--repair` removes them.",
        True,
    ),
    # --- database and files
    "drop-missing": Entry(
        _E,
        "An import has no outcome, and its file is in no queue.",
        "The file is lost: ask the customer to send it again, or restore a backup that has it.",
    ),
    "file-missing": Entry(
        _W,
        "The file of an import is not where it was filed.",
        "Somebody removed or renamed it. Put it back from a backup if you need it; nothing else depends on it.",
    ),
    "filing-not-noted": Entry(
        _W,
        "The file of an import is where it belongs, but its row does not say so.",
        "`--repair` writes it down.",
        True,
    ),
    "queue-unreadable": Entry(
        _E,
        "A folder in a queue has no bytes or no meta data: nothing can be made of it.",
        "Look at it. If it holds a `data` file, copy that into the organization's `local/`; then move the folder away.",
    ),
    "queue-aside": Entry(
        _W,
        "A file has its outcome, could not be filed, and was set aside in the queue.",
        "The log event `import.set_aside` says why. Move its `data` where you want it and remove the folder.",
    ),
    "queue-waits": Entry(
        _N, "Accepted files wait, and no daemon runs.", "`rosterdrop serve` goes on with them."
    ),
    "file-unknown": Entry(
        _W,
        "A file is named like a filed one, but no import of this organization has its number.",
        "The database is older than the files, or somebody copied it here. Move it away, or restore the right backup.",
    ),
    "folder-unknown": Entry(
        _W,
        "A folder in `orgs/` belongs to no organization.",
        "The database is older than the folder, or somebody made it. Move it away, or restore the right backup.",
    ),
    "removal-interrupted": Entry(
        _E,
        "The removal of an organization was interrupted: its folder is aside, but the organization is still there.",
        "`--repair` puts the folder back where nothing lies in its place. Then remove the organization again, or "
        "enable it.",
        True,
    ),
    "removal-unfinished": Entry(
        _W,
        "The removal of an organization was interrupted: nobody logs in to it, but rows of it are still there.",
        "`rosterdrop org remove ORG` ends it; until then its id is taken.",
    ),
    "removal-left": Entry(
        _W,
        "The folder of an organization that was removed is still on the disk.",
        "`--repair` deletes it, as the removal would have.",
        True,
    ),
    "folders-missing": Entry(
        _W, "An organization lacks one of its folders.", "`--repair` makes it; so does the daemon.", True
    ),
    "half-written": Entry(
        _N,
        "Files that were being written when something was killed, older than a day.",
        "`--repair` removes them.",
        True,
    ),
    "backup-links": Entry(
        _N,
        "A backup that was killed left links to accepted files, which keep their bytes on the disk.",
        "`--repair` removes them; so does the next backup.",
        True,
    ),
    "local-strange": Entry(
        _W,
        "Something in `local/` is no plain file and will never be imported (U8).",
        "Remove it. A name that is not UTF-8: rename it. A second link: copy the file instead.",
    ),
    # --- customers' own servers
    "pull-stopped": Entry(
        _W,
        "A customer's own server shows another host key, and nothing is fetched from it any more.",
        "Ask the customer for the new fingerprint, then `rosterdrop pull add ORG --replace --host-key SHA256:...`. "
        "When the old key is back: `rosterdrop pull run ORG`.",
    ),
    "pull-failing": Entry(
        _W,
        "Fetching from a customer's own server failed three times in a row or more, or a file there is never complete.",
        "`rosterdrop pull test ORG` shows what is wrong now, `rosterdrop pull list` when it is tried again.",
    ),
    # --- keys and permissions
    "data-readable": Entry(
        _E, "Other users of this machine can look into the data folder.", "`--repair` takes that away.", True
    ),
    "keys-readable": Entry(
        _E, "Other users of this machine can read keys.", "`--repair` takes that away.", True
    ),
    "owners-differ": Entry(
        _W,
        "Files belong to another user than the data folder: the daemon may not be able to write them.",
        "Somebody ran a command as another user. `chown -R` them, and run commands as the daemon's user.",
    ),
    "host-key-damaged": Entry(
        _E,
        "A host key is empty or damaged: the daemon does not start.",
        "Put it back from your copy of the keys folder. Without one, move it away: the next start makes a new key, and "
        "clients will warn.",
    ),
    "host-keys-missing": Entry(
        _W,
        "There are organizations, but no host keys.",
        "Put the keys folder back before you start the daemon: it would make new keys, and clients would warn.",
    ),
    "secrets-key-damaged": Entry(
        _E, "The secrets key is empty or damaged: files of organizations with erased people wait.", KEY_ADVICE
    ),
    "secrets-key-missing": Entry(
        _E,
        "The secrets key is not there: files of organizations with erased people wait, and customers' servers cannot "
        "be logged in to.",
        KEY_ADVICE,
    ),
    "secrets-key-wrong": Entry(
        _E,
        "The secrets key is another one than erased people and customers' passwords were stored with: those files "
        "wait, and those servers cannot be logged in to.",
        KEY_ADVICE,
    ),
    "secrets-key-not-recorded": Entry(
        _W,
        "Nothing says which secrets key is the right one, though erased people or customers' passwords depend on it.",
        "See that it is the one of your copy of the keys folder, then start `rosterdrop serve`: it writes that down.",
    ),
    # --- the disk
    "disk-full": Entry(
        _E,
        "The disk has less room than the reserve: no uploads are taken.",
        "Make room, or lower ROSTERDROP_MIN_FREE_DISK_BYTES.",
    ),
    "disk-tight": Entry(
        _W,
        "The disk has less room than twice the reserve and the size of the database.",
        "Make room: an upgrade copies the database first.",
    ),
    "inodes-few": Entry(
        _W, "The file system has hardly any room for more files.", "Remove files, or make it anew with more."
    ),
    "network-file-system": Entry(
        _E,
        "The data folder lies on a network file system.",
        "Locks and fsync don't hold there, so accepted files and the database can be lost: move it to a local disk.",
    ),
    "not-encrypted": Entry(
        _N,
        "No encryption of the volume is seen.",
        "Files and directory lie on the disk in the clear. Put the data folder on an encrypted volume (LUKS), unless "
        "your provider or the hardware encrypts the disk, which cannot be seen from here.",
    ),
    "encryption-unknown": Entry(
        _N,
        "Whether the volume is encrypted is unknown.",
        "This file system does not tell here. Look at it with its own tools (`zfs get encryption`, for instance).",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be; `subjects` are names, numbers or paths, never addresses."""

    code: str
    org_id: str | None = None
    subjects: tuple[str, ...] = ()
    is_mended: bool = False

    @property
    def entry(self) -> Entry:
        """What the code stands for."""
        return CATALOGUE[self.code]

    @property
    def needs_somebody(self) -> bool:
        """Whether the exit status tells of it."""
        return self.entry.level is not Level.NOTE and not self.is_mended
