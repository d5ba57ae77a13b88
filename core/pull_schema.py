"""The tables of customers' own servers (rule S2), beside those of `schema.py` and in the same metadata."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from core.schema import Id, metadata

# Customers' own servers that files are fetched from (S2), and how that stands; processor/intake/pulls.py explains both.
pull_servers = Table(
    "pull_servers",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("host", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("username", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # password or private key, encrypted with a key from keys/
    Column("secret_kind", String(8), nullable=False),  # password, key
    Column("folder", Text, nullable=False),
    Column("pattern", Text, nullable=False),
    Column("host_key", String(64), nullable=False),  # SHA256:...
    Column("host_key_kind", String(8)),  # ed25519, ecdsa, rsa; null until it was seen
    Column("schedule", Text, nullable=False),
    Column("afterwards", String(8), nullable=False),  # remember, rename, delete
    Column("added_at", Text, nullable=False),
    Column("started_at", Text),
    Column("tried_at", Text),
    Column("succeeded_at", Text),
    Column("again_at", Text),
    Column("failures", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("told_at", Text),
    Column("stopped_at", Text),
    Column("changing_since", Text),  # since when the source's file has never stopped changing
)

# Of each name in a customer's folder, the file that was fetched last.
pull_files = Table(
    "pull_files",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("size_bytes", BigInteger, nullable=False),
    Column("mtime", BigInteger, nullable=False),  # seconds, as the server gives it
    Column("uid", String(32), nullable=False),  # of the drop
    Column("progress", String(16), nullable=False),  # fetching, accepting, accepted, leaving, gone
    Column("sha256", String(64)),
    Column("at", Text, nullable=False),  # of the last step
    Column("seen_mtime", BigInteger),  # the same when asked for by name; some servers list local times
    sqlite_with_rowid=False,
)
