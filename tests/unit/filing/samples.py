"""Records, organizations and findings that the tests of filing and mail share."""

from core.inbox import Origin
from core.organization_settings import OrganizationSettings
from core.organizations import Organization
from processor.findings import Problem
from processor.imports import Counts, ImportRecord, Kind, Outcome


def organization(name: str = "Mavericks", **settings: object) -> Organization:
    return Organization(
        no=1,
        id="007",
        name=name,
        username="Mavericks_007",
        settings=OrganizationSettings.model_validate({"owner": "owner@mavericks.example", **settings}),
        enabled=True,
        created_at="2026-11-01T00:00:00.000+00:00",
    )


def record(
    outcome: Outcome | None = Outcome.IMPORTED,
    *,
    name: str = "users.csv",
    number: int = 17,
    kind: Kind | None = Kind.USERS,
    accepted_at: str = "2026-11-23T09:05:01.250+00:00",
    uid: str = "00ff00ff00ff00ff",
    counts: Counts | None = None,
    **counted: int,
) -> ImportRecord:
    return ImportRecord(
        number=number,
        org_no=1,
        org_id="007",
        uid=uid,
        seq=3,
        name=name,
        size_bytes=48_213,
        sha256="ab" * 32,
        origin=Origin(account="Mavericks_007", address="192.0.2.7", client="WinSCP_release_6.3"),
        accepted_at=accepted_at,
        finished_at="2026-11-23T09:05:02.000+00:00",
        kind=kind,
        outcome=outcome,
        counts=counts or Counts(**counted),
    )


def problem(
    line: int | None = 14,
    column: str | None = "Deactivation Date",
    code: str = "date-doubtful",
    text: str = "This date can be read in two ways",
    advice: str = "Write dates as yyyy-mm-dd.",
) -> Problem:
    return Problem(line, column, code, text, advice)
