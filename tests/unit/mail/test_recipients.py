from hypothesis import given
from hypothesis import strategies as st

from core.addresses import address_key
from core.organization_settings import OrganizationSettings
from processor.mail.recipients import Recipients, choose_recipients, wanted_keys

OPERATOR = "ops@vendor.example"


def settings(*recipients: str, owner: str = "owner@x.example") -> OrganizationSettings:
    return OrganizationSettings(owner=owner, recipients=recipients)


def test_n02_recipients_are_active_users_and_others_are_skipped() -> None:
    chosen = choose_recipients(
        settings("A@x.example", "gone@x.example"),
        active={"a@x.example", "owner@x.example"},
        operator=OPERATOR,
    )
    assert chosen == Recipients(("A@x.example",), ("gone@x.example",))


def test_n02_nobody_qualified_so_the_owner_gets_it() -> None:
    chosen = choose_recipients(settings("gone@x.example"), active={"owner@x.example"}, operator=OPERATOR)
    assert chosen == Recipients(("owner@x.example",), ("gone@x.example",))


def test_n02_without_recipients_the_owner_gets_it() -> None:
    assert choose_recipients(settings(), active={"owner@x.example"}, operator=None).chosen == (
        "owner@x.example",
    )


def test_n02_a_deactivated_owner_leaves_it_to_the_operator() -> None:
    assert choose_recipients(settings("gone@x.example"), active=set(), operator=OPERATOR).chosen == (
        OPERATOR,
    )


def test_n02_without_an_operator_nobody_is_left() -> None:
    assert choose_recipients(settings("gone@x.example"), active=set(), operator=None).chosen == ()


def test_n02_an_address_counts_once_whatever_its_case() -> None:
    twice = settings("B@x.example", "a@x.example", "b@X.example")
    assert choose_recipients(twice, active={"a@x.example", "b@x.example"}, operator=None).chosen == (
        "B@x.example",
        "a@x.example",
    )


PEOPLE = ["a@x.example", "B@x.example", "c@x.example", "owner@x.example"]


@given(st.lists(st.sampled_from(PEOPLE)), st.sets(st.sampled_from(PEOPLE)))
def test_n02_only_active_users_or_the_operator_are_ever_chosen(named: list[str], active: set[str]) -> None:
    keys = {address_key(address) for address in active}
    chosen = choose_recipients(settings(*named), active=keys, operator=OPERATOR)
    assert chosen.chosen
    assert chosen.chosen == (OPERATOR,) or {address_key(address) for address in chosen.chosen} <= keys
    assert {address_key(address) for address in chosen.chosen + chosen.skipped} <= wanted_keys(
        settings(*named)
    ) | {OPERATOR}
