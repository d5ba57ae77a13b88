"""The tables of mails, and of what people are told by the clock (rules N1 to N4, E1); see core/schema.py."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from core.schema import Id, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no")),
    Column("import_number", Integer, ForeignKey("imports.number"), index=True),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    Column("state", String(8), nullable=False),  # waiting, sent, failed, skipped
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", Text, nullable=False),
    Column("next_at", Text, nullable=False),
    Column("sent_at", Text),
    Column("last_error", Text),
    Column("answer", Text),  # what the mail server said when it took the mail
    Column("failure_told", Integer, nullable=False, default=0, server_default="0"),  # to the operator
    # 1: the recipient is a user only as far as a file goes that was checked in test mode (N2, H8)
    Column("would_be", Integer, nullable=False, default=0, server_default="0"),
    Index(None, "state", "next_at"),
    sqlite_autoincrement=True,
)

# What a later mail tells (N1, N4): it is removed in the transaction that writes that mail.
news = Table(
    "news",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("org_no", Id, ForeignKey("organizations.no"), nullable=False, index=True),
    Column("at", Text, nullable=False),
    Column("kind", String(12), nullable=False),  # import, upload, deactivated
    Column("import_number", Integer, ForeignKey("imports.number")),
    Column("people", Integer, nullable=False, default=0),
    Column("detail", JSON(none_as_null=True)),
    sqlite_autoincrement=True,
)

# Since when an organization expects files, and the time by which none came that people were told of (N4).
expectations = Table(
    "expectations",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("expected", Text, nullable=False),  # the setting, with the time zone
    Column("since", Text, nullable=False),
    Column("missed_at", Text),
    # The missed time for which a file that came after it was counted: that file is not the next expected one.
    Column("late_at", Text),
)

# The directory as the organization's daily export shows it (E1).
daily_exports = Table(
    "daily_exports",
    metadata,
    Column("org_no", Id, ForeignKey("organizations.no"), primary_key=True),
    Column("directory_version", Integer, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of both files
    Column("exported_at", Text, nullable=False),
    Column("told_at", Text),
)

# What the operator was told of: it goes when the trouble is over, or is told again a day later.
alarms = Table(
    "alarms",
    metadata,
    Column("name", String(32), primary_key=True),  # disk_low, mail_failed, secrets_key
    Column("at", Text, nullable=False),
)
