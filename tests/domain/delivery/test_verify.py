from typing import Any

import pytest

from app.domain.commands import Command, DeleteContact, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.coalesce import CoalescedCommands
from app.domain.delivery.verify import RemoteContact, RemoteEvent, addresses, apart_from, is_renamed, stands_there, still_missing
from tests.support.builders import EMAIL, an_event, an_upsert, at

NEW = "jan@new.example.com"


PURCHASE = an_event(when=at("2026-11-23T12:00:00.123456"))


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.123")), False),
        (RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.124")), True),
        (RemoteEvent("PURCHASE", "5502", at("2026-11-23T12:00:00.123")), True),
        (RemoteEvent("RETURN", "5501", at("2026-11-23T12:00:00.123")), True),
    ],
)
def test_an_event_arrived_if_kind_number_and_millisecond_agree(seen: RemoteEvent, missing: bool) -> None:
    left = still_missing(CoalescedCommands(None, (PURCHASE,)), {EMAIL: RemoteContact(EMAIL, events=frozenset({seen}))})
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
    seen = {email: RemoteContact(email) for email in known}
    assert still_missing(CoalescedCommands(an_upsert(new_email=NEW, add_tags=("a",), remove_tags=("b",))), seen).upsert == sent


@pytest.mark.parametrize("shown", ["IDOSELL_ВЗУТТЯ", "IDOSELL_______", "idosell_Взуття"])
def test_r28_a_tag_in_other_letters_that_arrived_is_not_sent_again_and_one_that_stands_is_taken_off(shown: str) -> None:
    seen = {EMAIL: RemoteContact(EMAIL, tags={shown: 1})}
    assert still_missing(CoalescedCommands(an_upsert(add_tags=("idosell_Взуття",))), seen).upsert == an_upsert()
    removing = an_upsert(remove_tags=("idosell_Взуття",))
    assert still_missing(CoalescedCommands(removing), seen).upsert == removing


def test_a_contact_may_be_known_under_each_address_its_bundle_names() -> None:
    assert addresses(CoalescedCommands(an_upsert(new_email=NEW), (an_event(email="c@example.com"),))) == {
        EMAIL,
        NEW,
        "c@example.com",
    }
    assert addresses(CoalescedCommands()) == set()


@pytest.mark.parametrize(("seen", "renamed"), [(("new",), True), (("old",), False), (("old", "new"), False), ((), False)], ids=repr)
def test_r72_a_rename_is_believed_when_the_contact_is_there_under_the_new_address_alone(
    seen: tuple[str, ...], renamed: bool
) -> None:
    assert is_renamed(UpsertContact(email="old", new_email="new"), seen) is renamed


ACTED = at("2026-11-23T12:00")


@pytest.mark.parametrize(
    ("looked_at", "shown_out", "stood", "noted"),
    [
        ("2026-11-23T12:01", False, None, True),
        ("2026-11-23T12:00", False, None, True),
        ("2026-11-23T11:59", False, None, False),  # a look from before the act tells of what the act has overtaken
        ("2026-11-23T12:01", True, None, False),
        ("2026-11-23T12:01", None, None, False),
        ("2026-11-23T12:01", False, TimedStatus(Status.OPT_OUT, ACTED), True),
        ("2026-11-23T12:01", False, TimedStatus(Status.OPT_IN, ACTED), False),
    ],
)
@pytest.mark.parametrize("channel", ["email", "phone"])
def test_r06_an_opt_in_that_waits_is_noted_as_standing_after_a_look_that_shows_one(
    channel: str, looked_at: str, shown_out: bool | None, stood: TimedStatus | None, noted: bool
) -> None:
    waiting = an_upsert(**{f"{channel}_status": Status.OPT_IN, f"{channel}_acted_at": ACTED, f"{channel}_stood": stood})
    seen = RemoteContact(EMAIL, **{"opted_out" if channel == "email" else "opted_out_phone": shown_out})
    after = stands_there(waiting, seen, at(looked_at))
    expected = TimedStatus(Status.OPT_IN, at(looked_at)) if noted else stood
    assert getattr(after, f"{channel}_stood") == expected


@pytest.mark.parametrize(
    ("waiting", "left"),
    [
        ([], (True, False)),
        ([an_event()], (True, False)),
        ([an_upsert(add_tags=("a",))], (True, False)),
        ([an_upsert(email_status=Status.OPT_IN)], (None, False)),
        ([an_upsert(phone_status=Status.OPT_OUT)], (True, None)),
        ([an_upsert(email_status=Status.OPT_IN), an_upsert(phone_status=Status.OPT_IN)], None),
        ([an_upsert(introduces=True)], None),
        ([an_upsert(new_email=NEW)], None),
        ([DeleteContact(email=EMAIL)], None),
    ],
)
def test_r06_a_look_counts_for_the_channels_of_which_nothing_waits(
    waiting: list[Command], left: tuple[bool | None, bool | None] | None
) -> None:
    shown = apart_from(RemoteContact(EMAIL, opted_out=True, opted_out_phone=False), waiting)
    assert (None if shown is None else (shown.opted_out, shown.opted_out_phone)) == left
