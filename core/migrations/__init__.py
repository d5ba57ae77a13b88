"""Every schema there ever was, as Alembic revisions in `versions/`; `HEAD` names the newest."""

from pathlib import Path

HEAD = "0002"
FIRST_SCHEMA = Path(__file__).with_name("first_schema.sql")  # what 0001 makes
