from datetime import datetime
from typing import Any

import pytest

from app.domain.commands import Agreement, Command, DeleteContact, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.coalesce import CoalescedCommands
from app.domain.delivery.verify import (
    RemoteContact,
    RemoteEvent,
    addresses,
    apart_from,
    asks_first,
    email_stood_since,
    is_renamed,
    stands_there,
    still_missing,
    without_opt_outs,
)
from app.domain.values import replace
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
        (
            "2026-11-23T12:01",
            False,
            TimedStatus(Status.OPT_IN, at("2026-11-23T11:59")),
            True,
        ),  # it was seen before the act, and since
    ],
)
@pytest.mark.parametrize("channel", ["email", "phone"])
def test_r06_an_opt_in_that_waits_is_noted_as_standing_after_a_look_that_shows_one(
    channel: str, looked_at: str, shown_out: bool | None, stood: TimedStatus | None, noted: bool
) -> None:
    waiting = an_upsert(**{f"{channel}_status": Status.OPT_IN, f"{channel}_acted_at": ACTED, f"{channel}_stood": stood})
    seen = RemoteContact(EMAIL, **{"opted_out" if channel == "email" else "opted_out_phone": shown_out})
    after = stands_there(waiting, seen, None, at(looked_at))
    expected = TimedStatus(Status.OPT_IN, at(looked_at)) if noted else stood
    assert getattr(after, f"{channel}_stood") == expected


@pytest.mark.parametrize("channel", ["email", "phone"])
@pytest.mark.parametrize(
    ("looked_at", "shown_out", "alone", "acted_at", "noted"),
    [
        ("2026-11-23T12:01", True, True, ACTED, True),
        ("2026-11-23T11:59", True, True, ACTED, False),
        ("2026-11-23T12:01", False, True, ACTED, False),
        ("2026-11-23T12:01", True, False, ACTED, False),  # something else is being told: it may not be what stays
        ("2026-11-23T12:01", True, True, None, False),  # in place of an opt-in that perhaps arrived, and still may
    ],
)
def test_r06_an_opt_out_that_waits_is_noted_as_standing_after_a_look_that_shows_it_and_nothing_else_is_told(
    channel: str, looked_at: str, shown_out: bool, alone: bool, acted_at: datetime | None, noted: bool
) -> None:
    waiting = an_upsert(**{f"{channel}_status": Status.OPT_OUT, f"{channel}_acted_at": acted_at})
    seen = RemoteContact(EMAIL, **{"opted_out" if channel == "email" else "opted_out_phone": shown_out})
    after = stands_there(waiting, seen, seen if alone else None, at(looked_at))
    assert getattr(after, f"{channel}_stood") == (TimedStatus(Status.OPT_OUT, at(looked_at)) if noted else None)


@pytest.mark.parametrize("channel", ["email", "phone"])
@pytest.mark.parametrize(
    ("stood", "shown_out", "asks", "left"),
    [
        (TimedStatus(Status.OPT_OUT, at("2026-11-23T12:01")), False, True, None),  # somebody opted in since
        (TimedStatus(Status.OPT_OUT, at("2026-11-23T12:01")), True, True, Status.OPT_OUT),
        (TimedStatus(Status.OPT_OUT, at("2026-11-23T11:59")), False, False, Status.OPT_OUT),
        (TimedStatus(Status.OPT_IN, at("2026-11-23T12:01")), False, False, Status.OPT_OUT),
        (None, False, False, Status.OPT_OUT),
    ],
)
def test_r06_an_opt_out_is_not_told_over_an_opt_in_that_followed_it_there(
    channel: str, stood: TimedStatus | None, shown_out: bool, asks: bool, left: Status | None
) -> None:
    no = Agreement(name="news", accepted=False, at=ACTED, by_sms=channel == "phone")
    said = {f"{channel}_status": Status.OPT_OUT, f"{channel}_acted_at": ACTED, f"{channel}_stood": stood}
    waiting = an_upsert(add_tags=("a",), agreements=(no,), **said)
    seen = RemoteContact(EMAIL, **{"opted_out" if channel == "email" else "opted_out_phone": shown_out})
    assert asks_first(waiting, ACTED) is asks
    after = without_opt_outs(waiting, seen)
    assert (getattr(after, f"{channel}_status"), after.add_tags, bool(after.agreements)) == (left, ("a",), left is not None)


SEEN_SINCE = TimedStatus(Status.OPT_IN, at("2026-11-23T12:01"))
RESIGNED = an_upsert(email_status=Status.OPT_OUT, email_acted_at=at("2026-11-23T11:00"))
CAME_BACK = an_upsert(email_status=Status.OPT_IN, email_acted_at=ACTED, email_stood=SEEN_SINCE)


@pytest.mark.parametrize(
    ("told", "stood"),
    [
        ([(RESIGNED, False), (CAME_BACK, False)], SEEN_SINCE),
        ([(RESIGNED, True), (CAME_BACK, False)], SEEN_SINCE),
        ([(RESIGNED, True), (replace(CAME_BACK, email_stood=TimedStatus(Status.OPT_IN, at("2026-11-23T11:59"))), False)], None),
        ([(RESIGNED, True), (replace(CAME_BACK, email_stood=None), False)], None),
        ([(CAME_BACK, True), (an_upsert(), False)], SEEN_SINCE),
    ],
)
def test_r06_an_opt_out_that_perhaps_arrived_explains_one_that_is_shown_unless_an_opt_in_was_seen_since(
    told: list[tuple[UpsertContact, bool]], stood: TimedStatus | None
) -> None:
    assert email_stood_since(CAME_BACK, told) == stood


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
    shown = apart_from(RemoteContact(EMAIL, opted_out=True, opted_out_phone=False), waiting, None, None)
    assert (None if shown is None else (shown.opted_out, shown.opted_out_phone)) == left


OPTED_IN, OPTED_OUT = TimedStatus(Status.OPT_IN, ACTED), TimedStatus(Status.OPT_OUT, ACTED)


@pytest.mark.parametrize(
    ("shown_out", "told", "waiting", "left"),
    [
        (False, OPTED_IN, [Status.OPT_IN], False),
        (False, OPTED_IN, [Status.OPT_IN, Status.OPT_IN], False),
        (True, OPTED_OUT, [Status.OPT_OUT], True),
        (False, OPTED_IN, [Status.OPT_OUT, Status.OPT_IN], None),
        (True, OPTED_IN, [Status.OPT_OUT], None),  # a repetition of an opt-out that is older than what was told last
        (True, OPTED_IN, [Status.OPT_IN], None),
        (False, None, [Status.OPT_IN], None),
    ],
)
@pytest.mark.parametrize("channel", ["email", "phone"])
def test_r06_a_look_counts_where_it_shows_what_was_told_last_and_nothing_else_waits(
    channel: str, shown_out: bool, told: TimedStatus | None, waiting: list[Status], left: bool | None
) -> None:
    name = "opted_out" if channel == "email" else "opted_out_phone"
    commands = [an_upsert(**{f"{channel}_status": status}) for status in waiting]
    tolds = (told, None) if channel == "email" else (None, told)
    shown = apart_from(RemoteContact(EMAIL, **{name: shown_out}), commands, *tolds)
    assert (None if shown is None else getattr(shown, name)) == left
