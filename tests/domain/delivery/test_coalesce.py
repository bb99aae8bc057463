from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.commands import (
    AddEvent,
    Agreement,
    ConfirmationMail,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    EventKind,
    MirrorTags,
    ReportErasure,
    SetSubscription,
)
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.coalesce import (
    PURCHASES_SENT_ALONE,
    CoalescedCommands,
    coalesce,
    merge,
    newest_versions,
    one_bundle,
    purchases_travel_alone,
    travels_alone,
    up_to_deletion,
    within_limits,
)
from app.domain.panel_tags import PanelTags
from app.domain.salesmanago_limits import TAGS_PER_CALL
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned, whole
from tests.support.builders import EMAIL, an_event, an_upsert

NEW = "jan@new.example.com"
GONE = DeleteContact(email=EMAIL)


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


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
IN_BEFORE, IN_SINCE = TimedStatus(Status.OPT_IN, NOON), TimedStatus(Status.OPT_IN, NOON + timedelta(minutes=2))
OUT_SINCE = TimedStatus(Status.OPT_OUT, NOON + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("told", "earlier", "later", "stood"),
    [
        (None, IN_BEFORE, OUT_SINCE, OUT_SINCE),
        (None, IN_SINCE, IN_BEFORE, IN_BEFORE),  # a status that was taken back: what it found says nothing of the later one
        (None, IN_BEFORE, None, None),
        (Status.OPT_OUT, IN_BEFORE, OUT_SINCE, OUT_SINCE),
        (Status.OPT_OUT, OUT_SINCE, IN_SINCE, IN_SINCE),
        (Status.OPT_OUT, None, IN_SINCE, IN_SINCE),
        (Status.OPT_OUT, IN_SINCE, IN_BEFORE, IN_SINCE),
        (Status.OPT_OUT, IN_BEFORE, None, IN_BEFORE),
        (Status.OPT_OUT, IN_BEFORE, TimedStatus(Status.OPT_OUT, NOON), IN_BEFORE),  # the same look cannot have shown both
    ],
)
def test_r06_what_was_seen_last_while_statuses_waited_is_what_an_act_in_salesmanago_changes(
    told: Status | None, earlier: TimedStatus | None, later: TimedStatus | None, stood: TimedStatus | None
) -> None:
    first = an_upsert(email_status=told, phone_status=told, email_stood=earlier, phone_stood=earlier)
    second = an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_IN, email_stood=later, phone_stood=later)
    merged = merge(first, second)
    assert (merged.email_stood, merged.phone_stood) == (stood, stood)


@pytest.mark.parametrize(("seen_after_the_act", "stood"), [(-60, None), (-1, None), (0, IN_BEFORE), (60, IN_BEFORE)])
def test_r06_what_was_seen_before_an_act_that_waits_says_nothing_of_what_it_found(
    seen_after_the_act: int, stood: TimedStatus | None
) -> None:
    """An opt-out may have been told between that look and the act: that it shows is nobody's resignation."""
    acted_at = IN_BEFORE.at - timedelta(seconds=seen_after_the_act)
    first = an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_IN, email_acted_at=acted_at, phone_acted_at=acted_at)
    second = an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_IN, email_stood=IN_BEFORE, phone_stood=IN_BEFORE)
    merged = merge(first, second)
    assert (merged.email_stood, merged.phone_stood) == (stood, stood)


def test_a_deletion_ends_its_bundle_and_makes_what_came_before_pointless() -> None:
    commands = [an_upsert(), an_event(), GONE, an_upsert(add_tags=("neu",))]
    assert up_to_deletion(commands) == 3
    assert coalesce(commands[:3]) == CoalescedCommands(deletions=(GONE,))
    assert up_to_deletion(commands[3:]) == 1
    assert coalesce([]) == CoalescedCommands()


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


def test_an_upsert_without_tags_travels_whole() -> None:
    whole = an_upsert(profile={"phone": "1"})
    assert within_limits(whole) == (whole,)


