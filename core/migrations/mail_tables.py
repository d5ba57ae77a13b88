"""The tables of mails, and of what is due by the clock, in the first schema (rules N1 to N4, E1)."""

import sqlalchemy as sa
from alembic import op

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def make_mail_tables() -> None:
    """Make the tables of mails."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_no", Id, nullable=True),
        sa.Column("import_number", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("next_at", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("failure_told", sa.Integer(), server_default="0", nullable=False),
        sa.Column("would_be", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["import_number"], ["imports.number"], name=op.f("fk_outbox_import_number")),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_outbox_org_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_import_number"), "outbox", ["import_number"], unique=False)
    op.create_index(op.f("ix_outbox_state_next_at"), "outbox", ["state", "next_at"], unique=False)
    op.create_table(
        "news",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("import_number", sa.Integer(), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["import_number"], ["imports.number"], name=op.f("fk_news_import_number")),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_news_org_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_news_org_no"), "news", ["org_no"], unique=False)
    op.create_table(
        "expectations",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("expected", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("missed_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_expectations_org_no")),
        sa.PrimaryKeyConstraint("org_no", name=op.f("pk_expectations")),
    )
    op.create_table(
        "daily_exports",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("directory_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("exported_at", sa.Text(), nullable=False),
        sa.Column("told_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_daily_exports_org_no")),
        sa.PrimaryKeyConstraint("org_no", name=op.f("pk_daily_exports")),
    )
    op.create_table(
        "alarms",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alarms")),
    )
