from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from app.domain.commands import (
    Agreement,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    EventKind,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.revocation import Revocation, drop_opt_ins, needs_consent, opt_outs_of, unsent_part, without_revoked
from app.domain.panel_tags import PanelTags
from tests.support.builders import EMAIL, an_event, an_upsert, at

GONE = DeleteContact(email=EMAIL)


OPTING_IN = an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_IN, add_tags=("a",))
BY_NOON = an_upsert(email_status=Status.OPT_IN, email_acted_at=at("2026-11-23T12:00"))
OPTING_OUT = an_upsert(email_status=Status.OPT_OUT, phone_status=Status.OPT_OUT)


@pytest.mark.parametrize(
    ("command", "act", "left"),
    [
        (OPTING_IN, Revocation(), OPTING_IN),
        (OPTING_IN, Revocation(email_opt_in=True), an_upsert(phone_status=Status.OPT_IN, add_tags=("a",))),
        (OPTING_IN, Revocation(phone_opt_in=True), an_upsert(email_status=Status.OPT_IN, add_tags=("a",))),
        (OPTING_IN, Revocation(email_opt_in=True) | Revocation(phone_opt_in=True), an_upsert(add_tags=("a",))),
        (OPTING_OUT, Revocation(email_opt_in=True, phone_opt_in=True), OPTING_OUT),
        (an_event(), Revocation(email_opt_in=True), an_event()),
        (BY_NOON, Revocation(email_opt_in=True, email_until=at("2026-11-23T12:00")), an_upsert()),
        (BY_NOON, Revocation(email_opt_in=True, email_until=at("2026-11-23T11:59")), BY_NOON),
        (
            OPTING_IN,
            Revocation(email_opt_in=True, phone_opt_in=True, email_until=at("2026-11-23T11:59")),
            an_upsert(add_tags=("a",)),
        ),
        (OPTING_IN, Revocation(everything=True), None),
        (an_event(), Revocation(everything=True), None),
        (GONE, Revocation(everything=True, email_opt_in=True), GONE),
    ],
)
def test_what_of_the_queue_may_still_leave_after_permission_was_taken_away(command: Any, act: Revocation, left: Any) -> None:
    assert without_revoked(command, act) == left


EARLY, LATE = at("2026-11-23T10:00"), at("2026-11-23T14:00")


@pytest.mark.parametrize("name", ["everything", "email_opt_in", "phone_opt_in", "at_shop", "opt_outs"])
def test_of_two_acts_that_take_back_each_counts(name: str) -> None:
    act, nothing = Revocation(**{name: True}), Revocation()
    assert [one | other for one, other in ((act, nothing), (nothing, act), (act, act))] == [act] * 3
    assert nothing | nothing == nothing


@pytest.mark.parametrize("name", ["email_until", "phone_until", "carts_until", "happened_before"])
def test_of_two_acts_that_take_back_the_later_time_counts(name: str) -> None:
    early, late = Revocation(**{name: EARLY}), Revocation(**{name: LATE})
    assert early | late == late | early == late | Revocation() == late


def test_of_two_acts_that_take_back_the_cart_of_either_is_named() -> None:
    assert Revocation(cart_id="c1") | Revocation() == Revocation() | Revocation(cart_id="c1") == Revocation(cart_id="c1")


OPT_INS = an_upsert(
    profile={"first_name": "Jan"}, email_status=Status.OPT_IN, phone_status=Status.OPT_IN, email_acted_at=EARLY, phone_acted_at=LATE
)


@pytest.mark.parametrize(
    ("act", "arrived", "email", "phone", "email_acted_at", "phone_acted_at"),
    [
        (Revocation(email_opt_in=True), False, None, Status.OPT_IN, EARLY, LATE),
        (Revocation(phone_opt_in=True), False, Status.OPT_IN, None, EARLY, LATE),
        (Revocation(email_opt_in=True), True, Status.OPT_OUT, Status.OPT_IN, None, LATE),
        (Revocation(phone_opt_in=True), True, Status.OPT_IN, Status.OPT_OUT, EARLY, None),
        (Revocation(), True, Status.OPT_IN, Status.OPT_IN, EARLY, LATE),
        (Revocation(email_opt_in=True, email_until=EARLY), False, None, Status.OPT_IN, EARLY, LATE),
        (Revocation(phone_opt_in=True, phone_until=EARLY), False, Status.OPT_IN, Status.OPT_IN, EARLY, LATE),
    ],
)
def test_an_opt_in_that_perhaps_arrived_becomes_the_opt_out(
    act: Revocation,
    arrived: bool,
    email: Status | None,
    phone: Status | None,
    email_acted_at: datetime | None,
    phone_acted_at: datetime | None,
) -> None:
    left = without_revoked(OPT_INS, act, perhaps_arrived=arrived)
    assert isinstance(left, UpsertContact)
    assert (left.email_status, left.phone_status) == (email, phone)
    assert (left.email_acted_at, left.phone_acted_at) == (email_acted_at, phone_acted_at)


