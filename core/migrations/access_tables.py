"""The tables of logins in the first schema (rules A1, A2, A6)."""

import sqlalchemy as sa
from alembic import op

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def make_access_tables() -> None:
    """Make the tables of logins."""
    op.create_table(
        "support_accounts",
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("username_key", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_support_accounts")),
        sa.UniqueConstraint("username_key", name=op.f("uq_support_accounts_username_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "login_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_no", Id, nullable=True),
        sa.Column("support_no", sa.Integer(), nullable=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("added_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_login_keys_org_no")),
        sa.ForeignKeyConstraint(
            ["support_no"], ["support_accounts.no"], name=op.f("fk_login_keys_support_no")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_keys")),
    )
    op.create_index(op.f("ix_login_keys_org_no"), "login_keys", ["org_no"], unique=False)
    op.create_index(op.f("ix_login_keys_support_no"), "login_keys", ["support_no"], unique=False)
    op.create_table(
        "login_guards",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("failures", sa.Text(), nullable=False),
        sa.Column("until", sa.Text(), nullable=True),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("bans", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "address", name=op.f("pk_login_guards")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "known_addresses",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("last_login_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_known_addresses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ban_lifts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ban_lifts")),
        sqlite_autoincrement=True,
    )
