import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from processor.directory.digests import ABSENT, DigestIndex, DigestTable, digest_halves

texts = st.text(max_size=6)


@given(st.lists(st.lists(texts, unique=True, max_size=12), max_size=8), st.lists(texts, max_size=12))
def test_p10_an_index_finds_what_was_added_and_nothing_else(
    batches: list[list[str]], asked: list[str]
) -> None:
    index = DigestIndex()
    naive: dict[str, int] = {}
    for batch in batches:
        new = [text for text in batch if text not in naive]
        numbers = range(len(naive), len(naive) + len(new))
        naive.update(zip(new, numbers, strict=True))
        index.add_texts(new, np.array(numbers, dtype=np.int64))
        assert index.find_texts(asked).tolist() == [naive.get(text, ABSENT) for text in asked]
    assert index.find_texts(list(naive)).tolist() == list(naive.values())


@given(st.lists(st.binary(max_size=4), unique=True), st.lists(st.binary(max_size=4)))
def test_g2_a_table_is_found_in_whatever_order_it_is_given(known: list[bytes], asked: list[bytes]) -> None:
    first, second = digest_halves(known)
    table = DigestTable(first=first, second=second, numbers=np.arange(len(known), dtype=np.int64))
    found = table.find(*digest_halves(asked)).tolist()
    assert found == [known.index(text) if text in known else ABSENT for text in asked]


def test_g2_equal_first_halves_alone_are_no_match() -> None:
    first, second = digest_halves([b"a", b"b"])
    table = DigestTable(first=first, second=second, numbers=np.arange(2, dtype=np.int64))
    assert table.find(first, second[::-1]).tolist() == [ABSENT, ABSENT]


def test_f04_an_index_keeps_few_tables() -> None:
    index = DigestIndex()
    for number in range(2_000):
        index.add_texts([f"user{number}@x.example"], np.array([number], dtype=np.int64))
    assert index.find_texts(["user0@x.example", "user1999@x.example"]).tolist() == [0, 1999]
    assert len(index._tables) <= 11  # each at least twice as long as the next
