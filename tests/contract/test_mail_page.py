"""docs/mail.md lists every kind of mail that the product writes (rule N1)."""

import ast
from pathlib import Path

from tests.contract.test_repository import parsed, python_files, table_rows

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "mail.md"
KINDS = {
    "compose_broken_upload_mail": "broken upload",
    "compose_came_mail": "missed file",
    "compose_daily_export_mail": "export",
    "compose_digest": "digest",
    "compose_expiring_password_mail": "old password",
    "compose_export_mail": "export",
    "compose_failed_mails_mail": "failed mails",
    "compose_import_mail": "import",
    "compose_low_disk_mail": "disk",
    "compose_missed_mail": "missed file",
    "compose_pull_failed_mail": "fetching fails",
    "compose_pull_stopped_mail": "fetching stopped",
    "compose_put_off_mail": "put off",
    "compose_secrets_key_mail": "secrets key",
    "compose_summary": "summary",
    "compose_test_mail": "test",
    "compose_unfinished_mail": "file never complete",
}
OF_IMPORTS = {"waiting", "held"}  # `compose_import_mail` writes them, too
FORM = "compose_notice"  # what the others are made with


def composing() -> set[str]:
    """The functions of the product that make a mail."""
    return {
        node.name
        for path in python_files("core", "server", "processor", "commands")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("compose_")
        and node.returns is not None
        and ast.unparse(node.returns) == "MailContent"
    }


def test_n01_each_kind_of_mail_is_listed_and_no_other() -> None:
    assert composing() - {FORM} == KINDS.keys(), "a new mail needs its row in docs/mail.md, and its line here"
    listed = [row[0] for row in table_rows(DOCUMENT)]
    listed = listed[2 : listed.index("test") + 1]
    assert sorted(listed) == sorted({*KINDS.values(), *OF_IMPORTS})
