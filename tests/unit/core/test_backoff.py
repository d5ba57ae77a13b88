from core.backoff import Backoff


class Ticks:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def pause_s(backoff: Backoff, ticks: Ticks, what: str) -> float:
    """Fail now, and return after how many seconds it may be tried again."""
    backoff.note_failure(what)
    began_s = ticks.now_s
    while not backoff.is_due(what):
        ticks.now_s += 2.5
    return ticks.now_s - began_s


def test_what_fails_rests_for_pauses_that_double_to_5_minutes_until_it_goes_well() -> None:
    ticks = Ticks()
    backoff = Backoff(monotonic=ticks)
    assert backoff.is_due("007")
    assert [pause_s(backoff, ticks, "007") for _ in range(8)] == [5, 10, 20, 40, 80, 160, 300, 300]
    backoff.note_success("007")
    assert pause_s(backoff, ticks, "007") == 5


def test_what_fails_keeps_nothing_else_waiting_and_is_forgotten_with_its_thing() -> None:
    backoff = Backoff(monotonic=Ticks())
    backoff.note_failure("007")
    assert (backoff.is_due("007"), backoff.is_due("008")) == (False, True)
    backoff.keep_only({"008"})
    assert backoff.is_due("007")
