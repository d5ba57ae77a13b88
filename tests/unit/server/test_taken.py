from datetime import UTC, datetime, timedelta

from server.taken import TakenName, TakenNames

START = datetime(2026, 1, 1, tzinfo=UTC)
IN_TIME = START + timedelta(seconds=299)
LATER = START + timedelta(seconds=300)


def taken(name: str = "users.csv", uid: str = "1", session: int = 1) -> TakenName:
    return TakenName(
        name=name,
        uid=uid,
        size_bytes=7,
        mtime=0,
        until=START + timedelta(seconds=300),
        sessions=frozenset({session}),
    )


def test_u04_a_name_answers_all_sessions_for_a_while_and_its_own_until_it_ends() -> None:
    names = TakenNames()
    names.add(taken())
    assert names.get("users.csv", session=2, now=IN_TIME)
    assert not names.get("users.csv", session=2, now=LATER)
    assert names.get("users.csv", session=1, now=LATER)
    names.end_session(1, now=LATER)
    assert not names.get("users.csv", session=1, now=LATER)


def test_u04_only_the_uploading_session_lists_it() -> None:
    names = TakenNames()
    names.add(taken())
    assert [item.name for item in names.listed_for(1)] == ["users.csv"]
    assert list(names.listed_for(2)) == []


def test_u04_a_session_that_ends_in_time_leaves_the_answer_to_others() -> None:
    names = TakenNames()
    names.add(taken())
    names.end_session(1, now=IN_TIME)
    assert names.get("users.csv", session=2, now=IN_TIME)
    assert list(names.listed_for(1)) == []


def test_u06_the_same_name_again_answers_for_the_newer_file_in_both_sessions() -> None:
    names = TakenNames()
    names.add(taken(uid="1", session=1))
    names.add(taken(uid="2", session=2))
    for session in (1, 2):
        found = names.get("users.csv", session=session, now=LATER)
        assert found is not None
        assert found.uid == "2"


def test_u04_a_renamed_name_answers_under_the_new_one_only() -> None:
    names = TakenNames()
    names.add(taken())
    names.rename("users.csv", "sent.csv")
    found = names.get("sent.csv", session=2, now=IN_TIME)
    assert found is not None
    assert (found.name, found.uid) == ("sent.csv", "1")
    assert not names.get("users.csv", session=1, now=IN_TIME)


def test_u04_of_the_many_names_of_a_drop_the_last_answer() -> None:
    names = TakenNames()
    names.add(taken(uid="other", name="other.csv"))
    for number in range(10):
        names.add_name(taken(name=f"name{number}.csv"))
    answering = {item.name for item in names.listed_for(1)}
    assert answering == {"other.csv", "name6.csv", "name7.csv", "name8.csv", "name9.csv"}


def test_u09_the_renames_of_a_drop_are_counted_whatever_name_it_has() -> None:
    names = TakenNames()
    names.add(taken())
    names.rename("users.csv", "a.csv")
    names.rename("a.csv", "users.csv")
    names.rename("users.csv", "users.csv")
    names.add_name(taken(name="b.csv"))
    assert names.renames_of("1") == 4
    assert names.renames_of("2") == 0


def test_u04_a_forgotten_name_answers_nobody() -> None:
    names = TakenNames()
    names.add(taken())
    names.forget("users.csv")
    names.forget("users.csv")
    assert not names.get("users.csv", session=1, now=IN_TIME)
