"""A resignation always travels (R06a): no withdrawal, policy, blocked domain or shadow keeps it here, and nothing cancels it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.domain.commands import Agreement, UpsertContact
from app.domain.consent import Policy, Status, TimedStatus
from app.domain.decisions.changes.sent_state import mark_sent, mark_unsent
from app.domain.decisions.decide import decide
from app.domain.decisions.plan import Send, Withhold
from app.domain.delivery.revocation import Revocation, opt_outs_of, unsent_part, without_revoked
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from tests.support.builders import (
    EMAIL,
    Story,
    a_careful_shop,
    a_shop,
    an_order,
    an_upsert,
    at,
    commands_of,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    unsubscribed,
)

MORNING, NOON, EVENING = "2026-11-23T09:00", "2026-11-23T12:00", "2026-11-23T18:00"
OPT_OUT = an_upsert(email_status=Status.OPT_OUT)

CLOSED: dict[str, tuple[Shop, tuple[Event, ...]]] = {
    "withdrawn": (a_shop(), (consent_withdrawn(NOON),)),
    "withdrawn from a careful shop": (a_careful_shop(), (consent_withdrawn(NOON),)),
    "another policy": (a_careful_shop(), ()),
    "a blocked domain": (a_shop(blocked_email_domains=("example.com",)), ()),
    "shadow": (a_shop(shadow=True), ()),
    "all of it": (a_careful_shop(shadow=True, blocked_email_domains=("example.com",)), (consent_withdrawn(NOON),)),
}


def known_there(shop: Shop) -> Story:
    """Transferred and subscribed, while the door was open."""
    open_shop = replace(shop, policy=Policy.ALL_CUSTOMERS, shadow=False, blocked_email_domains=())
    return life(open_shop, subscribed(MORNING))


@pytest.mark.parametrize("door", CLOSED)
@pytest.mark.parametrize("confirmed", [True, False])
def test_r06a_an_opt_out_of_somebody_known_there_is_sent_whatever_else_may_not_be_sent(door: str, confirmed: bool) -> None:
    shop, closing = CLOSED[door]
    shop = replace(shop, propagate_unconfirmed_removals=not confirmed)
    story = known_there(shop).goes_on(shop, *closing).goes_on(shop, unsubscribed(EVENING, confirmed=confirmed))
    assert story.plan == Send(OPT_OUT)
    assert story.contact.sent_state.email_news == TimedStatus(Status.OPT_OUT, at(EVENING))
    assert story.goes_on(shop, unsubscribed(EVENING, confirmed=confirmed)).commands == ()  # once


@pytest.mark.parametrize("door", CLOSED)
def test_r06a_nothing_else_passes_with_the_opt_out(door: str) -> None:
    shop, closing = CLOSED[door]
    story = known_there(shop).goes_on(shop, *closing)
    later = story.goes_on(
        shop, tags_edited(EVENING, added=["vip"]), an_order(EVENING, consent=None), subscribed(EVENING, by_sms=True)
    )
    assert later.commands == ()
    assert later.goes_on(shop, unsubscribed("2026-11-23T19:00")).commands == (OPT_OUT,)


@pytest.mark.parametrize("door", CLOSED)
def test_r06a_the_opt_out_of_somebody_who_was_never_sent_to_salesmanago_stays_here(door: str) -> None:
    shop, closing = CLOSED[door]
    story = life(replace(shop, shadow=True), subscribed(MORNING), *closing, unsubscribed(EVENING))
    assert story.commands == ()
    assert story.contact.email_news.status is Status.OPT_OUT


@pytest.mark.parametrize("door", CLOSED)
def test_r06a_an_opt_out_is_sent_of_somebody_known_there_from_another_shop_of_the_account(door: str) -> None:
    shop, closing = CLOSED[door]
    contact = life(replace(shop, shadow=True), *closing).contact
    decision = decide(unsubscribed(EVENING), shop, contact, known_there=True)
    assert decision.plan == Send(OPT_OUT)
    assert not decision.contact.is_transferred  # it is still not sent from this shop
    assert mark_unsent(decision.contact, [OPT_OUT]).sent_state == SentState()


@pytest.mark.parametrize("door", CLOSED)
def test_r06a_what_was_resigned_from_while_another_event_came_goes_with_that_event_which_stays(door: str) -> None:
    shop, closing = CLOSED[door]
    story = known_there(shop)
    unheard = replace(story.contact, email_news=story.contact.email_news.opt_out(at(NOON)))
    story = Story((), unheard, {}).goes_on(shop, *closing, an_order(EVENING, consent=None))
    assert OPT_OUT in story.commands
    assert all(opt_outs_of(one) == one for one in story.commands)
    assert not isinstance(story.plan, Send) or story.plan.withholding is not None


def test_r06a_an_opt_out_in_salesmanago_that_did_not_take_is_sent_again_after_a_withdrawal() -> None:
    shop = a_shop()
    story = life(shop, subscribed(MORNING), consent_withdrawn(NOON), unsubscribed(EVENING))
    shown = status_seen("2026-11-24T12:00", email_out=False)
    story = story.goes_on(shop, shown, status_seen("2026-11-24T12:10", email_out=False))
    assert all(one.email_status is not Status.OPT_IN for one in story.commands if isinstance(one, UpsertContact))


def test_r06a_an_erasure_is_carried_out_in_the_shadow_too_and_stands_in_place_of_the_opt_out() -> None:
    shop = a_shop(shadow=True)
    story = known_there(shop).goes_on(shop, erasure_requested(EVENING), unsubscribed("2026-11-23T19:00"))
    assert [type(one).__name__ for one in story.commands] == ["DeleteContact"]
    assert story.contact.erased


def test_in_the_shadow_everything_else_is_decided_and_withheld() -> None:
    shop = a_shop(shadow=True)
    story = life(shop, subscribed(MORNING))
    match story.plan:
        case Withhold(reason=Reason.SHADOW, shown=(UpsertContact(email_status=Status.OPT_IN),)):
            pass
        case plan:
            pytest.fail(f"planned {plan}")
    assert not story.contact.is_transferred


# -- what waits ----------------------------------------------------------------------------------------------------------

WITHDRAWAL = Revocation(everything=True)
ERASURE = Revocation(everything=True, at_shop=True, opt_outs=True)
NO = Agreement(name="news", accepted=False, at=at(NOON))
YES = Agreement(name="sms", accepted=True, at=at(NOON), by_sms=True)
FULL = an_upsert(
    new_email="new@example.com",
    profile={"first_name": "Jan"},
    add_tags=("a",),
    email_status=Status.OPT_OUT,
    phone_status=Status.OPT_IN,
    agreements=(NO, YES),
)


@pytest.mark.parametrize(
    ("command", "act", "perhaps_arrived", "left"),
    [
        (FULL, WITHDRAWAL, False, an_upsert(email_status=Status.OPT_OUT, agreements=(NO,))),
        (FULL, WITHDRAWAL, True, an_upsert(email_status=Status.OPT_OUT, agreements=(NO,))),
        (FULL, ERASURE, False, None),
        (replace(FULL, introduces=True), WITHDRAWAL, False, None),
        (replace(FULL, introduces=True), WITHDRAWAL, True, an_upsert(email_status=Status.OPT_OUT, agreements=(NO,))),
        (OPT_OUT, WITHDRAWAL, False, OPT_OUT),
        (replace(OPT_OUT, repeats=True), WITHDRAWAL, False, OPT_OUT),
        (an_upsert(phone_status=Status.OPT_OUT), WITHDRAWAL, False, an_upsert(phone_status=Status.OPT_OUT)),
        (an_upsert(email_status=Status.OPT_IN), WITHDRAWAL, False, None),
        (an_upsert(add_tags=("a",)), WITHDRAWAL, False, None),
    ],
)
def test_r06a_of_what_waits_an_opt_out_is_left_whatever_closes_the_door(
    command: UpsertContact, act: Revocation, perhaps_arrived: bool, left: UpsertContact | None
) -> None:
    assert without_revoked(command, act, perhaps_arrived=perhaps_arrived) == left


def _after(command: UpsertContact, before: Contact, *, perhaps_arrived: bool = False) -> Contact:
    left = without_revoked(command, WITHDRAWAL, perhaps_arrived=perhaps_arrived)
    lost = unsent_part(command, left, WITHDRAWAL, perhaps_arrived=perhaps_arrived)
    return mark_unsent(mark_sent(before, [command]), [] if lost is None else [lost])


def test_what_was_cut_off_a_waiting_command_counts_as_sent_no_more() -> None:
    before = life(a_shop(), subscribed(MORNING)).contact
    command = an_upsert(profile={"first_name": "Jan"}, add_tags=("a",), email_status=Status.OPT_OUT)
    resigned = replace(before, email_news=before.email_news.opt_out(at(NOON)))
    after = _after(command, resigned).sent_state
    assert (after.email, after.profile, after.tags) == (EMAIL, {}, before.sent_state.tags)
    assert after.email_news == TimedStatus(Status.OPT_OUT, at(NOON))


@pytest.mark.parametrize(("perhaps_arrived", "known"), [(True, EMAIL), (False, None)])
def test_a_contact_that_perhaps_arrived_counts_as_known_there_so_that_an_opt_out_reaches_them(
    perhaps_arrived: bool, known: str | None
) -> None:
    first = an_upsert(profile={"first_name": "Jan"}, email_status=Status.OPT_IN, introduces=True)
    after = _after(first, somebody(), perhaps_arrived=perhaps_arrived)
    assert after.sent_state.email == known
    assert after.sent_state.profile == {}


@pytest.mark.parametrize("grant", [consent_granted, lambda when: an_order(when, consent=True)])
def test_r07_after_a_new_consent_everything_that_was_revoked_is_sent(grant: Callable[[str], Event]) -> None:
    shop = a_careful_shop()
    before = life(shop, consent_granted(MORNING), tags_edited("2026-11-23T10:00", added=["vip"])).contact
    waiting = an_upsert(add_tags=("idosell_vip",), email_status=Status.OPT_OUT)
    lost = unsent_part(waiting, without_revoked(waiting, WITHDRAWAL), WITHDRAWAL, perhaps_arrived=False)
    assert lost is not None
    story = Story((), mark_unsent(before, [lost]), {}).goes_on(shop, consent_withdrawn(NOON), grant(EVENING))
    assert "idosell_vip" in commands_of(story.plan)[0].add_tags  # type: ignore[union-attr]
