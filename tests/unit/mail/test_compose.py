from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.imports import Outcome
from processor.mail.compose import ImportNews, compose_import_mail
from processor.mail.mails import MailContent
from tests.unit.filing.samples import organization, problem, record


def mail(outcome: Outcome = Outcome.PARTIAL, **parts: object) -> MailContent:
    counted = record(outcome, rows=120, rows_refused=2, users_updated=12)
    values = {"record": counted, "organization": organization(), **parts}
    return compose_import_mail(ImportNews(**values))  # type: ignore[arg-type]


def test_n01_a_subject_names_organization_file_and_outcome() -> None:
    assert (
        mail(record=record(rows=12, users_updated=12)).subject
        == "Mavericks: users.csv imported (12 users updated)"
    )


def test_n01_both_parts_say_outcome_counts_problems_places_and_what_if_nobody_acts() -> None:
    said = mail(
        problems=[problem(14), problem(31, None, "too-few-cells", "The row has 4 cells", "Send it again.")]
    )
    for part in (said.text, said.html):
        for expected in (
            "Partly imported",
            "120",
            "users updated",
            "Line 14, Deactivation Date",
            "This date can be read in two ways.",
            "Write dates as yyyy-mm-dd.",
            "Line 31",
            "/archive/20261123T090501Z-000017-users.csv",
            "/archive/20261123T090501Z-000017-users.csv.report.html",
            "/error/20261123T090501Z-000017-users.csv.problems.csv",
            "/error/20261123T090501Z-000017-users.csv.rejected.csv",
            "Mavericks_007",
            "until a later file has it",
        ):
            assert expected in part


def test_n01_ten_problems_are_shown_and_the_rest_counted() -> None:
    said = mail(problems=[problem(line) for line in range(2, 2_502)])
    assert said.text.count("Deactivation Date") == 10
    assert "and 2,490 more in the report" in said.text
    assert "and 2,490 more in the report" in said.html


def test_n01_a_label_that_may_be_data_is_not_quoted() -> None:
    refused = replace(record(Outcome.REFUSED), column_numbers={"nora@x.example": 3})
    said = mail(record=refused, problems=[problem(1, "nora@x.example")])
    assert "nora@x.example" not in said.text + said.html
    assert "Line 1, column 3" in said.text


@pytest.mark.parametrize("outcome", [Outcome.HELD, Outcome.WAITING])
def test_n01_a_drop_that_waits_or_is_held_is_mailed_too(outcome: Outcome) -> None:
    said = mail(outcome, due_at=datetime(2026, 11, 24, 22, 30, tzinfo=UTC))
    assert "/archive/" not in said.text
    assert ("24 Nov 2026, 22:30 UTC" in " ".join(said.text.split())) == (outcome is Outcome.WAITING)


def test_n01_a_discarded_file_says_why() -> None:
    said = mail(
        Outcome.DISCARDED, problems=[problem(None, None, "withdrawn", "The file was withdrawn", "Nothing.")]
    )
    assert "WHY" in said.text
    assert "The whole file" in said.text


def test_n01_a_file_name_cannot_forge_a_header_or_markup() -> None:
    name = "users.csv\r\nBcc: everybody@x.example\r\n\r\n<script>alert(1)</script>"
    said = mail(record=record(name=name), organization=organization("Mave\nricks<b>"))
    assert "\n" not in said.subject
    assert "\r" not in said.subject
    assert "<script" not in said.html
    assert "ricks<b>" not in said.html
    assert "\nBcc:" not in said.text


def test_n01_a_mail_fetches_and_attaches_nothing() -> None:
    html = mail(problems=[problem()]).html
    assert not [word for word in ("<img", "<script", "<link", "src=", "href=", "url(") if word in html]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_n01_every_outcome_says_what_happens_if_nobody_acts(outcome: Outcome) -> None:
    said = mail(outcome)
    assert "IF NOBODY ACTS" in said.text
    assert "If nobody acts" in said.html


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_n01_any_names_make_a_mail_that_can_be_stored(file: str, org: str, label: str) -> None:
    said = mail(
        record=record(Outcome.PARTIAL, name=file, rows_refused=1),
        organization=organization(org),
        problems=[problem(column=label)],
    )
    (said.subject + said.text + said.html).encode("utf-8")


