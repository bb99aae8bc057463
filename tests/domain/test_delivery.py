from datetime import timedelta
from typing import Any

import pytest

from app.domain.commands import DeleteContact, EventKind
from app.domain.consent import Status
from app.domain.delivery import (
    LONGEST_DELAY,
    PATIENCE,
    TAGS_PER_CALL,
    Bundle,
    Delivered,
    Done,
    Park,
    Refused,
    RetryAt,
    SeenContact,
    SeenEvent,
    TakeBack,
    Throttled,
    Unknown,
    Unreachable,
    addresses,
    backoff,
    coalesce,
    keeps_event_id,
    merge,
    still_missing,
    taken_back,
    up_to_deletion,
    verdict,
    within_limits,
)
from app.domain.reasons import Reason
from tests.builders import EMAIL, an_event, an_upsert, at

NOW = at("2026-11-23T12:00")
NEW = "jan@new.example.com"
GONE = DeleteContact(email=EMAIL)


def after(seconds: float, *, look_first: bool = False) -> RetryAt:
    return RetryAt(NOW + timedelta(seconds=seconds), look_first=look_first)


@pytest.mark.parametrize(
    ("outcome", "attempt", "jitter", "follows"),
    [
        (Delivered(), 1, 1.0, Done()),
        (Refused("no"), 1, 1.0, Park(Reason.REFUSED)),
        (Refused("bad signature", account_wide=True), 1, 1.0, after(5)),
        (Unreachable("refused"), 1, 1.0, after(5)),
        (Unreachable("refused"), 3, 1.0, after(20)),
        (Unreachable("refused"), 3, 0.5, after(10)),
        (Unknown("time-out"), 1, 1.0, after(30, look_first=True)),
        (Unknown("time-out"), 5, 1.0, after(80, look_first=True)),
        (Throttled(), 2, 1.0, after(10)),
        (Throttled(30), 1, 1.0, after(30)),
        (Throttled(3), 1, 1.0, after(5)),
        (Throttled(10**9), 1, 1.0, after(LONGEST_DELAY.total_seconds())),
    ],
)
def test_what_follows_from_an_answer(outcome: Any, attempt: int, jitter: float, follows: Any) -> None:
    assert verdict(outcome, attempt, NOW, NOW, jitter) == follows


@pytest.mark.parametrize("outcome", [Unreachable("x"), Unknown("x"), Throttled(30), Refused("x", account_wide=True)])
def test_patience_ends_after_seven_days_and_not_a_second_earlier(outcome: Any) -> None:
    assert verdict(outcome, 40, NOW - PATIENCE, NOW, 1.0) == Park(Reason.GAVE_UP)
    assert isinstance(verdict(outcome, 40, NOW - PATIENCE + timedelta(seconds=1), NOW, 1.0), RetryAt)
    assert verdict(Delivered(), 40, NOW - PATIENCE, NOW, 1.0) == Done()


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 5), (2, 10), (5, 80), (14, 40960), (15, 43200), (30, 43200), (10_000, 43200)])
def test_waits_double_from_five_seconds_to_twelve_hours(attempt: int, seconds: int) -> None:
    assert backoff(attempt) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("earlier", "later", "merged"),
    [
        (an_upsert(add_tags=("a",)), an_upsert(add_tags=("b",)), an_upsert(add_tags=("a", "b"))),
        (an_upsert(add_tags=("Ż",)), an_upsert(remove_tags=("z",)), an_upsert(remove_tags=("z",))),
        (an_upsert(remove_tags=("a",)), an_upsert(add_tags=("A",)), an_upsert(add_tags=("A",))),
        (an_upsert(profile={"a": "1", "b": "1"}), an_upsert(profile={"b": "2"}), an_upsert(profile={"a": "1", "b": "2"})),
        (an_upsert(email_status=Status.OPT_IN), an_upsert(email_status=Status.OPT_OUT), an_upsert(email_status=Status.OPT_OUT)),
        (an_upsert(email_status=Status.OPT_OUT), an_upsert(), an_upsert(email_status=Status.OPT_OUT)),
        (
            an_upsert(phone_status=Status.OPT_IN),
            an_upsert(email_status=Status.OPT_OUT),
            an_upsert(phone_status=Status.OPT_IN, email_status=Status.OPT_OUT),
        ),
        (an_upsert(new_email=NEW), an_upsert(NEW, add_tags=("a",)), an_upsert(new_email=NEW, add_tags=("a",))),
        (an_upsert(new_email=NEW), an_upsert(NEW, new_email="c@example.com"), an_upsert(new_email="c@example.com")),
        (an_upsert(new_email=NEW), an_upsert(NEW, new_email=EMAIL), an_upsert()),
    ],
)
def test_of_two_upserts_the_later_word_counts(earlier: Any, later: Any, merged: Any) -> None:
    assert merge(earlier, later) == merged


