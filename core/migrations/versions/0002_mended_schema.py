"""Whatever 0001 was while it was still being written becomes what it is now; then what is new since."""

import sqlalchemy as sa
from alembic import op

from core.migrations import FIRST_SCHEMA
from core.migrations.mending import Past, mend

revision = "0002"
down_revision = "0001"

# 0001 was changed in place until it was frozen, so that databases of the same version differ.
BEFORE_FIRST = Past(
    values={("users", "leaver"): "0"},
    # What guards counted in an import for one day; they look at the changes of that day now.
    gone=frozenset({("imports", "deactivates"), ("imports", "replaces")}),
    # The next file of each organization is read whole and makes its fingerprints anew.
    caches=("fingerprints", "fingerprint_voids"),
)


def upgrade() -> None:
    """Mend the first schema, then add."""
    mend(op.get_bind(), FIRST_SCHEMA, BEFORE_FIRST)
    op.add_column("expectations", sa.Column("late_at", sa.Text(), nullable=True))
    op.add_column("pull_servers", sa.Column("changing_since", sa.Text(), nullable=True))
    # While a file is fetched its row keeps the hash of the one before now; it may have been its own.
    op.execute("UPDATE pull_files SET sha256 = NULL WHERE progress = 'fetching'")
    op.add_column("pull_files", sa.Column("seen_mtime", sa.BigInteger(), nullable=True))
    op.create_table(
        "secrets_keys",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_secrets_keys")),
    )