@pytest.mark.parametrize(
    ("purchases", "alone"),
    [
        (1, {EventKind.CART, EventKind.PURCHASE}),
        (PURCHASES_SENT_ALONE, {EventKind.CART, EventKind.PURCHASE}),
        (PURCHASES_SENT_ALONE + 1, {EventKind.CART}),
    ],
)
def test_r18_what_may_be_changed_later_travels_alone_and_purchases_together_where_many_wait(
    purchases: int, alone: set[EventKind]
) -> None:
    few = purchases_travel_alone(purchases, is_behind=False)
    assert {kind for kind in EventKind if travels_alone(an_event(kind), purchases_alone=few)} == alone


def test_r18_purchases_travel_together_while_events_wait_to_be_decided() -> None:
    assert not purchases_travel_alone(1, is_behind=True)


def test_r18_a_new_version_of_a_purchase_travels_alone_however_many_wait() -> None:
    assert travels_alone(replace(an_event(EventKind.PURCHASE), is_update=True), purchases_alone=False)


INTRODUCED = an_upsert(introduces=True)
THIRD = "c@example.com"


@pytest.mark.parametrize(
    ("commands", "together"),
    [
        ([an_upsert(new_email=NEW), an_upsert(NEW, add_tags=("a",))], 2),
        ([an_upsert(new_email=NEW), an_event(email=NEW), an_upsert(NEW, new_email=THIRD)], 2),
        ([INTRODUCED, an_upsert(new_email=NEW), an_upsert(NEW, new_email=THIRD)], 3),
        ([an_upsert(add_tags=("a",)), an_upsert(new_email=NEW)], 2),
    ],
)
def test_r72_each_rename_of_a_contact_that_is_there_travels_for_itself(commands: list, together: int) -> None:
    """Somebody else may wait for the address in between."""
    assert one_bundle(commands) == together


@pytest.mark.parametrize("perhaps_sent", [False, True])
def test_r72_who_never_was_there_is_created_under_the_newest_address(perhaps_sent: bool) -> None:
    commands = [INTRODUCED, an_upsert(new_email=NEW, add_tags=("a",)), an_event(email=NEW)]
    bundle = coalesce(commands, perhaps_sent=perhaps_sent)
    assert coalesce(commands) == coalesce(commands, perhaps_sent=False)
    assert bundle.upsert is not None
    assert (bundle.upsert.email, bundle.upsert.new_email) == ((EMAIL, NEW) if perhaps_sent else (NEW, None))
    assert [event.email for event in bundle.events] == [NEW]


LATER_ACT = NOON + timedelta(minutes=5)
OLD_OPT_IN = an_upsert(email_status=Status.OPT_IN, old_email_opt_in=True, email_acted_at=NOON, introduces=True, quiet=True)
OPT_OUT = an_upsert(email_status=Status.OPT_OUT, email_acted_at=LATER_ACT)
SILENT = an_upsert(quiet=True, old_email_opt_in=True, email_acted_at=LATER_ACT)


@pytest.mark.parametrize(
    ("earlier", "later", "merged"),
    [
        (OLD_OPT_IN, OPT_OUT, replace(OPT_OUT, introduces=True)),
        (OPT_OUT, OLD_OPT_IN, replace(OLD_OPT_IN, introduces=False, quiet=False)),
        (OLD_OPT_IN, SILENT, OLD_OPT_IN),
        (OPT_OUT, SILENT, OPT_OUT),
        (SILENT, OPT_OUT, OPT_OUT),
    ],
)
@pytest.mark.parametrize("turned", channels.BOTH)
def test_what_is_sent_of_an_act_goes_with_the_status_that_counts(earlier: Any, later: Any, merged: Any, turned: Turned) -> None:
    assert whole(merge(turned(earlier), turned(later))) == whole(turned(merged))


