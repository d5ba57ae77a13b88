from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from processor.mail.flood import LIMIT, WINDOW, Alone, Begin, Join, OpenSummary, decide

NOW = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)


def minutes_ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=each) for each in minutes]


def test_n01_six_import_mails_an_hour_go_out_one_by_one() -> None:
    assert decide(recent=minutes_ago(1, 2, 3, 4, 5), summary=None, now=NOW) == Alone()


def test_n01_the_seventh_begins_a_summary_that_goes_out_when_the_first_is_an_hour_old() -> None:
    decision = decide(recent=minutes_ago(10, 1, 2, 3, 4, 5), summary=None, now=NOW)
    assert decision == Begin(NOW + timedelta(minutes=50))


def test_n01_the_eighth_joins_the_summary() -> None:
    waiting = OpenSummary(4, NOW + timedelta(minutes=50))
    assert decide(recent=minutes_ago(10, 1, 2, 3, 4, 5), summary=waiting, now=NOW) == Join(4)


def test_n01_a_summary_that_may_be_on_its_way_takes_nothing_in() -> None:
    leaving = OpenSummary(4, NOW + timedelta(minutes=1))
    decision = decide(recent=minutes_ago(59, 1, 2, 3, 4, 5), summary=leaving, now=NOW)
    assert decision == Begin(NOW + timedelta(minutes=5))


def test_n01_older_mails_do_not_count() -> None:
    assert decide(recent=minutes_ago(61, 60, 3, 4, 5, 6, 7), summary=None, now=NOW) == Alone()


@given(st.lists(st.floats(0.1, 1_200), min_size=1, max_size=80))
def test_n01_no_hour_ever_has_more_than_six_single_mails(pauses_s: list[float]) -> None:
    now, singles, summary = NOW, list[datetime](), None
    summaries: list[datetime] = []
    for number, pause_s in enumerate(pauses_s):
        now += timedelta(seconds=pause_s)
        if summary is not None and summary.due_at <= now:
            summary = None
        match decide(recent=singles, summary=summary, now=now):
            case Alone():
                singles.append(now)
            case Begin(due_at=due_at):
                assert now < due_at <= now + WINDOW
                summary = OpenSummary(number, due_at)
                summaries.append(due_at)
            case Join(summary=joined):
                assert summary is not None
                assert joined == summary.id
    for at in singles:
        assert len([other for other in singles if at <= other < at + WINDOW]) <= LIMIT
