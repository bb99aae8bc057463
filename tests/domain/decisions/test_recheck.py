"""What waits is judged again when it leaves (R06b)."""

from dataclasses import replace

import pytest

from app.domain.commands import Command, ConfirmOptIn, DeleteContact, EventKind, MirrorTags, SetSubscription
from app.domain.consent import Status, TimedStatus, TransferConsent
from app.domain.decisions.recheck import needs_person, rechecked, stop_of, stopped
from app.domain.delivery.outbox import Claim, ContactQueue, DeferredRevocation, WaitingCommand
from app.domain.delivery.revocation import Revocation, without_revoked
from app.domain.panel_tags import PanelTags
from app.domain.person.contact import Contact
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from tests.support.builders import EMAIL, a_careful_shop, a_shop, an_event, an_upsert, at, somebody

NOON = at("2026-11-23T12:00")
CONSENTED = replace(somebody(), transfer=TransferConsent().grant(NOON))
WITHDRAWN = replace(CONSENTED, transfer=CONSENTED.transfer.withdraw(NOON))
PROFILE = an_upsert(profile={"first_name": "Jan"})
OUT, IN = an_upsert(email_status=Status.OPT_OUT), an_upsert(email_status=Status.OPT_IN)
ORDER = an_event(when="2026-11-23T13:00")
EARLY_ORDER, EARLY_RETURN = an_event(when="2026-11-23T11:00"), an_event(EventKind.RETURN, "2026-11-23T11:00")
GONE, ASK = DeleteContact(email=EMAIL), ConfirmOptIn(email=EMAIL, at=NOON)
HOME_OUT = SetSubscription(email=EMAIL, email_news=TimedStatus(Status.OPT_OUT, NOON))
HOME_IN = SetSubscription(email=EMAIL, email_news=TimedStatus(Status.OPT_IN, NOON))
MIRROR = MirrorTags(email=EMAIL, tags=PanelTags())
EVERYTHING: tuple[Command, ...] = (PROFILE, OUT, IN, ORDER, EARLY_ORDER, EARLY_RETURN, GONE, ASK, HOME_OUT, HOME_IN, MIRROR)


@pytest.mark.parametrize(
    ("shop", "person", "left", "reason"),
    [
        (a_shop(), somebody(), EVERYTHING, None),
        (a_shop(), CONSENTED, EVERYTHING, None),
        (a_shop(), None, EVERYTHING, None),
        (a_shop(), replace(WITHDRAWN, erased=True), EVERYTHING, None),
        (a_shop(), WITHDRAWN, (OUT, GONE, ASK, HOME_OUT, HOME_IN, MIRROR), Reason.CONSENT_WITHDRAWN),
        (a_careful_shop(), somebody(), (OUT, GONE, ASK, HOME_OUT, HOME_IN, MIRROR), Reason.NO_CONSENT),
        (
            a_careful_shop(),
            CONSENTED,
            (PROFILE, OUT, IN, ORDER, EARLY_RETURN, GONE, ASK, HOME_OUT, HOME_IN, MIRROR),
            Reason.BEFORE_CONSENT,
        ),
        (a_shop(shadow=True), CONSENTED, (OUT, GONE, ASK, HOME_OUT), Reason.SHADOW),
        (
            a_shop(blocked_email_domains=("example.com",)),
            None,
            (OUT, GONE, ASK, HOME_OUT, HOME_IN, MIRROR),
            Reason.BLOCKED_ADDRESS,
        ),
    ],
)
def test_r06b_what_may_leave_is_judged_by_the_settings_and_the_consent_of_now(
    shop: Shop, person: Contact | None, left: tuple[Command, ...], reason: Reason | None
) -> None:
    stop = stopped(EVERYTHING, shop, person)
    assert (None if stop is None else stop.reason) is reason
    still = EVERYTHING if stop is None else tuple(one for one in EVERYTHING if without_revoked(one, stop.act) is not None)
    assert still == left


def test_r06b_what_may_leave_as_it_is_needs_no_taking_back() -> None:
    assert stopped((OUT, GONE), a_careful_shop(), somebody()) is None
    assert stopped((ORDER, EARLY_RETURN), a_careful_shop(), CONSENTED) is None


