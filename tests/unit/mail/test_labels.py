import pytest

from processor.mail.labels import shown_label


@pytest.mark.parametrize(
    "label", ["nora@x.example", "12/31/2026", "2026-12-31", "31.12.2026", "4711", "+49 (30) 1"]
)
def test_n01_a_label_that_may_be_data_is_called_by_its_place(label: str) -> None:
    assert shown_label(label, 3) == "column 3"
    assert shown_label(label, None) == "a column"


@pytest.mark.parametrize("label", ["User Email", "Cost Center 4", "", " ", "E-Mail"])
def test_n01_other_labels_are_shown_as_the_file_writes_them(label: str) -> None:
    assert shown_label(label, 3) == label