@pytest.mark.parametrize("command", [OPT_INS, OPTING_OUT, an_event(), an_event(EventKind.RETURN)])
def test_a_command_that_loses_nothing_is_that_command_and_no_copy(command: Command) -> None:
    assert without_revoked(command, Revocation(phone_opt_in=True, phone_until=EARLY, cart_id="c1")) is command


def test_an_upsert_that_loses_no_opt_in_is_that_upsert_and_no_copy() -> None:
    assert drop_opt_ins(OPT_INS, email=False, phone=False) is OPT_INS


ASKED = [ConfirmOptIn(email=EMAIL, at=EARLY), ConfirmOptOut(email=EMAIL, at=EARLY)]
OUT_AT_HOME, IN_AT_HOME = TimedStatus(Status.OPT_OUT, EARLY), TimedStatus(Status.OPT_IN, EARLY)


@pytest.mark.parametrize(
    "command",
    [MirrorTags(email=EMAIL, tags=PanelTags()), ReportErasure(email=EMAIL, erased_by="shop2", at=EARLY)],
    ids=["tags", "an erasure elsewhere"],
)
def test_what_is_sent_to_the_shop_stays_unless_the_act_concerns_the_shop(command: Command) -> None:
    assert without_revoked(command, Revocation(everything=True, email_opt_in=True, opt_outs=True)) == command
    assert without_revoked(command, Revocation(at_shop=True)) is None


@pytest.mark.parametrize("command", ASKED)
def test_a_question_stays_unless_the_person_is_erased(command: Command) -> None:
    assert without_revoked(command, Revocation(everything=True, at_shop=True)) == command
    assert without_revoked(command, Revocation(opt_outs=True)) is None


@pytest.mark.parametrize(
    ("email", "phone", "left"),
    [
        (OUT_AT_HOME, OUT_AT_HOME, (OUT_AT_HOME, OUT_AT_HOME)),
        (OUT_AT_HOME, IN_AT_HOME, (OUT_AT_HOME, None)),
        (IN_AT_HOME, OUT_AT_HOME, (None, OUT_AT_HOME)),
        (None, OUT_AT_HOME, (None, OUT_AT_HOME)),
        (OUT_AT_HOME, None, (OUT_AT_HOME, None)),
        (IN_AT_HOME, IN_AT_HOME, None),
        (None, IN_AT_HOME, None),
    ],
)
def test_r06a_on_the_way_to_the_shop_only_opt_outs_stay_and_none_of_somebody_erased(
    email: TimedStatus | None, phone: TimedStatus | None, left: tuple[TimedStatus | None, TimedStatus | None] | None
) -> None:
    command = SetSubscription(email=EMAIL, email_news=email, phone_news=phone)
    assert without_revoked(command, Revocation(everything=True)) == command
    kept = without_revoked(command, Revocation(at_shop=True))
    assert (None if not isinstance(kept, SetSubscription) else (kept.email_news, kept.phone_news)) == left
    assert without_revoked(command, Revocation(at_shop=True, opt_outs=True)) is None


def test_r06a_of_a_command_with_both_only_the_opt_out_travels() -> None:
    for mixed in (
        an_upsert(email_status=Status.OPT_OUT, phone_status=Status.OPT_IN),
        an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_OUT),
    ):
        left = opt_outs_of(mixed)
        assert left is not None
        assert [left.email_status, left.phone_status] == [
            one if one is Status.OPT_OUT else None for one in (mixed.email_status, mixed.phone_status)
        ]


@pytest.mark.parametrize(
    ("command", "left", "act", "arrived", "unsent"),
    [
        (an_event(), None, Revocation(everything=True), False, an_event()),
        (an_event(), an_event(), Revocation(everything=True), False, None),
        (OPTING_IN, None, Revocation(everything=True), False, OPTING_IN),
        (OPTING_IN, an_upsert(add_tags=("a",)), Revocation(email_opt_in=True), False, None),
        (OPTING_OUT, OPTING_OUT, Revocation(everything=True), False, an_upsert()),
        (
            an_upsert(email_status=Status.OPT_OUT, phone_status=Status.OPT_IN),
            an_upsert(email_status=Status.OPT_OUT),
            Revocation(everything=True),
            False,
            an_upsert(phone_status=Status.OPT_IN),
        ),
        (
            an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_OUT),
            an_upsert(phone_status=Status.OPT_OUT),
            Revocation(everything=True),
            False,
            an_upsert(email_status=Status.OPT_IN),
        ),
    ],
)
def test_what_was_revoked_was_not_sent(command: Any, left: Any, act: Revocation, arrived: bool, unsent: Any) -> None:
    assert unsent_part(command, left, act, perhaps_arrived=arrived) == unsent


