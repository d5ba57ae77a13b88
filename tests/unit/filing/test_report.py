import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.filing.report import ReportContents, render_report
from processor.imports import Change, Outcome
from tests.unit.filing.samples import organization, problem, record


class Page(HTMLParser):
    """The tags, attributes and visible text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] != ["style"]:
            self.text += data


def rendered(outcome: Outcome = Outcome.PARTIAL, **parts: object) -> str:
    counted = record(outcome, rows=120, rows_refused=2, users_updated=12)
    values = {"record": counted, "organization": organization(), **parts}
    return render_report(ReportContents(**values))  # type: ignore[arg-type]


def test_r01_a_report_says_outcome_counts_problems_notes_and_changes() -> None:
    page = Page(
        rendered(
            problems=[problem(14)],
            notes=[problem(1, "E-Mail", "label-matched", "The label was taken as `User Email`", "Nothing.")],
            changes=[
                Change("user", "otto@mavericks.example", "name", "Otto", "Otto Berg"),
                Change(
                    "user", "lena@mavericks.example", "deactivates_at", None, "2026-12-31T22:59:00.000+00:00"
                ),
            ],
        )
    )
    for said in (
        "Partly imported",
        "2 rows refused; everything else",
        "12",
        "users updated",
        "Write dates as yyyy-mm-dd.",
        "Deactivation Date",
        "E-Mail",
        "Otto Berg",
        "Planned deactivations",
        "lena@mavericks.example",
        "/archive/20261123T090501Z-000017-users.csv",
        "/error/20261123T090501Z-000017-users.csv.rejected.csv",
    ):
        assert said in page.text


def test_r01_a_report_runs_and_fetches_nothing() -> None:
    page = Page(rendered(problems=[problem()]))
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [
        name for name, _ in page.attributes if name in {"src", "href", "action"} or name.startswith("on")
    ]
    assert "url(" not in rendered()
    assert "@import" not in rendered()


HOSTILE = "<script>alert(1)</script>`<b>`{{ 7*7 }}"


def test_r01_nothing_of_a_file_becomes_markup() -> None:
    page = rendered(
        record=record(Outcome.PARTIAL, name=f"{HOSTILE}.csv"),
        organization=organization(HOSTILE),
        problems=[problem(column=HOSTILE, text=HOSTILE, advice=HOSTILE, code=HOSTILE)],
        changes=[
            Change("user", HOSTILE, f"custom.{HOSTILE}", HOSTILE, HOSTILE),
            Change("user", HOSTILE, "created", None, HOSTILE),
            Change("team", HOSTILE, "parent", HOSTILE, HOSTILE),
            Change("user", HOSTILE, "teams", None, HOSTILE),
        ],
    )
    assert "<script" not in page
    assert "<b>" not in re.sub(r"<b>\d", "", page)
    assert "49" not in Page(page).text.replace("049", "")


def test_r01_plans_of_users_whom_the_file_created_are_counted_among_the_planned_deactivations() -> None:
    page = rendered(record=record(Outcome.IMPORTED, rows=2, users_created=1, deactivations_planned=2))
    assert "Planned deactivations" in page
    assert "2 users: see Deactivation Date in the file" in page
    known = Change("user", "lena@x.example", "deactivates_at", None, "2026-12-31T22:59:00.000+00:00")
    page = rendered(record=record(rows=2, deactivations_planned=2), changes=[known])
    assert "and 1 more: see Deactivation Date in the file" in page


def test_r01_times_are_shown_in_the_organizations_zone() -> None:
    page = rendered(
        organization=organization(time_zone="Europe/Berlin"),
        changes=[Change("user", "a@x.example", "deactivates_at", None, "2026-12-31T22:59:00.000+00:00")],
    )
    assert "31 Dec 2026, 23:59 CET" in page


def test_r01_problems_of_one_kind_share_their_advice() -> None:
    page = rendered(problems=[problem(line) for line in range(14, 44)])
    assert page.count("Write dates as yyyy-mm-dd.") == 1
    assert "30 × " in page


def test_r01_a_thousand_problems_are_shown_and_the_rest_counted() -> None:
    page = rendered(problems=[problem(line) for line in range(2, 2_502)])
    assert page.count('<td class="line"') == 1_000
    assert "and 1,500 more, all of them in the table of problems" in page


def test_r01_a_caller_who_cut_the_problems_says_how_many_there_were() -> None:
    page = rendered(problems=[problem()], problem_total=70_000, notes=[problem()], note_total=3)
    assert "70,000 problems" in page
    assert "and 69,999 more, all of them in the table of problems" in page
    assert "and 2 more" in page


def test_h08_a_check_says_that_its_changes_were_not_applied() -> None:
    page = rendered(Outcome.CHECKED, changes=[Change("user", "a@x.example", "name", "A", "B")])
    assert "not applied" in page


@pytest.mark.parametrize(
    "value",
    [None, "", "text", 7, 7.5, True, ["a", "b"], {"a": 1}, "2026-12-31", "2026-12-31Tbroken-text-here"],
)
def test_r01_any_stored_value_can_be_shown(value: object) -> None:
    assert "nothing" in rendered(changes=[Change("user", "a@x.example", "custom.X", value, None)])


@given(st.text(max_size=30), st.text(max_size=30))
def test_r01_any_text_makes_a_page_that_can_be_written(label: str, text: str) -> None:
    page = rendered(problems=[problem(column=label, text=text, advice=text)])
    assert page.encode("utf-8", "replace").endswith(b"</html>\n") or page.endswith("</html>")
