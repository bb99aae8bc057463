"""How an event ends of which nothing is sent, and whom it is about."""

import pytest

from app.domain.event_kinds.stored_names import NAMES
from app.domain.intake.gateway_events import gateway_event
from app.domain.intake.inbox import EventState, Settlement, end_unsent, subject_of
from app.domain.reasons import Reason
from tests.support.builders import EMAIL, cart_changed, registered, status_seen, tags_edited


def test_an_event_whose_sending_something_else_made_needless_is_superseded_and_any_other_withheld() -> None:
    superseded = {reason for reason in Reason if end_unsent(reason) is EventState.SUPERSEDED}
    assert superseded >= {Reason.NOTHING_NEW, Reason.CART_BOUGHT, Reason.ORDER_ALREADY_SENT}
    assert {end_unsent(reason) for reason in set(Reason) - superseded} == {EventState.WITHHELD}
    assert superseded.isdisjoint({Reason.NO_CONSENT, Reason.CONSENT_WITHDRAWN, Reason.ERASED, Reason.SHADOW})


@pytest.mark.parametrize("state", EventState)
def test_m4_what_will_not_be_sent_gives_up_its_content_at_once(state: EventState) -> None:
    assert Settlement(1, state).keeps_payload == (state not in (EventState.WITHHELD, EventState.SUPERSEDED))


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        (registered(), EMAIL),
        (tags_edited(email=None, customer_id="1234", added=["vip"]), "#1234"),
        (cart_changed(email=None), "#"),
    ],
)
def test_an_event_is_about_an_address_or_an_account(event: object, subject: str) -> None:
    assert type(event) in NAMES
    assert subject_of(event) == subject  # type: ignore[arg-type]


def test_what_the_gateway_saw_itself_is_told_apart_by_its_content() -> None:
    one, other = (gateway_event("shop1", "upstream-status", status_seen(email_out=out), f"e{out}") for out in (True, False))
    assert (one.subject, one.type, one.held, len(one.digest)) == (EMAIL, "upstream-status", False, 64)
    assert one.digest != other.digest
    assert gateway_event("shop1", "upstream-status", status_seen(email_out=True), "x", held=True).held