@pytest.mark.parametrize(("arrived", "introduces"), [(False, True), (True, False)])
def test_a_contact_that_perhaps_arrived_counts_as_known(arrived: bool, introduces: bool) -> None:
    first = an_upsert(add_tags=("a",), introduces=True)
    unsent = unsent_part(first, None, Revocation(everything=True), perhaps_arrived=arrived)
    assert isinstance(unsent, UpsertContact)
    assert unsent.introduces is introduces
    resigns = replace(first, email_status=Status.OPT_OUT)
    rest = unsent_part(resigns, an_upsert(email_status=Status.OPT_OUT), Revocation(everything=True), perhaps_arrived=False)
    assert isinstance(rest, UpsertContact)
    assert not rest.introduces


@pytest.mark.parametrize(
    ("kind", "when", "act", "goes"),
    [
        (EventKind.PURCHASE, "09:59", Revocation(happened_before=EARLY), False),
        (EventKind.PURCHASE, "10:00", Revocation(happened_before=EARLY), True),
        (EventKind.CART, "09:59", Revocation(happened_before=EARLY), False),
        (EventKind.VISIT, "09:59", Revocation(happened_before=EARLY), False),
        (EventKind.RETURN, "09:59", Revocation(happened_before=EARLY), True),
        (EventKind.CART, "10:00", Revocation(carts_until=EARLY), False),
        (EventKind.CART, "10:01", Revocation(carts_until=EARLY), True),
        (EventKind.PURCHASE, "10:00", Revocation(carts_until=EARLY), True),
    ],
)
def test_what_the_consent_does_not_cover_and_carts_that_were_bought_stay(
    kind: EventKind, when: str, act: Revocation, goes: bool
) -> None:
    event = an_event(kind, f"2026-11-23T{when}")
    assert without_revoked(event, act) == (event if goes else None)


def test_the_cart_that_changed_is_not_sent_as_it_was() -> None:
    mine, other = (an_event(EventKind.CART, cart_id=name) for name in ("c1", "c2"))
    assert [without_revoked(one, Revocation(cart_id="c1")) for one in (mine, other)] == [None, other]
    assert without_revoked(an_event(EventKind.CART), Revocation()) is not None


YES_MAIL, YES_SMS = (Agreement(name=name, accepted=True, at=EARLY, by_sms=name == "sms") for name in ("mail", "sms"))
NO_MAIL = replace(YES_MAIL, accepted=False)


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (Revocation(email_opt_in=True), (YES_SMS, NO_MAIL)),
        (Revocation(phone_opt_in=True), (YES_MAIL, NO_MAIL)),
        (Revocation(), (YES_MAIL, YES_SMS, NO_MAIL)),
    ],
)
def test_with_an_opt_in_its_agreement_is_taken_back(act: Revocation, left: tuple[Agreement, ...]) -> None:
    kept = without_revoked(replace(OPT_INS, agreements=(YES_MAIL, YES_SMS, NO_MAIL)), act)
    assert isinstance(kept, UpsertContact)
    assert kept.agreements == left


def test_r06a_of_somebody_who_never_arrived_not_even_the_opt_out_travels() -> None:
    first = an_upsert(email_status=Status.OPT_OUT, introduces=True)
    assert without_revoked(first, Revocation(everything=True)) is None
    assert without_revoked(first, Revocation(everything=True), perhaps_arrived=True) == an_upsert(email_status=Status.OPT_OUT)
    assert without_revoked(replace(first, introduces=False), Revocation(everything=True, opt_outs=True)) is None
    agreed = replace(first, introduces=False, agreements=(YES_MAIL, NO_MAIL))
    assert without_revoked(agreed, Revocation(everything=True)) == an_upsert(email_status=Status.OPT_OUT, agreements=(NO_MAIL,))
    again = without_revoked(replace(agreed, repeats=True), Revocation(everything=True))
    assert isinstance(again, UpsertContact)
    assert again.repeats


def test_r07_consent_covers_what_somebody_did_and_not_what_undoes_a_purchase() -> None:
    covered = {EventKind.PURCHASE, EventKind.CART, EventKind.VISIT}
    assert {kind: needs_consent(kind) for kind in EventKind} == {kind: kind in covered for kind in EventKind}


WHOLE = an_upsert(profile={"first_name": "Jan", "phone": "+48600100200"}, email_status=Status.OPT_IN)


@pytest.mark.parametrize(
    ("command", "left", "lost"),
    [
        (WHOLE, replace(WHOLE, profile={"first_name": "Jan"}), an_upsert(profile={"phone": "+48600100200"})),
        (WHOLE, replace(WHOLE, profile={}), an_upsert(profile=WHOLE.profile)),
        (WHOLE, WHOLE, None),
        (an_event(), an_event(), None),
        (WHOLE, None, WHOLE),
    ],
    ids=["a field", "all fields", "nothing", "an event", "the command"],
)
def test_m5_what_is_kept_back_counts_as_never_sent_and_nothing_else_does(
    command: Command, left: Command | None, lost: Command | None
) -> None:
    act = Revocation(kept_back=("phone", "first_name"))
    assert unsent_part(command, left, act, perhaps_arrived=False) == lost