def test_r06b_one_command_to_a_blocked_address_is_enough_to_stop_them() -> None:
    shop = a_shop(blocked_email_domains=("blocked.example",))
    stop = stopped((PROFILE, an_upsert("jan@blocked.example", profile={"first_name": "Jan"})), shop, somebody())
    assert stop is not None
    assert stop.reason is Reason.BLOCKED_ADDRESS


def test_r06b_the_person_is_read_where_a_consent_is_needed() -> None:
    assert (needs_person(a_careful_shop()), needs_person(a_shop())) == (True, False)


def a_claim(*commands: Command) -> Claim:
    waiting = [WaitingCommand(number, 1, command, maybe_sent=False) for number, command in enumerate(commands, start=1)]
    return Claim(ContactQueue(1, "account:main"), "shop1", 1, 0, None, tuple(waiting))


def test_r06b_a_claim_of_which_something_may_not_leave_is_to_revoke_it_first() -> None:
    claim = a_claim(PROFILE, ORDER)
    act = DeferredRevocation(Revocation(everything=True), Reason.NO_CONSENT, up_to=2)
    assert rechecked(claim, a_careful_shop(), somebody()) == replace(claim, revocations=(act,))


@pytest.mark.parametrize(("claim", "shop"), [(a_claim(PROFILE), a_shop()), (a_claim(), a_careful_shop()), (a_claim(PROFILE), None)])
def test_r06b_a_claim_of_which_everything_may_leave_stays_as_it_is(claim: Claim, shop: Shop | None) -> None:
    assert rechecked(claim, shop, somebody()) == claim


KEEPS_LAST_NAME = a_shop(fields=("last_name",), properties=(("nip", "company"), ("surname", "last_name")))
NAMED = an_upsert(profile={"first_name": "Jan", "last_name": "Nowak", "property:nip": "A", "property:surname": "Nowak"})
COLLECTED = replace(ORDER, pickup_point="WAW01A", language="PL", details=(("detail11", "WAW01A"), ("detail12", "PLN")))


@pytest.mark.parametrize(
    ("shop", "command", "left"),
    [
        (KEEPS_LAST_NAME, NAMED, replace(NAMED, profile={"last_name": "Nowak", "property:surname": "Nowak"})),
        (KEEPS_LAST_NAME, PROFILE, replace(PROFILE, profile={})),
        (KEEPS_LAST_NAME, an_upsert(profile={"phone": ""}), an_upsert(profile={})),
        (a_shop(fields=("last_name",)), an_upsert(profile={"property:surname": "Nowak"}), an_upsert(profile={})),
        (KEEPS_LAST_NAME, COLLECTED, replace(COLLECTED, pickup_point=None, language=None, details=(("detail12", "PLN"),))),
        (a_shop(fields=("language",)), COLLECTED, replace(COLLECTED, pickup_point=None, details=(("detail12", "PLN"),))),
        (a_shop(fields=("pickup_point",)), COLLECTED, replace(COLLECTED, language=None)),
    ],
)
def test_m5_what_waits_loses_the_fields_that_the_shop_does_not_let_travel_any_more(
    shop: Shop, command: Command, left: Command
) -> None:
    stop = stopped([command], shop, somebody())
    assert stop is not None
    assert without_revoked(command, stop.act) == left
    assert stopped([left], shop, somebody()) is None


@pytest.mark.parametrize("shop", [a_shop(), a_shop(fields=("first_name", "pickup_point", "language"))])
@pytest.mark.parametrize("command", [PROFILE, COLLECTED, GONE, ASK, HOME_IN, MIRROR])
def test_m5_what_may_travel_leaves_as_it_is(shop: Shop, command: Command) -> None:
    assert stopped([command], shop, somebody()) is None


def test_m5_without_a_list_of_fields_nothing_is_kept_back_not_even_a_property_of_before() -> None:
    command = an_upsert(profile={"first_name": "Jan", "property:former": "x"})
    assert stop_of([command, COLLECTED], a_shop(), somebody()) is None
    assert stop_of([PROFILE], a_shop(fields=("first_name",)), somebody()) is None


def test_m5_an_order_from_before_the_consent_still_ends_where_a_field_is_kept_back_too() -> None:
    stop = stopped([EARLY_ORDER, PROFILE], replace(a_careful_shop(), fields=()), CONSENTED)
    assert stop is not None
    assert stop.reason is Reason.BEFORE_CONSENT
    assert [without_revoked(one, stop.act) for one in (EARLY_ORDER, PROFILE)] == [None, replace(PROFILE, profile={})]
