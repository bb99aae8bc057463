"""Every reason a decision can give, and the same event where it may go."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.commands import AddEvent, DeleteContact, UpsertContact
from app.domain.consent import Policy, Status
from app.domain.decisions.decide import contested, decide
from app.domain.decisions.from_salesmanago import decide_claim
from app.domain.decisions.plan import Defer, Send, Supersede, Withhold
from app.domain.person.contact import NOBODY, Contact
from app.domain.person.sale import NO_SALE, Sale
from app.domain.person.sides import SentState
from app.domain.reasons import Reason
from app.domain.tags import canonical
from tests.domain.event_kinds.every_event import EVERY_EVENT
from tests.support.builders import (
    EMAIL,
    NOON,
    a_careful_shop,
    a_customer,
    a_shop,
    access_requested,
    account_changed,
    an_order,
    at,
    cancelled,
    cart_changed,
    commands_of,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    reason_of,
    registered,
    returned,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    the_event,
    unsubscribed,
    viewed,
)

OPEN, CAREFUL = a_shop(), a_careful_shop()
MASKED = "x1@allegromail.pl"
LONG_AGO = at("2025-01-01T10:00")


@pytest.mark.parametrize(
    ("shop", "before", "event", "plan"),
    [
        (CAREFUL, [], registered(), Withhold(Reason.NO_CONSENT)),
        (CAREFUL, [], an_order(consent=False), Withhold(Reason.ORDER_NOT_CONSENTED)),
        (CAREFUL, [an_order(order_id="1")], viewed("2026-11-23T11:00"), Withhold(Reason.BEFORE_CONSENT)),
        (OPEN, [consent_withdrawn("2026-11-23T11:00")], viewed(), Withhold(Reason.CONSENT_WITHDRAWN)),
        (CAREFUL, [consent_withdrawn("2026-11-23T11:00")], viewed(), Withhold(Reason.CONSENT_WITHDRAWN)),
        (OPEN, [], an_order("2025-12-31T23:59"), Withhold(Reason.BEFORE_INTEGRATION)),
        (OPEN, [], cancelled(), Defer(Reason.WAITS_FOR_ORDER)),
        (OPEN, [], returned(), Defer(Reason.WAITS_FOR_ORDER)),
        (OPEN, [an_order("2025-01-01T10:00")], cancelled(), Withhold(Reason.PURCHASE_NOT_SENT)),
        (OPEN, [an_order()], an_order(), Supersede(Reason.ORDER_ALREADY_SENT)),
        (OPEN, [], unsubscribed(confirmed=False), Withhold(Reason.UNCONFIRMED_REMOVAL)),
        (OPEN, [registered()], registered(), Supersede(Reason.NOTHING_NEW)),
        (OPEN, [], cart_changed(), Defer(Reason.CART_WAITS)),
        (OPEN, [], cart_changed(items=()), Supersede(Reason.CART_EMPTIED)),
        (OPEN, [an_order()], cart_changed("2026-11-23T11:00"), Supersede(Reason.CART_BOUGHT)),
        (OPEN, [erasure_requested("2026-11-23T13:00")], registered(), Withhold(Reason.ERASED)),
        (OPEN, [erasure_requested("2026-11-23T11:00")], viewed(), Withhold(Reason.ERASED)),
        (OPEN, [], access_requested(), Supersede(Reason.REPORT_READY)),
        (CAREFUL, [consent_withdrawn("2026-11-23T11:00")], access_requested(), Supersede(Reason.REPORT_READY)),
    ],
)
def test_a_decision_to_stay_says_why(shop: Any, before: list, event: Any, plan: Any) -> None:
    assert life(shop, *before, event).plan == plan


def test_a_masked_address_of_a_market_place_is_not_sent_unless_the_shop_says_so() -> None:
    order = an_order(customer=a_customer(MASKED))
    masked = replace(NOBODY, email=MASKED)
    assert decide(order, OPEN, masked).plan == Withhold(Reason.BLOCKED_ADDRESS)
    assert the_event(decide(order, a_shop(block_masked_addresses=False), masked).plan).email == MASKED


def test_a_tag_of_a_customer_without_known_address_waits_for_it() -> None:
    tagged = decide(tags_edited(email=None, customer_id="1234", added=["vip"]), OPEN, NOBODY)
    assert tagged.plan == Withhold(Reason.ADDRESS_UNKNOWN)
    plan = decide(registered("2026-11-23T13:00"), OPEN, tagged.contact).plan
    assert isinstance(plan, Send)
    assert "idosell_vip" in plan.commands[0].add_tags


def test_a_contact_stands_before_what_happened_to_it() -> None:
    plan = life(OPEN, viewed()).plan
    assert isinstance(plan, Send)
    assert [type(command) for command in plan.commands] == [UpsertContact, AddEvent]


SENT_THERE, NOBODY_NAMED = Send(DeleteContact(email=EMAIL)), Send()


@pytest.mark.parametrize(
    ("shop", "before", "plan"),
    [
        (OPEN, [], SENT_THERE),  # everybody may be sent, so SALESmanago may have them
        (OPEN, [registered("2026-11-23T10:00")], SENT_THERE),
        (OPEN, [registered("2026-11-23T09:00"), consent_withdrawn("2026-11-23T10:00")], SENT_THERE),
        (OPEN, [consent_withdrawn("2026-11-23T10:00")], NOBODY_NAMED),
        (CAREFUL, [an_order("2026-11-23T10:00")], SENT_THERE),
        (CAREFUL, [an_order("2026-11-23T09:00"), consent_withdrawn("2026-11-23T10:00")], SENT_THERE),
        (CAREFUL, [status_seen("2026-11-23T10:00", email_out=True)], SENT_THERE),  # SALESmanago named the person itself
        (CAREFUL, [], NOBODY_NAMED),
        (CAREFUL, [registered("2026-11-23T10:00"), subscribed("2026-11-23T10:00")], NOBODY_NAMED),
        (CAREFUL, [an_order("2026-11-23T10:00", consent=False)], NOBODY_NAMED),
        (CAREFUL, [consent_withdrawn("2026-11-23T10:00")], NOBODY_NAMED),
        (a_shop(blocked_email_domains=("example.com",)), [registered("2026-11-23T10:00")], NOBODY_NAMED),
    ],
)
def test_r03_an_erasure_deletes_whom_salesmanago_may_know_and_names_nobody_else(shop: Any, before: list, plan: Any) -> None:
    erased = life(shop, *before, erasure_requested("2026-11-23T11:00"))
    assert erased.plan == plan
    assert erased.contact.profile == {}
    assert not erased.contact.is_transferred


def test_r03_an_erasure_names_no_address_that_a_person_took_after_the_withdrawal() -> None:
    moved = account_changed("2026-11-23T10:30", customer=a_customer("new@example.com"), previous_email=EMAIL)
    erased = life(CAREFUL, an_order("2026-11-23T09:00"), consent_withdrawn("2026-11-23T10:00"), moved, erasure_requested())
    assert erased.plan == SENT_THERE


def test_without_permission_no_profile_is_kept() -> None:
    assert not any(fact.value for fact in life(CAREFUL, registered()).contact.profile.values())
    assert life(OPEN, registered()).contact.profile["first_name"].value == "Jan"
    withdrawn = life(OPEN, registered("2026-11-23T09:00"), consent_withdrawn("2026-11-23T10:00")).contact
    assert not any(fact.value for fact in withdrawn.profile.values())


@pytest.mark.parametrize(
    ("event", "sale", "after"),
    [
        (cancelled(), NO_SALE, NO_SALE),
        (returned(), NO_SALE, NO_SALE),
        (an_order("2025-01-01T10:00"), NO_SALE, Sale(withheld=Reason.BEFORE_INTEGRATION, placed_at=LONG_AGO, as_of=LONG_AGO)),
        (viewed(), NO_SALE, NO_SALE),
    ],
)
def test_an_order_that_was_not_sent_is_remembered_as_such(event: Any, sale: Sale, after: Sale) -> None:
    assert decide(event, OPEN, replace(NOBODY, email=EMAIL), sale).sale == after


def test_a_sent_order_remembers_its_goods_for_a_cancellation() -> None:
    sale = life(OPEN, an_order(value="50.00")).sales["5501"]
    assert sale.purchase_sent
    assert (sale.currency, str(sale.value), sale.lines[0].product_id) == ("PLN", "50.00", "101")


def test_under_the_other_policy_an_order_with_an_unticked_box_earns_its_tags_only_where_it_goes() -> None:
    order = an_order(consent=False, categories=["Obuwie"])
    assert life(OPEN, order).contact.earned_tags == ("Obuwie",)
    assert life(CAREFUL, order).contact.earned_tags == ()


def test_a_withdrawn_person_who_subscribes_is_opted_in_only_after_a_new_consent() -> None:
    gone = life(OPEN, consent_withdrawn("2026-11-23T09:00"), subscribed("2026-11-23T10:00"))
    assert reason_of(gone.plan) is Reason.CONSENT_WITHDRAWN
    back = gone.goes_on(OPEN, consent_granted("2026-11-23T11:00"))
    assert back.commands[0].email_status is not None


def test_a_late_message_never_brings_an_older_profile_back_after_withdrawal_and_new_consent() -> None:
    story = life(
        OPEN,
        account_changed("2026-11-23T09:00", first_name="Janina"),
        consent_withdrawn("2026-11-23T10:00"),
        consent_granted("2026-11-23T11:00"),
        registered("2026-11-23T08:00", customer=a_customer(first_name="Jan")),
    )
    told_names = [
        command.profile["first_name"]
        for command in story.commands
        if isinstance(command, UpsertContact) and "first_name" in command.profile
    ]
    assert told_names[-1] == "Janina"


def test_an_order_placed_exactly_at_the_consent_of_another_belongs_to_it() -> None:
    known = life(CAREFUL, an_order("2026-11-23T10:00", order_id="1"))
    assert the_event(known.goes_on(CAREFUL, an_order("2026-11-23T10:00", order_id="2", consent=None)).plan).at == at(
        "2026-11-23T10:00"
    )


@pytest.mark.parametrize("counts", [False, True])
def test_m3_an_unconfirmed_removal_counts_while_the_person_is_erased_if_the_shop_says_it_is_an_act(counts: bool) -> None:
    """An older opt-in that is told later finds the door closed, or opens it, as if nobody had been erased in between."""
    shop = a_shop(Policy.ALL_CUSTOMERS, propagate_unconfirmed_removals=counts)
    story = life(shop, erasure_requested("2026-11-23T09:00"), unsubscribed("2026-11-23T11:00", confirmed=False))
    assert story.plan == Withhold(Reason.ERASED)
    (upsert,) = commands_of(story.goes_on(shop, subscribed("2026-11-23T10:00")).plan)
    assert isinstance(upsert, UpsertContact)
    assert upsert.email_status is (Status.OPT_OUT if counts else Status.OPT_IN)


@pytest.mark.parametrize("kind", sorted(EVERY_EVENT.keys() - {"AccountListed", "AccountChanged"}))
def test_r72_where_two_accounts_claim_the_address_nothing_of_either_is_sent(kind: str) -> None:
    decision = contested(EVERY_EVENT[kind], OPEN, Contact(email=EMAIL), NO_SALE)
    assert decision.plan == Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT)
    assert decision.contact.address_contested_at == EVERY_EVENT[kind].at


def test_r28_a_tag_that_another_shop_still_has_is_why_nothing_is_sent() -> None:
    sent = SentState(email=EMAIL, tags={canonical("idosell_vip"): True})
    known = replace(somebody(), registered=True).with_tags(("vip",), (), at(NOON))
    sibling = replace(known, sent_state=sent)
    ours = replace(sibling, sent_state=life(OPEN, registered(), tags_edited(added=["vip"])).contact.sent_state)
    decision = decide(tags_edited("2026-11-23T13:00", removed=["vip"]), OPEN, ours, siblings=(sibling,))
    assert decision.plan == Supersede(Reason.TAG_OF_ANOTHER_SHOP)
    assert decide(tags_edited("2026-11-23T13:00", removed=["vip"]), OPEN, ours).plan != decision.plan


def test_what_a_permitted_person_said_stays_though_this_order_does_not_go() -> None:
    story = life(CAREFUL, an_order(order_id="1", customer=a_customer(first_name="Jan")), an_order(order_id="2", consent=False))
    assert story.contact.profile["first_name"].value == "Jan"


def test_r23_an_order_earns_the_tag_of_where_its_customer_came_from() -> None:
    tags = {tag for one in life(OPEN, an_order(source="google")).commands if isinstance(one, UpsertContact) for tag in one.add_tags}
    assert f"idosell_google_{OPEN.host}" in tags


@pytest.mark.parametrize("kind", sorted(EVERY_EVENT.keys() - {"OptOutClaimed"}))
@pytest.mark.parametrize("waits", [True, False])
def test_r55_every_event_but_a_claimed_opt_out_stays_what_it_is(kind: str, waits: bool) -> None:
    assert decide_claim(EVERY_EVENT[kind], Contact(email=EMAIL), opt_in_waits=waits) is EVERY_EVENT[kind]
