from uuid import UUID

from hypothesis import example, given
from hypothesis import strategies as st

from processor.imports import Outcome
from processor.mail.mails import SummaryLine, one_line
from processor.mail.summary import SUMMARY_ID, compose_summary, lines_of, summary_id, summary_line
from tests.unit.filing.samples import record


def test_n01_a_line_names_file_import_outcome_and_place() -> None:
    assert summary_line(record(users_updated=3)).text == (
        "users.csv (import 17) imported (3 users updated): /archive/20261123T090501Z-000017-users.csv"
    )
    assert "refused (nothing was applied): /error/" in summary_line(record(Outcome.REFUSED)).text


def test_n01_a_summary_says_how_many_and_what_each_came_to() -> None:
    said = compose_summary("Mavericks", [SummaryLine("a.csv imported"), SummaryLine("b.csv <b>refused")])
    assert said.subject == "Mavericks: 2 more imports in the last hour"
    assert "- a.csv imported\n- b.csv <b>refused\n" in said.text
    assert "b.csv &lt;b&gt;refused" in said.html


LINES = st.builds(SummaryLine, st.text(max_size=60).map(one_line).filter(bool), st.booleans())


@given(st.text(max_size=40), st.lists(LINES, max_size=8))
@example("- Mavericks", [SummaryLine("a"), SummaryLine("- b"), SummaryLine("! c"), SummaryLine("- d", True)])
def test_n01_a_summary_keeps_its_lines_so_that_more_can_join(org: str, lines: list[SummaryLine]) -> None:
    assert lines_of(compose_summary(org, lines).text) == lines


def test_n01_a_summary_is_known_by_its_message_id() -> None:
    identity = summary_id(UUID(int=7), "r@v.example")
    assert identity.startswith(SUMMARY_ID)
    assert identity.endswith("@v.example>")


def test_n01_a_summary_marks_what_needs_somebody_and_says_so_at_once() -> None:
    bad = summary_line(record(Outcome.REFUSED, number=11), needs_somebody=True)
    said = compose_summary("Mavericks", [summary_line(record(users_updated=3)), bad])
    assert said.subject == "Mavericks: 2 more imports in the last hour, 1 to look at"
    assert "1 of them needs somebody." in said.text
    assert "\n! users.csv (import 11) refused" in said.text
    again = compose_summary("Mavericks", [*lines_of(said.text), SummaryLine("third.csv imported")])
    assert again.subject == "Mavericks: 3 more imports in the last hour, 1 to look at"


def test_p08_a_line_counts_deactivations_that_its_own_mail_would_have_told() -> None:
    assert summary_line(record(users_updated=3), deactivated=2).text.endswith(
        "; 2 users deactivated as planned"
    )


def test_n01_a_file_whose_name_begins_like_the_mark_is_not_marked() -> None:
    said = compose_summary("Mavericks", [summary_line(record(name="! x.csv", users_updated=3))])
    again = compose_summary("Mavericks", [*lines_of(said.text), SummaryLine("y.csv imported")])
    for part in (said, again):
        assert "Nothing is to be done." in part.text
        assert "to look at" not in part.subject
        assert "\n- ! x.csv (import 17)" in part.text