def test_of_consents_by_one_name_the_latest_travels_and_a_question_is_asked_as_it_was_asked_last() -> None:
    first, again, other = (
        Agreement(name=name, accepted=accepted, at=NOON) for name, accepted in (("news", True), ("news", False), ("texts", True))
    )
    merged = merge(an_upsert(agreements=(first, other)), an_upsert(agreements=(again,)))
    assert merged.agreements == (again, other)
    mail, newer = ConfirmationMail(email_id="1"), ConfirmationMail(email_id="2")
    assert merge(an_upsert(asks_opt_in=mail), an_upsert()).asks_opt_in == mail
    assert merge(an_upsert(asks_opt_in=mail), an_upsert(asks_opt_in=newer)).asks_opt_in == newer


QUIET, LOUD, ASKS = an_upsert(quiet=True), an_upsert(), an_upsert(asks_opt_in=ConfirmationMail())


@pytest.mark.parametrize(
    ("commands", "together"),
    [
        ([], 0),
        ([LOUD], 1),
        ([LOUD, an_event(), LOUD], 3),
        ([QUIET, QUIET, LOUD], 2),
        ([LOUD, QUIET], 1),
        ([ASKS, LOUD], 1),
        ([LOUD, ASKS], 1),
        ([ASKS, ASKS], 2),
        ([LOUD, GONE, LOUD], 2),
    ],
)
def test_r63_what_must_set_nothing_off_and_what_asks_travel_for_themselves(commands: list, together: int) -> None:
    assert one_bundle(commands) == together


@pytest.mark.parametrize(
    "command",
    [
        ConfirmOptIn(email=EMAIL, at=NOON),
        ConfirmOptOut(email=EMAIL, at=NOON),
        SetSubscription(email=EMAIL),
        MirrorTags(email=EMAIL, tags=PanelTags()),
        ReportErasure(email=EMAIL, erased_by="shop2", at=NOON),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_command_for_another_destination_is_a_defect(command: Any) -> None:
    with pytest.raises(AssertionError):
        coalesce([command])


def test_every_part_of_a_quiet_upsert_is_quiet() -> None:
    parts = within_limits(an_upsert(quiet=True, add_tags=tuple(f"a{number}" for number in range(60))))
    assert [part.quiet for part in parts] == [True, True]


BOUGHT, UPDATED = an_event(external_id="1"), an_event(external_id="1", is_update=True, newer_than=(7,), link="x")
AS_BOUGHT = replace(UPDATED, is_update=False, newer_than=())
CANCELLED, RETURNED = an_event(EventKind.CANCELLATION, external_id="1"), an_event(EventKind.RETURN, external_id="1")
CART, OTHER = an_event(EventKind.CART, external_id="1"), an_event(external_id="2")


@pytest.mark.parametrize(
    ("events", "arrived", "newest", "carried"),
    [
        ([BOUGHT, UPDATED], (), [AS_BOUGHT, UPDATED], {1: 0}),
        ([BOUGHT, OTHER, CART, UPDATED], (), [AS_BOUGHT, OTHER, CART, UPDATED], {3: 0}),
        ([BOUGHT, UPDATED, UPDATED], (), [AS_BOUGHT, UPDATED, UPDATED], {1: 0, 2: 0}),
        ([BOUGHT, UPDATED], (0,), [BOUGHT, UPDATED], {}),
        ([OTHER, UPDATED], (), [OTHER, UPDATED], {}),
        ([BOUGHT, CANCELLED, UPDATED], (), [BOUGHT, CANCELLED, UPDATED], {}),
        ([BOUGHT, RETURNED, UPDATED], (), [BOUGHT, RETURNED, UPDATED], {}),
        ([CART, UPDATED], (), [CART, UPDATED], {}),
        ([], (), [], {}),
    ],
)
def test_r18_a_purchase_that_has_not_left_leaves_in_its_newest_version(
    events: list[AddEvent], arrived: tuple[int, ...], newest: list[AddEvent], carried: dict[int, int]
) -> None:
    assert newest_versions(events, arrived) == (tuple(newest), carried)
