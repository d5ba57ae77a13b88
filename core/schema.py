"""The tables. Columns are explained here and nowhere else; migrations (core/migrations) make them.

Times are ISO 8601 text in UTC (`core.clock.to_text`), dates `yyyy-mm-dd`, booleans 0 and 1. Ids of users and
teams are `organizations.no << 32 | n`: an import allots them before it takes the write lock, rows of one
organization lie together, and no two organizations can meet.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# INTEGER, not BIGINT, is what makes a rowid in SQLite.
Id = BigInteger().with_variant(Integer, "sqlite")

organizations = Table(
    "organizations",
    metadata,
    Column("no", Id, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("username", String(64), nullable=False),
    Column("username_key", String(64), nullable=False, unique=True),  # casefolded
    Column("password_hash", Text, nullable=False),
    Column("old_password_hash", Text),  # the one before, while both are good (A1); of the same salt
    Column("old_password_until", Text),
    Column("settings", JSON, nullable=False),  # only what differs from core.organization_settings' defaults
    Column("created_at", Text, nullable=False),
    Column("disabled_at", Text),
    Column("removed_at", Text),
    Column(
        "directory_version", Integer, nullable=False, default=0
    ),  # grows with each change of users or teams
    Column("users_made", Integer, nullable=False, default=0),  # the highest n given to a user
    Column("teams_made", Integer, nullable=False, default=0),
    Column("date_order", String(3)),  # dmy or mdy: what an applied file proved last (P9)
    Column("date_order_import", Integer),  # the import that proved it
)

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), nullable=False),
    Column("email", Text, nullable=False),  # the first spelling (P1)
    Column("email_key", Text, nullable=False),  # casefolded
    Column("name", Text, nullable=False),
    Column("first_name", Text, nullable=False, default=""),
    Column("last_name", Text, nullable=False, default=""),
    Column("account_type", String(16), nullable=False),  # Regular, Observer
    Column("is_org_admin", Integer, nullable=False, default=0),
    Column("deactivated_at", Text),  # set: deactivated since then
    Column("deactivation_date", Text),  # what the file says (P8)
    Column("deactivates_at", Text),  # when the plan is due
    Column("leaver", Integer, nullable=False, default=0),  # the last applied row had a leaver's word (H5)
    # No foreign key: a manager may be inserted after his people, and a deferred key costs a scan for each user then.
    Column("manager_id", Id),
    Column("custom", Text, nullable=False, default="{}"),  # JSON object, field label -> value
    Column("last_import", Integer),  # the import that last wrote this row; see the trigger on users
    UniqueConstraint("org_no", "email_key"),
)
# For PostgreSQL the migrations name these conditions, too: naming them here would load that dialect, 2 MB.
# Few users have a plan: what is due is found without a look at all the others.
Index(
    "ix_users_deactivates_at",
    users.c.deactivates_at,
    sqlite_where=users.c.deactivates_at.is_not(None),
)
Index(
    "ix_users_deactivated",
    users.c.org_no,
    sqlite_where=users.c.deactivated_at.is_not(None),
)
# The few administrators are asked for by each import.
Index(
    "ix_users_admins",
    users.c.org_no,
    sqlite_where=users.c.is_org_admin == 1,
)

# Addresses that a user had before (P1): managers and owners are still found by them while nobody else has them.
former_addresses = Table(
    "former_addresses",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("email_key", Text, primary_key=True),
    Column("user_id", Id, nullable=False),
    sqlite_with_rowid=False,
)

teams = Table(
    "teams",
    metadata,
    Column("id", Id, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("owner_id", Id, ForeignKey("users.id"), index=True),  # removing a user looks for its teams
    Column("parent_id", Id),  # no foreign key, as above
    Column("type", Text),
    UniqueConstraint("org_no", "name_key"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    Column("team_id", Id, ForeignKey("teams.id"), primary_key=True),
    Index(None, "team_id"),
    sqlite_with_rowid=False,
)

fields = Table(
    "fields",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), nullable=False),
    Column("label", Text, nullable=False),
    Column("label_key", Text, nullable=False),  # as H4 compares labels
    Column("type", String(8), nullable=False),  # text, date, boolean
    Column("strict", Integer, nullable=False, default=0),  # 1: the type was set by command (C2)
    UniqueConstraint("org_no", "label_key"),
)

imports = Table(
    "imports",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), nullable=False),
    Column("uid", String(32), nullable=False, unique=True),  # of the drop: one acceptance, one import
    Column("seq", Integer, nullable=False),
    Column("name", Text, nullable=False),  # as the client gave it
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("account", Text),
    Column("address", Text),
    Column("client", Text),
    Column("accepted_at", Text, nullable=False),
    Column("started_at", Text),
    Column("finished_at", Text),
    Column("kind", String(8)),  # users, teams
    Column("outcome", String(16)),  # imported, partial, refused, checked, discarded; waiting, held may change
    Column("counts", JSON, nullable=False, default={}),
    Column("attempts", Integer, nullable=False, default=0),  # starts that ended without an outcome
    Column("held_at", Text),  # G1
    Column("hold_reason", Text),
    Column("reminded_at", Text),
    Column("approved_at", Text),
    Column("run_now", Integer, nullable=False, default=0, server_default="0"),  # S1
    Column("filed_as", Text),  # relative to the organization's folder, once it lies there
    Column(
        "column_numbers", JSON(none_as_null=True)
    ),  # places of labels that may be data, which mails name (N1)
    Column("file_purged_at", Text),  # R3: its retention was over; the file and those beside it are gone
    Column("log_purged_at", Text),  # R3: its problems and changes are gone
    UniqueConstraint("org_no", "seq"),
    sqlite_autoincrement=True,
)

problems = Table(
    "problems",
    metadata,
    Column("import_number", Integer, ForeignKey("imports.number"), primary_key=True),
    Column("place", Integer, primary_key=True),  # 0, 1, 2 ... in the order of the file
    Column("is_note", Integer, nullable=False),
    Column("line", Integer),
    Column("column", Text),
    Column("code", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("times", Integer, nullable=False, default=1, server_default="1"),  # how many it stands for
    sqlite_with_rowid=False,
)

changes = Table(
    "changes",
    metadata,
    Column("import_number", Integer, ForeignKey("imports.number"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),  # user, team
    Column("target", Id, nullable=False),  # users.id or teams.id
    Column("key", Text, nullable=False),  # address or team name before the change
    Column("field", Text, nullable=False),
    Column("old", JSON(none_as_null=True)),
    Column("new", JSON(none_as_null=True)),
    sqlite_with_rowid=False,
)

# What changed a directory without a file: an undo, a plan that came due, a command.
direct_changes = Table(
    "direct_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), nullable=False),
    Column("at", Text, nullable=False, index=True),
    Column("cause", String(16), nullable=False),  # undo, due, put-off, reactivate, keep, fields
    Column("import_number", Integer, ForeignKey("imports.number"), index=True),  # the one undone
    Column("kind", String(8), nullable=False),  # user, team
    Column("target", Id, nullable=False),
    Column("key", Text, nullable=False),  # address or team name before the change
    Column("field", Text, nullable=False),
    Column("old", JSON(none_as_null=True)),
    Column("new", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

# Imports that were undone (G3); what each undo changed is in direct_changes.
undos = Table(
    "undos",
    metadata,
    Column("import_number", Integer, ForeignKey("imports.number"), primary_key=True),
    Column("at", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("counts", JSON, nullable=False),
)

# What an undo did not take back, and why (G3).
undo_leftovers = Table(
    "undo_leftovers",
    metadata,
    Column("import_number", Integer, ForeignKey("undos.import_number"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("target", Id, nullable=False),
    Column("key", Text, nullable=False),
    Column("field", Text, nullable=False),
    Column("old", JSON(none_as_null=True)),  # what it would have gone back to
    Column("new", JSON(none_as_null=True)),  # what the import had set
    Column("code", String(64), nullable=False),  # why; processor/directory/undoing.py has the sentences
    sqlite_with_rowid=False,
)

# People erased on request (R3): a keyed hash of the address, so that a later file does not make them again.
erased_people = Table(
    "erased_people",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("address_hash", LargeBinary, primary_key=True),
    Column("erased_at", Text, nullable=False),
    sqlite_with_rowid=False,
)

# The secrets key that hashes and stored secrets were made with, so that another one is noticed: at most one row.
secrets_keys = Table(
    "secrets_keys",
    metadata,
    Column("fingerprint", String(64), primary_key=True),  # core/secrets_key.py; nobody finds the key by it
    Column("recorded_at", Text, nullable=False),
)

# What the organization's last users file said, packed for comparison without parsing; see
# processor/directory/fingerprints.py. Equal position in each blob is one user.
fingerprints = Table(
    "fingerprints",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("meaning", LargeBinary, nullable=False),  # of header, map, settings, fields and rules version
    Column("import_number", Integer, ForeignKey("imports.number"), nullable=False),
    Column("digests", LargeBinary, nullable=False),
    Column("people", LargeBinary, nullable=False),
    Column("evidence", LargeBinary, nullable=False),  # what each row proved about dates (P9)
    Column("reading", Text, nullable=False),  # JSON: the kinds of evidence, the orders of dates
    Column("named", LargeBinary, nullable=False),  # users that file named without a fingerprint
)

# Users whom something else than an import has touched since: their fingerprints count no more.
fingerprint_voids = Table(
    "fingerprint_voids",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("org_no", Id, nullable=False, index=True),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Text, nullable=False, index=True),
    Column("org_no", Id, index=True),
    Column("who", Text, nullable=False),
    Column("address", Text),
    Column("event", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("detail", Text),
    sqlite_autoincrement=True,
)

# Who looks at all organizations' files (A6).
support_accounts = Table(
    "support_accounts",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("username", String(64), nullable=False),
    Column("username_key", String(64), nullable=False, unique=True),  # casefolded
    Column("password_hash", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    sqlite_autoincrement=True,
)

# Public keys that may log in (A1, A6); each is an organization's or a support account's.
login_keys = Table(
    "login_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), index=True),
    Column("support_no", Integer, ForeignKey("support_accounts.no"), index=True),
    Column("key", Text, nullable=False),  # algorithm and base64, as in authorized_keys
    Column("fingerprint", String(64), nullable=False),  # SHA256:...
    Column("comment", Text, nullable=False, default=""),
    Column("added_at", Text, nullable=False),
)

# What failed logins have led to (A2): one row for an address, a name, or a name from one address.
login_guards = Table(
    "login_guards",
    metadata,
    Column("kind", String(8), primary_key=True),  # address, name, pair
    Column("name", Text, primary_key=True),  # casefolded; empty for an address
    Column("address", Text, primary_key=True),  # empty for a name
    Column("shown", Text, nullable=False),  # the name as it was first spelt
    Column("failures", Text, nullable=False),  # JSON: [time, name, address] of each that still counts
    Column("until", Text),  # banned or locked till then
    Column("failed", Integer, nullable=False, default=0),  # failures that led to the last ban
    Column("bans", Integer, nullable=False, default=0),  # in a row: each doubles the time
    Column("changed_at", Text, nullable=False),
    sqlite_with_rowid=False,
)

# Addresses that logged in; for a while none of them is banned as a whole (A2).
known_addresses = Table(
    "known_addresses",
    metadata,
    Column("address", Text, primary_key=True),
    Column("last_login_at", Text, nullable=False),
    sqlite_with_rowid=False,
)

# What the command line has lifted, for the daemon to see.
ban_lifts = Table(
    "ban_lifts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Text, nullable=False),
    sqlite_autoincrement=True,
)
