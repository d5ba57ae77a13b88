"""Every schema there ever was, as Alembic revisions in `versions/`; `HEAD` names the newest."""

HEAD = "0001"
