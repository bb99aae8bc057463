from typing import Any

import pytest

from app.domain.bundles import Bundle
from app.domain.commands import UpsertContact
from app.domain.look_up import SeenContact, SeenEvent, addresses, is_renamed, still_missing
from tests.builders import EMAIL, an_event, an_upsert, at

NEW = "jan@new.example.com"


PURCHASE = an_event(when=at("2026-11-23T12:00:00.123456"))


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (SeenEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.123")), False),
        (SeenEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.124")), True),
        (SeenEvent("PURCHASE", "5502", at("2026-11-23T12:00:00.123")), True),
        (SeenEvent("RETURN", "5501", at("2026-11-23T12:00:00.123")), True),
    ],
)
def test_an_event_arrived_if_kind_number_and_millisecond_agree(seen: SeenEvent, missing: bool) -> None:
    left = still_missing(Bundle(None, (PURCHASE,)), {EMAIL: SeenContact(EMAIL, events=frozenset({seen}))})
    assert bool(left.events) is missing


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        ([], an_upsert(new_email=NEW, add_tags=("a",))),
        ([EMAIL], an_upsert(new_email=NEW, add_tags=("a",))),
        ([NEW], an_upsert(NEW, add_tags=("a",))),
        ([EMAIL, NEW], an_upsert(new_email=NEW, add_tags=("a",))),
    ],
)
def test_a_rename_that_arrived_is_not_sent_again(known: list[str], sent: Any) -> None:
    seen = {email: SeenContact(email) for email in known}
    assert still_missing(Bundle(an_upsert(new_email=NEW, add_tags=("a",), remove_tags=("b",))), seen).upsert == sent


@pytest.mark.parametrize("shown", ["IDOSELL_ВЗУТТЯ", "IDOSELL_______", "idosell_Взуття"])
def test_r28_a_tag_in_other_letters_that_arrived_is_not_sent_again_and_one_that_stands_is_taken_off(shown: str) -> None:
    seen = {EMAIL: SeenContact(EMAIL, tags={shown: 1})}
    assert still_missing(Bundle(an_upsert(add_tags=("idosell_Взуття",))), seen).upsert == an_upsert()
    removing = an_upsert(remove_tags=("idosell_Взуття",))
    assert still_missing(Bundle(removing), seen).upsert == removing


def test_a_contact_may_be_known_under_each_address_its_bundle_names() -> None:
    assert addresses(Bundle(an_upsert(new_email=NEW), (an_event(email="c@example.com"),))) == {EMAIL, NEW, "c@example.com"}
    assert addresses(Bundle()) == set()


@pytest.mark.parametrize(("seen", "renamed"), [(("new",), True), (("old",), False), (("old", "new"), False), ((), False)], ids=repr)
def test_r72_a_rename_is_believed_when_the_contact_is_there_under_the_new_address_alone(
    seen: tuple[str, ...], renamed: bool
) -> None:
    assert is_renamed(UpsertContact(email="old", new_email="new"), seen) is renamed
