from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.commands import Agreement, Command, ConfirmationMail, DeleteContact, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.coalesce import CoalescedCommands
from app.domain.delivery.verify import (
    MOMENT,
    RemoteContact,
    RemoteEvent,
    addresses,
    apart_from,
    asks_first,
    email_stood_since,
    is_renamed,
    phone_stood_since,
    stands_there,
    still_missing,
    tells_of_email,
    tells_the_same,
    versions_shown,
    without_opt_in,
    without_opt_ins,
    without_opt_outs,
)
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned
from tests.support.builders import EMAIL, an_event, an_upsert, at

NEW = "jan@new.example.com"
A_MILLISECOND = timedelta(milliseconds=1)


PURCHASE = an_event(when=at("2026-11-23T12:00:00.123456"))


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        (RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.123")), False),
        (RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.124")), True),
        (RemoteEvent("PURCHASE", "5502", at("2026-11-23T12:00:00.123")), True),
        (RemoteEvent("RETURN", "5501", at("2026-11-23T12:00:00.123")), True),
        (RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.123"), Decimal(1), "7", "there-1"), False),
    ],
)
def test_an_event_arrived_if_kind_number_and_millisecond_agree(seen: RemoteEvent, missing: bool) -> None:
    left = still_missing(CoalescedCommands(None, (PURCHASE,)), {EMAIL: RemoteContact(EMAIL, events=frozenset({seen}))})
    assert bool(left.events) is missing


def test_of_a_time_that_salesmanago_shows_every_millisecond_counts() -> None:
    last = an_event(when=at("2026-11-23T12:00:00.500250"))
    shown = RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.500"))
    assert not still_missing(CoalescedCommands(None, (last,)), {EMAIL: RemoteContact(EMAIL, events=[shown])}).events


def test_a_contact_is_not_marked_as_invalid_unless_salesmanago_says_so() -> None:
    assert not RemoteContact(EMAIL).is_invalid


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
def test_r06_an_opt_in_that_waits_is_noted_as_standing_after_a_poll_that_shows_one(
    channel: str, looked_at: str, shown_out: bool | None, stood: TimedStatus | None, noted: bool
) -> None:
    waiting = an_upsert(**{f"{channel}_status": Status.OPT_IN, f"{channel}_acted_at": ACTED, f"{channel}_stood": stood})
    seen = RemoteContact(EMAIL, **{"opted_out" if channel == "email" else "opted_out_phone": shown_out})
    after = stands_there(waiting, seen, None, at(looked_at))
    expected = TimedStatus(Status.OPT_IN, at(looked_at)) if noted else stood
    assert (after is waiting) is not noted
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
def test_r06_an_opt_out_that_waits_is_noted_as_standing_after_a_poll_that_shows_it_and_nothing_else_is_sent(
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
def test_r06_an_opt_out_is_not_sent_over_an_opt_in_that_followed_it_there(
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
SEEN_LATER = TimedStatus(Status.OPT_IN, at("2026-11-23T12:02"))
SEEN_BEFORE = TimedStatus(Status.OPT_IN, at("2026-11-23T11:30"))
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
def test_r06_a_poll_counts_for_the_channels_of_which_nothing_waits(
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
def test_r06_a_poll_counts_where_it_shows_what_was_sent_last_and_nothing_else_waits(
    channel: str, shown_out: bool, told: TimedStatus | None, waiting: list[Status], left: bool | None
) -> None:
    name = "opted_out" if channel == "email" else "opted_out_phone"
    commands = [an_upsert(**{f"{channel}_status": status}) for status in waiting]
    tolds = (told, None) if channel == "email" else (None, told)
    shown = apart_from(RemoteContact(EMAIL, **{name: shown_out}), commands, *tolds)
    assert (None if shown is None else getattr(shown, name)) == left


def shown_as(channel: str, opted_out: bool | None) -> RemoteContact:
    return RemoteContact(EMAIL, **{"opted_out" if channel == "email" else "opted_out_phone": opted_out})


@pytest.mark.parametrize("channel", ["email", "phone"])
@pytest.mark.parametrize(
    ("said", "asks"),
    [
        ({"status": Status.OPT_IN, "old": True}, True),
        ({"status": Status.OPT_OUT, "old": True}, False),
        ({"status": None, "old": True}, False),
        ({"status": Status.OPT_IN}, False),
        ({"status": Status.OPT_IN, "waited": MOMENT + A_MILLISECOND, "stood": OPTED_IN}, True),
        ({"status": Status.OPT_IN, "waited": MOMENT, "stood": OPTED_IN}, False),
        ({"status": Status.OPT_IN, "waited": MOMENT + A_MILLISECOND, "stood": OPTED_OUT}, False),
        ({"status": Status.OPT_IN, "waited": MOMENT + A_MILLISECOND}, False),
        ({"status": Status.OPT_IN, "stood": OPTED_IN}, False),  # of an act nobody knows when it was
        ({"status": Status.OPT_OUT, "waited": MOMENT + A_MILLISECOND, "stood": OPTED_IN}, False),
    ],
)
def test_r06_an_opt_in_asks_first_that_is_old_or_may_be_overtaken_while_it_waits(
    channel: str, said: dict[str, Any], asks: bool
) -> None:
    assert timedelta(seconds=10) == MOMENT
    waiting = an_upsert(
        **{
            f"{channel}_status": said["status"],
            f"old_{channel}_opt_in": said.get("old", False),
            f"{channel}_stood": said.get("stood"),
            f"{channel}_acted_at": ACTED - said["waited"] if "waited" in said else None,
        }
    )
    assert asks_first(waiting, ACTED) is asks
    for opted_out in (True, False, None):
        left = getattr(without_opt_ins(waiting, shown_as(channel, opted_out), ACTED), f"{channel}_status")
        assert left is (None if asks and opted_out else said["status"])


def test_r06_what_is_known_of_one_channel_says_nothing_of_the_other() -> None:
    both = an_upsert(
        email_status=Status.OPT_IN, phone_status=Status.OPT_IN, old_email_opt_in=True, old_phone_opt_in=True, add_tags=("a",)
    )
    left = without_opt_ins(both, shown_as("email", True), ACTED)
    assert (left.email_status, left.phone_status, left.add_tags) == (None, Status.OPT_IN, ("a",))


@pytest.mark.parametrize(
    ("told", "stood"),
    [
        ([(RESIGNED, False), (CAME_BACK, False)], SEEN_SINCE),
        ([(RESIGNED, True), (CAME_BACK, False)], SEEN_SINCE),
        ([(RESIGNED, True), (replace(CAME_BACK, email_stood=None), False)], None),
        # the look since the opt-out counts where no act followed it
        (
            [(replace(RESIGNED, email_stood=TimedStatus(Status.OPT_IN, at("2026-11-23T11:00"))), True)],
            TimedStatus(Status.OPT_IN, at("2026-11-23T11:00")),
        ),
        ([(replace(RESIGNED, email_stood=TimedStatus(Status.OPT_IN, at("2026-11-23T10:59"))), True)], None),
        ([(replace(RESIGNED, email_acted_at=None, email_stood=SEEN_SINCE), True)], None),
        ([(CAME_BACK, False), (RESIGNED, True), (RESIGNED, True), (CAME_BACK, False)], SEEN_SINCE),
        # what was seen between two opt-outs that perhaps left, or before the last one, is from before it
        ([(RESIGNED, True), (RESIGNED, True), (replace(CAME_BACK, email_stood=SEEN_BEFORE), False)], None),
        ([(RESIGNED, False), (RESIGNED, True), (replace(CAME_BACK, email_stood=SEEN_BEFORE), False)], None),
        ([(replace(CAME_BACK, email_stood=None), True)], SEEN_SINCE),  # no opt-out perhaps left
        ([(RESIGNED, True), (an_upsert(), False), (CAME_BACK, False)], SEEN_SINCE),  # what is no act changes nothing
        ([(RESIGNED, True), (CAME_BACK, False), (replace(CAME_BACK, email_stood=SEEN_LATER), False)], SEEN_LATER),
    ],
)
@pytest.mark.parametrize("turned", channels.BOTH)
def test_r06_what_stood_when_a_status_leaves_was_seen_since_the_act_after_the_last_opt_out(
    told: list[tuple[UpsertContact, bool]], stood: TimedStatus | None, turned: Turned
) -> None:
    stood_since = email_stood_since if turned is channels.as_said else phone_stood_since
    assert stood_since(turned(CAME_BACK), [(turned(one), maybe_sent) for one, maybe_sent in told]) == stood


@pytest.mark.parametrize(
    ("command", "tells"),
    [
        (DeleteContact(email=EMAIL), True),
        (an_upsert(introduces=True), True),
        (an_upsert(new_email=NEW), True),
        (an_upsert(email_status=Status.OPT_OUT), True),
        (an_upsert(phone_status=Status.OPT_OUT), False),
        (an_upsert(add_tags=("a",)), False),
        (an_event(), False),
    ],
)
def test_r06_whether_a_command_can_change_what_is_shown_of_the_newsletter(command: Command, tells: bool) -> None:
    assert tells_of_email(command) is tells


@pytest.mark.parametrize(("opted_out", "left"), [(True, True), (False, None), (None, None)])
def test_r06_a_poll_without_its_opt_in_still_shows_an_opt_out(opted_out: bool | None, left: bool | None) -> None:
    shown = RemoteContact(EMAIL, opted_out=opted_out, opted_out_phone=False)
    assert without_opt_in(shown) == replace(shown, opted_out=left)


# -- what did not arrive -----------------------------------------------------------------------------------------------

ASKING = an_upsert(asks_opt_in=ConfirmationMail(), introduces=True)


@pytest.mark.parametrize(
    ("upsert", "known", "asks"),
    [
        (ASKING, {EMAIL}, False),
        (ASKING, set(), True),
        (replace(ASKING, introduces=False), {EMAIL}, True),  # it was there before, so that it is there says nothing
    ],
)
def test_b6_a_contact_that_was_made_was_asked_as_well(upsert: UpsertContact, known: set[str], asks: bool) -> None:
    left = still_missing(CoalescedCommands(upsert), {email: RemoteContact(email) for email in known}).upsert
    assert left is not None
    assert (left.asks_opt_in is not None) is asks


def test_r28_a_tag_that_is_there_is_not_added_and_one_that_is_not_there_is_not_removed() -> None:
    upsert = an_upsert(add_tags=("a", "b"), remove_tags=("c", "d"), email_status=Status.OPT_OUT)
    left = still_missing(CoalescedCommands(upsert), {EMAIL: RemoteContact(EMAIL, tags={"A": 1, "C": 1})}).upsert
    assert left == replace(upsert, add_tags=("b",), remove_tags=("c",))
    nobody = still_missing(CoalescedCommands(replace(upsert, introduces=True, new_email=NEW)), {}).upsert
    assert nobody == replace(upsert, email=NEW, remove_tags=())


def test_r72_a_first_upsert_that_arrived_is_renamed_there_and_not_made_anew() -> None:
    upsert = an_upsert(introduces=True, new_email=NEW)
    assert still_missing(CoalescedCommands(upsert), {EMAIL: RemoteContact(EMAIL)}).upsert == upsert


def test_r28_each_event_that_is_shown_stands_for_one_of_ours_and_an_update_is_always_sent() -> None:
    shown = RemoteEvent("PURCHASE", "5501", at("2026-11-23T12:00:00.123"))
    update = replace(PURCHASE, is_update=True)
    bundle = CoalescedCommands(None, (PURCHASE, PURCHASE, update), (DeleteContact(email=EMAIL),))
    assert still_missing(bundle, {EMAIL: RemoteContact(EMAIL, events=[shown])}) == replace(bundle, events=(PURCHASE, update))
    assert still_missing(bundle, {EMAIL: RemoteContact(EMAIL, events=[shown, shown])}).events == (update,)
    assert still_missing(bundle, {}) == bundle
    alone = CoalescedCommands(None, (update,))
    assert still_missing(alone, {EMAIL: RemoteContact(EMAIL, events=[shown])}) == alone


def test_r18_the_purchase_that_an_update_is_about_is_known_by_its_number() -> None:
    events = [RemoteEvent(kind, number, ACTED) for kind in ("PURCHASE", "RETURN") for number in ("5501", "5502")]
    assert versions_shown(PURCHASE, {EMAIL: RemoteContact(EMAIL, events=events)}) == [events[0]]
    assert versions_shown(PURCHASE, {NEW: RemoteContact(NEW, events=events)}) == []


@pytest.mark.parametrize("ours_first", [True, False])
@pytest.mark.parametrize(("location", "found"), [("hurt_example", 1), (None, 2)], ids=["shown", "not shown"])
def test_r18_an_order_of_the_same_number_at_another_shop_of_the_account_is_never_taken_for_this_one(
    location: str | None, found: int, ours_first: bool
) -> None:
    same, earlier = at("2026-11-23T12:00:00.123"), at("2026-11-20T12:00:00")
    ours = RemoteEvent("PURCHASE", PURCHASE.external_id, same, id="ours", location=location and PURCHASE.location)
    theirs = RemoteEvent("PURCHASE", PURCHASE.external_id, earlier, id="theirs", location=location)
    events = (ours, theirs) if ours_first else (theirs, ours)
    versions = versions_shown(PURCHASE, {EMAIL: RemoteContact(EMAIL, events=events)})
    assert (versions[0].id, len(versions)) == ("ours", found)


@pytest.mark.parametrize(
    ("value", "products", "same"),
    [("199.99", "101", True), ("200", "101", False), (None, "101", False), ("199.99", "102", False), ("199.99", None, False)],
)
def test_r18_an_update_arrived_if_its_goods_and_its_value_are_shown(value: str | None, products: str | None, same: bool) -> None:
    shown = RemoteEvent("PURCHASE", "5501", ACTED, None if value is None else Decimal(value), products)
    assert tells_the_same(shown, PURCHASE) is same
    nothing_said = replace(PURCHASE, value=None, lines=())
    assert not tells_the_same(replace(shown, value=None, products=""), nothing_said)


def test_r18_several_goods_are_compared_in_their_order() -> None:
    lines = tuple(replace(PURCHASE.lines[0], product_id=number) for number in ("1", "2"))
    assert tells_the_same(RemoteEvent("PURCHASE", "5501", ACTED, Decimal("199.99"), "1,2"), replace(PURCHASE, lines=lines))