def test_p08_deactivations_since_the_last_mail_are_counted() -> None:
    said = mail(Outcome.IMPORTED, deactivated=2)
    for part in (said.text, said.html):
        assert "2 users deactivated as planned since the last mail" in " ".join(part.split())
    assert "deactivated as planned" not in mail(Outcome.IMPORTED).text


@pytest.mark.parametrize("for_operator", [False, True])
def test_g01_a_held_file_keeps_no_corrected_one_waiting_and_its_mail_says_so(for_operator: bool) -> None:
    said = mail(Outcome.HELD, for_operator=for_operator)
    for part in (said.text, said.html):
        text = " ".join(part.split())
        assert (
            "Other files wait behind it; a corrected file of the same kind takes its place at once." in text
        )


def test_g01_the_operators_mail_of_a_held_file_says_which_commands_decide() -> None:
    said = mail(Outcome.HELD, for_operator=True)
    for part in (said.text, said.html):
        assert "rosterdrop imports approve 17" in part
        assert "because you operate rosterdrop" in part
    assert "rosterdrop imports" not in mail(Outcome.HELD).text


@pytest.mark.parametrize(
    ("outcome", "to_do"),
    [
        (Outcome.IMPORTED, "Nothing is to be done."),
        (Outcome.PARTIAL, "Correct what was refused and send it again."),
        (Outcome.REFUSED, "Correct the file and send it again."),
        (Outcome.CHECKED, "Nothing is to be put right."),
        (
            Outcome.HELD,
            "If it is right, ask support to approve it; if not, send a corrected file, which takes its place.",
        ),
        (Outcome.WAITING, "Nothing is to be done: it is imported at 24 Nov 2026, 22:30 UTC."),
        (Outcome.DISCARDED, "If it was meant to be imported, send it again."),
    ],
)
def test_n01_what_is_to_be_done_stands_right_below_the_outcome(outcome: Outcome, to_do: str) -> None:
    said = mail(outcome, due_at=datetime(2026, 11, 24, 22, 30, tzinfo=UTC))
    assert said.text.splitlines()[2] == f"-> {to_do}"
    assert to_do in said.html


def test_g01_a_held_file_says_why_it_is_held_and_what_it_would_do() -> None:
    why = "The file would deactivate 300 of 1,250 active users, more than 10 %. (G1)"
    held = replace(record(Outcome.HELD, rows=1_250, deactivations_planned=300), hold_reason=why)
    said = mail(record=held)
    for part in (said.text, said.html):
        assert why in part
        assert "what it would do" in part.lower()


def test_g01_a_held_file_says_when_it_is_discarded_and_a_discarded_one_what_it_would_have_done() -> None:
    held = mail(record=record(Outcome.HELD, rows=1_250), hold_days=3)
    assert "3 days after it was held the file is discarded" in held.text
    gone = mail(record=record(Outcome.DISCARDED, rows=1_250, users_updated=30))
    for part in (gone.text, gone.html):
        assert "what it would have done" in part.lower()


def test_n01_a_phone_wraps_the_text_itself() -> None:
    said = mail(problems=[problem(2, text="a long sentence " * 30)])
    assert ("a long sentence " * 30).strip() in said.text


@pytest.mark.parametrize(
    ("days", "words"), [(30, "The files are kept for 30 days."), (0, "Nothing changes.\n")]
)
def test_r03_a_mail_says_how_long_the_files_are_kept(days: int, words: str) -> None:
    assert words in mail(Outcome.IMPORTED, organization=organization(file_retention_days=days)).text
