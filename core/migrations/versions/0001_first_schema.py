"""The first schema."""

import sqlalchemy as sa
from alembic import op

from core.migrations.access_tables import make_access_tables
from core.migrations.mail_tables import make_mail_tables
from core.migrations.pull_tables import make_pull_tables

revision = "0001"
down_revision = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A change of a user that no import made voids his fingerprint, else the next import would pass his line over, and
# makes plans stale that were made before, else they would write back what he was.
USERS_TOUCHED = """
CREATE TRIGGER users_touched AFTER UPDATE ON users
WHEN new.last_import IS NULL OR new.last_import IS old.last_import
BEGIN
  INSERT OR IGNORE INTO fingerprint_voids (user_id, org_no) VALUES (new.id, new.org_no);
  UPDATE organizations SET directory_version = directory_version + 1 WHERE no = new.org_no;
END
"""

# The audit trail is only appended to (A5); a row of refusals may count further ones of its minute.
AUDIT_IS_NOT_CHANGED = """
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN old.event <> 'login.refused' OR (old.id, old.at, old.who, old.event, old.outcome) IS NOT
  (new.id, new.at, new.who, new.event, new.outcome)
  OR old.org_no IS NOT new.org_no OR old.address IS NOT new.address
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""
AUDIT_IS_NOT_REMOVED = """
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("org_no", Id, nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("event", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_org_no"), "audit", ["org_no"], unique=False)
    op.create_table(
        "fingerprint_voids",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_fingerprint_voids")),
    )
    op.create_index(op.f("ix_fingerprint_voids_org_no"), "fingerprint_voids", ["org_no"], unique=False)
    op.create_table(
        "organizations",
        sa.Column("no", Id, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("username_key", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("old_password_hash", sa.Text(), nullable=True),
        sa.Column("old_password_until", sa.Text(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.Text(), nullable=True),
        sa.Column("directory_version", sa.Integer(), nullable=False),
        sa.Column("users_made", sa.Integer(), nullable=False),
        sa.Column("teams_made", sa.Integer(), nullable=False),
        sa.Column("date_order", sa.String(length=3), nullable=True),
        sa.Column("date_order_import", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_organizations")),
        sa.UniqueConstraint("id", name=op.f("uq_organizations_id")),
        sa.UniqueConstraint("username_key", name=op.f("uq_organizations_username_key")),
    )
    op.create_table(
        "fields",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("label_key", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=8), nullable=False),
        sa.Column("strict", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_fields_org_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fields")),
        sa.UniqueConstraint("org_no", "label_key", name=op.f("uq_fields_org_no_label_key")),
    )
    op.create_table(
        "imports",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("held_at", sa.Text(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("reminded_at", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.Text(), nullable=True),
        sa.Column("run_now", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("filed_as", sa.Text(), nullable=True),
        sa.Column("column_numbers", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("file_purged_at", sa.Text(), nullable=True),
        sa.Column("log_purged_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_imports_org_no")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_imports")),
        sa.UniqueConstraint("org_no", "seq", name=op.f("uq_imports_org_no_seq")),
        sa.UniqueConstraint("uid", name=op.f("uq_imports_uid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column("id", Id, nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("account_type", sa.String(length=16), nullable=False),
        sa.Column("is_org_admin", sa.Integer(), nullable=False),
        sa.Column("deactivated_at", sa.Text(), nullable=True),
        sa.Column("deactivation_date", sa.Text(), nullable=True),
        sa.Column("deactivates_at", sa.Text(), nullable=True),
        sa.Column("leaver", sa.Integer(), nullable=False),
        sa.Column("manager_id", Id, nullable=True),
        sa.Column("custom", sa.Text(), nullable=False),
        sa.Column("last_import", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_users_org_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("org_no", "email_key", name=op.f("uq_users_org_no_email_key")),
    )
    planned = sa.text("deactivates_at IS NOT NULL")
    op.create_index(
        op.f("ix_users_deactivates_at"),
        "users",
        ["deactivates_at"],
        unique=False,
        sqlite_where=planned,
        postgresql_where=planned,
    )
    gone = sa.text("deactivated_at IS NOT NULL")
    op.create_index(
        op.f("ix_users_deactivated"),
        "users",
        ["org_no"],
        unique=False,
        sqlite_where=gone,
        postgresql_where=gone,
    )
    admins = sa.text("is_org_admin = 1")
    op.create_index(
        op.f("ix_users_admins"),
        "users",
        ["org_no"],
        unique=False,
        sqlite_where=admins,
        postgresql_where=admins,
    )
    op.create_table(
        "changes",
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("target", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("new", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["import_number"], ["imports.number"], name=op.f("fk_changes_import_number")),
        sa.PrimaryKeyConstraint("import_number", "place", name=op.f("pk_changes")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "direct_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("import_number", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("target", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("new", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_number"], ["imports.number"], name=op.f("fk_direct_changes_import_number")
        ),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_direct_changes_org_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_direct_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_direct_changes_at"), "direct_changes", ["at"], unique=False)
    op.create_index(
        op.f("ix_direct_changes_import_number"), "direct_changes", ["import_number"], unique=False
    )
    op.create_table(
        "undos",
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["import_number"], ["imports.number"], name=op.f("fk_undos_import_number")),
        sa.PrimaryKeyConstraint("import_number", name=op.f("pk_undos")),
    )
    op.create_table(
        "undo_leftovers",
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("target", Id, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("new", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_number"], ["undos.import_number"], name=op.f("fk_undo_leftovers_import_number")
        ),
        sa.PrimaryKeyConstraint("import_number", "place", name=op.f("pk_undo_leftovers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "erased_people",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("erased_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_erased_people_org_no")),
        sa.PrimaryKeyConstraint("org_no", "address_hash", name=op.f("pk_erased_people")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fingerprints",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("meaning", sa.LargeBinary(), nullable=False),
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("people", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=False),
        sa.Column("named", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_number"], ["imports.number"], name=op.f("fk_fingerprints_import_number")
        ),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_fingerprints_org_no")),
        sa.PrimaryKeyConstraint("org_no", name=op.f("pk_fingerprints")),
    )
    op.create_table(
        "problems",
        sa.Column("import_number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("is_note", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("column", sa.Text(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["import_number"], ["imports.number"], name=op.f("fk_problems_import_number")
        ),
        sa.PrimaryKeyConstraint("import_number", "place", name=op.f("pk_problems")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "teams",
        sa.Column("id", Id, nullable=False),
        sa.Column("org_no", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("owner_id", Id, nullable=True),
        sa.Column("parent_id", Id, nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_teams_org_no")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_teams_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("org_no", "name_key", name=op.f("uq_teams_org_no_name_key")),
    )
    op.create_index(op.f("ix_teams_owner_id"), "teams", ["owner_id"], unique=False)
    op.create_table(
        "former_addresses",
        sa.Column("org_no", Id, nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["org_no"], ["organizations.no"], name=op.f("fk_former_addresses_org_no")),
        sa.PrimaryKeyConstraint("org_no", "email_key", name=op.f("pk_former_addresses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", Id, nullable=False),
        sa.Column("team_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_memberships_team_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
        sa.PrimaryKeyConstraint("user_id", "team_id", name=op.f("pk_memberships")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_memberships_team_id"), "memberships", ["team_id"], unique=False)
    op.execute(USERS_TOUCHED)
    op.execute(AUDIT_IS_NOT_CHANGED)
    op.execute(AUDIT_IS_NOT_REMOVED)
    make_access_tables()
    make_pull_tables()
    make_mail_tables()