def test_a_deletion_ends_its_bundle_and_makes_what_came_before_pointless() -> None:
    commands = [an_upsert(), an_event(), GONE, an_upsert(add_tags=("neu",))]
    assert up_to_deletion(commands) == 3
    assert coalesce(commands[:3]) == Bundle(deletions=(GONE,))
    assert up_to_deletion(commands[3:]) == 1
    assert coalesce([]) == Bundle()


def test_a_rename_before_a_deletion_does_not_hide_the_address_salesmanago_still_knows() -> None:
    """The rename never left on its own, so deleting the new address alone would delete nobody."""
    bundle = coalesce([an_upsert(new_email=NEW), DeleteContact(email=NEW)])
    assert bundle.deletions == (GONE, DeleteContact(email=NEW))


def test_events_keep_their_order_and_go_to_the_contact_as_it_is_called_then() -> None:
    first, second = an_event(external_id="1"), an_event(EventKind.RETURN, external_id="2", email=NEW)
    bundle = coalesce([first, an_upsert(new_email=NEW), second])
    assert [(event.external_id, event.email) for event in bundle.events] == [("1", NEW), ("2", NEW)]
    assert coalesce([first]).events == (first,)


@pytest.mark.parametrize(
    ("added", "removed", "sizes"), [(50, 0, [50]), (51, 0, [50, 1]), (30, 30, [50, 10]), (120, 0, [50, 50, 20])]
)
def test_an_upsert_travels_in_parts_of_at_most_fifty_tags(added: int, removed: int, sizes: list[int]) -> None:
    whole = an_upsert(
        new_email=NEW,
        email_status=Status.OPT_IN,
        profile={"phone": "1"},
        add_tags=tuple(f"a{number}" for number in range(added)),
        remove_tags=tuple(f"r{number}" for number in range(removed)),
    )
    parts = within_limits(whole)
    assert [len(part.add_tags) + len(part.remove_tags) for part in parts] == sizes
    assert max(sizes) <= TAGS_PER_CALL
    assert tuple(tag for part in parts for tag in part.add_tags) == whole.add_tags
    assert tuple(tag for part in parts for tag in part.remove_tags) == whole.remove_tags
    assert (parts[0].new_email, parts[0].email_status, parts[0].profile) == (NEW, Status.OPT_IN, {"phone": "1"})
    assert all(part == an_upsert(NEW, add_tags=part.add_tags, remove_tags=part.remove_tags) for part in parts[1:])


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


def test_a_contact_may_be_known_under_each_address_its_bundle_names() -> None:
    assert addresses(Bundle(an_upsert(new_email=NEW), (an_event(email="c@example.com"),))) == {EMAIL, NEW, "c@example.com"}
    assert addresses(Bundle()) == set()


OPTING_IN = an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_IN, add_tags=("a",))
OPTING_OUT = an_upsert(email_status=Status.OPT_OUT, phone_status=Status.OPT_OUT)


@pytest.mark.parametrize(
    ("command", "act", "left"),
    [
        (OPTING_IN, TakeBack(), OPTING_IN),
        (OPTING_IN, TakeBack(email_opt_in=True), an_upsert(phone_status=Status.OPT_IN, add_tags=("a",))),
        (OPTING_IN, TakeBack(phone_opt_in=True), an_upsert(email_status=Status.OPT_IN, add_tags=("a",))),
        (OPTING_IN, TakeBack(email_opt_in=True) | TakeBack(phone_opt_in=True), an_upsert(add_tags=("a",))),
        (OPTING_OUT, TakeBack(email_opt_in=True, phone_opt_in=True), OPTING_OUT),
        (an_event(), TakeBack(email_opt_in=True), an_event()),
        (OPTING_IN, TakeBack(everything=True), None),
        (an_event(), TakeBack(everything=True), None),
        (GONE, TakeBack(everything=True, email_opt_in=True), GONE),
    ],
)
def test_what_of_the_queue_may_still_leave_after_permission_was_taken_away(command: Any, act: TakeBack, left: Any) -> None:
    assert taken_back(command, act) == left


def test_only_carts_need_the_id_that_salesmanago_gives() -> None:
    assert [kind for kind in EventKind if keeps_event_id(an_event(kind))] == [EventKind.CART]
