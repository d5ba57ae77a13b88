"""The tables of customers' own servers in the first schema (rule S2)."""

import sqlalchemy as sa
from alembic import op

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def make_pull_tables() -> None:
    """Make the tables of customers' own servers."""
    op.create_table(
        "pull_servers",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("secret_kind", sa.String(length=8), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("host_key", sa.String(length=64), nullable=False),
        sa.Column("host_key_kind", sa.String(length=8), nullable=True),
        sa.Column("schedule", sa.Text(), nullable=False),
        sa.Column("afterwards", sa.String(length=8), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("tried_at", sa.Text(), nullable=True),
        sa.Column("succeeded_at", sa.Text(), nullable=True),
        sa.Column("again_at", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("told_at", sa.Text(), nullable=True),
        sa.Column("stopped_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_pull_servers_org_no")),
        sa.PrimaryKeyConstraint("org_no", name=op.f("pk_pull_servers")),
    )
    op.create_table(
        "pull_files",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mtime", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("progress", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_pull_files_org_no")),
        sa.PrimaryKeyConstraint("org_no", "name", name=op.f("pk_pull_files")),
        sqlite_with_rowid=False,
    )
