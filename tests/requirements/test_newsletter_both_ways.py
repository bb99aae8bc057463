"""R50 to R57: newsletter status in both directions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from app.clients.idosell.client import IdosellPanel
from app.clients.salesmanago import payloads
from app.clients.shop_webhook import NotConnected
from app.clients.transport import Reply
from app.domain.commands import (
    ConfirmOptIn,
    SetSubscription,
)
from app.domain.consent import Status, TimedStatus
from app.domain.decisions.plan import Withhold
from app.domain.delivery.outcomes import NeedsPerson, Park, verdict
from app.domain.errors import ForgedCallback
from app.domain.events import OptInClaimed, OptOutClaimed
from app.domain.intake.inbox import NewEvent
from app.domain.reasons import EXPLANATIONS, Reason
from app.domain.shops.callbacks import reached, signature, verified
from app.domain.shops.shop import Account, FanOut, Panel, PanelKind
from app.services.from_salesmanago.callbacks import Callbacks
from tests.support.builders import (
    EMAIL,
    a_shop,
    at,
    commands_of,
    life,
    registered,
    status_seen,
    subscribed,
    the_upsert,
    unsubscribed,
)
from tests.support.rows import CAREFUL, OPEN, always

CALLBACK_SECRETS = {"shop1": ["AbCdEfGh12345678"], "shop2": ["ZyXwVuTs87654321"], "main": ["Account123456789", "OldSecret1234567"]}


def test_r50_subscribing_is_an_opt_in_where_the_policy_allows_it() -> None:
    assert the_upsert(life(OPEN, subscribed()).plan).email_status is Status.OPT_IN
    assert life(CAREFUL, subscribed()).plan == Withhold(Reason.NO_CONSENT)


@pytest.mark.parametrize("has_account", [True, False])
def test_r51_a_confirmed_resignation_is_an_opt_out_also_without_an_account(has_account: bool) -> None:
    assert the_upsert(life(OPEN, unsubscribed(confirmed=True)).plan).email_status is Status.OPT_OUT
    known = life(OPEN, subscribed("2026-11-23T10:00", has_account=has_account))
    assert the_upsert(known.goes_on(OPEN, unsubscribed(confirmed=True)).plan).email_status is Status.OPT_OUT


def test_r52_a_removal_by_staff_is_not_sent_unless_the_shop_says_so() -> None:
    known = life(OPEN, subscribed("2026-11-23T10:00"))
    assert known.goes_on(OPEN, unsubscribed(confirmed=False)).plan == Withhold(Reason.UNCONFIRMED_REMOVAL)
    eager = a_shop(propagate_unconfirmed_removals=True)
    assert the_upsert(known.goes_on(eager, unsubscribed(confirmed=False)).plan).email_status is Status.OPT_OUT


def test_r52_the_reason_tells_the_merchant_to_mark_the_opt_out_in_salesmanago() -> None:
    explained = EXPLANATIONS[Reason.UNCONFIRMED_REMOVAL]
    assert "mark the opt-out on the contact in SALESmanago" in explained.what_to_do
    assert "oznacz rezygnację (opt-out)" in explained.what_to_do_pl


@pytest.mark.parametrize("opt_in", [True, False])
async def test_r53_a_call_at_a_shops_address_concerns_that_shop_alone(opt_in: bool) -> None:
    callbacks, taken = callbacks_of(knowing={"shop1": True, "shop2": True})
    (own,) = CALLBACK_SECRETS["shop1"]
    email = callbacks.verified_for_shop("shop1", EMAIL, signature(EMAIL, own), None)
    await callbacks.take_for_shop("shop1", email, opt_in=opt_in)
    assert [(one.shop_id, one.event.email) for one in taken] == [("shop1", EMAIL)]
    for shop, secrets in CALLBACK_SECRETS.items():
        if shop != "shop1":
            with pytest.raises(ForgedCallback):
                callbacks.verified_for_shop("shop1", EMAIL, signature(EMAIL, secrets[0]), None)


def test_r53_it_changes_the_e_mail_newsletter_and_not_the_sms() -> None:
    both = life(OPEN, subscribed("2026-11-23T10:00", by_sms=True))
    (change,) = both.goes_on(OPEN, status_seen("2026-11-23T11:00", email_out=True, acted=True)).commands
    assert change == SetSubscription(email=EMAIL, email_news=TimedStatus(Status.OPT_OUT, at("2026-11-23T11:00")))


REACHED = [
    (FanOut.ALL, {"shop1": True, "shop3": False}, ["shop1", "shop3"]),
    (FanOut.BY_LOCATION, {"shop1": True, "shop3": False}, ["shop1"]),
    (FanOut.BY_LOCATION, {"shop1": False, "shop3": False}, ["shop1", "shop3"]),
    (FanOut.ALL, {}, ["shop1", "shop2", "shop3"]),
]


@pytest.mark.parametrize(("fan_out", "knowing", "shops"), REACHED)
async def test_r54_a_call_at_the_accounts_address_reaches_every_shop_that_knows_the_person_with_a_receipt_each(
    fan_out: FanOut, knowing: dict[str, bool], shops: list[str]
) -> None:
    callbacks, taken = callbacks_of(fan_out, knowing)
    email = callbacks.verified_for_account("main", EMAIL, signature(EMAIL, CALLBACK_SECRETS["main"][0]), None)
    await callbacks.take_for_account("main", email, opt_in=False)
    assert [one.shop_id for one in taken] == shops
    assert all(one.event == OptOutClaimed(at=at(NOW), email=EMAIL) for one in taken)
    assert list(reached(fan_out, ["shop1", "shop2", "shop3"], knowing)) == shops


def test_r55_a_callback_is_believed_by_its_signature_under_either_reading_and_either_secret() -> None:
    secrets, plus = CALLBACK_SECRETS["main"], "jan+test@example.com"
    for secret in secrets:
        key = signature(plus, secret)
        assert verified("jan+test@example.com", key, secrets) == plus
        assert verified("jan%2Btest%40example.com", key.upper(), secrets) == plus
    assert verified(EMAIL, signature(plus, secrets[0]), secrets) is None
    assert verified(EMAIL, signature(EMAIL, ""), []) is None


def test_r55_an_opt_out_counts_at_once_and_an_opt_in_only_once_salesmanago_shows_it() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    out = known.goes_on(OPEN, status_seen("2026-11-23T11:00", email_out=True, acted=True))
    assert [type(one) for one in out.commands] == [SetSubscription]
    claimed = out.goes_on(OPEN, OptInClaimed(at=at("2026-11-23T12:00"), email=EMAIL))
    assert claimed.commands == (ConfirmOptIn(email=EMAIL, at=at("2026-11-23T12:00")),)
    assert claimed.contact.email_news.status is Status.OPT_OUT
    confirmed = claimed.goes_on(OPEN, status_seen("2026-11-23T12:00", email_out=False, acted=True))
    assert confirmed.contact.email_news.status is Status.OPT_IN
    assert [type(one) for one in confirmed.commands] == [SetSubscription]


@pytest.mark.parametrize("out", [True, False])
def test_r55_a_callback_is_harmless_when_repeated_and_never_echoed(out: bool) -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), status_seen("2026-11-23T10:30", email_out=not out))
    called = status_seen("2026-11-23T11:00", email_out=out, acted=True)
    once = known.goes_on(OPEN, called)
    assert [type(one) for one in once.commands] == [SetSubscription]
    later = once.goes_on(OPEN, called, called, status_seen("2026-11-23T12:00", email_out=out), registered("2026-11-23T13:00"))
    assert later.commands == ()


async def test_r55_what_a_callback_says_is_stored_and_an_opt_in_stays_a_claim() -> None:
    callbacks, taken = callbacks_of()
    await callbacks.take_for_shop("shop1", EMAIL, opt_in=True)
    await callbacks.take_for_shop("shop1", EMAIL, opt_in=False)
    assert [one.event for one in taken] == [
        OptInClaimed(at=at(NOW), email=EMAIL),
        OptOutClaimed(at=at(NOW), email=EMAIL),
    ]
    assert len({one.event_id for one in taken}) == 2


def test_r55_an_opt_out_of_the_phone_is_found_by_looking() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), status_seen("2026-11-23T11:00", phone_out=False))
    (change,) = known.goes_on(OPEN, status_seen("2026-11-23T12:00", phone_out=True)).commands
    assert isinstance(change, SetSubscription)
    assert (change.email_news, change.phone_news) == (None, TimedStatus(Status.OPT_OUT, at("2026-11-23T12:00")))


RESIGNED = SetSubscription(email=EMAIL, email_news=TimedStatus(Status.OPT_OUT, at("2026-11-23T11:00")))


async def test_r56_a_subscriber_without_account_goes_to_the_shops_own_address_or_waits_for_a_person() -> None:
    shop = a_shop(panel=Panel(kind=PanelKind.IDOSELL, base_url="https://sklep.example.com"))
    noticed: list[SetSubscription] = []
    nobody_there: Any = SimpleNamespace(send=always(Reply(200, b'{"clientsResults": [], "resultsNumberAll": 0}')))
    notices: Any = SimpleNamespace(set_subscription=noting(noticed))
    await IdosellPanel(shop, "key", nobody_there, lambda: at(NOW), notices=notices).set_subscription(RESIGNED, 7)
    assert noticed == [RESIGNED]
    by_hand = await IdosellPanel(shop, "key", nobody_there, lambda: at(NOW)).set_subscription(RESIGNED, 7)
    assert by_hand.outcome == NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)


async def test_r56_what_no_machine_can_write_is_parked_for_a_person_and_never_dropped() -> None:
    answer = await NotConnected(lambda: at(NOW)).set_subscription(RESIGNED, 7)
    assert answer.outcome == NeedsPerson(Reason.NOT_CONNECTED)
    for reason in (Reason.NOT_CONNECTED, Reason.NO_ACCOUNT_IN_PANEL):
        assert verdict(NeedsPerson(reason), 1, at(NOW), at(NOW), 0.5) == Park(reason)
        assert EXPLANATIONS[reason].what_to_do


@pytest.mark.parametrize(("out", "status"), [(True, Status.OPT_OUT), (False, Status.OPT_IN)])
def test_r57_opt_in_means_agreed_and_opt_out_means_resigned_in_both_directions(out: bool, status: Status) -> None:
    act = unsubscribed("2026-11-23T11:00") if out else subscribed("2026-11-23T11:00")
    flags = payloads.upsert(the_upsert(life(OPEN, registered("2026-11-23T10:00"), act).plan))
    assert (flags["forceOptOut"], flags["forceOptIn"]) == (out, not out)
    heard = life(OPEN, registered("2026-11-23T10:00"), status_seen("2026-11-23T11:00", email_out=out, acted=True))
    (change,) = commands_of(heard.plan)
    assert isinstance(change, SetSubscription)
    assert change.email_news == TimedStatus(status, at("2026-11-23T11:00"))


NOW = "2026-11-23T12:00"


def noting(noted: list[Any]) -> Any:
    async def answer(command: Any, _: int) -> Any:
        noted.append(command)

    return answer


def callbacks_of(fan_out: FanOut = FanOut.ALL, knowing: dict[str, bool] | None = None) -> tuple[Callbacks, list[NewEvent]]:
    """The real use case of three shops on one account; what it hands to the inbox is in the list."""
    account = Account(id="main", endpoint="https://app3.salesmanago.com", client_id="c", owner=EMAIL, fan_out=fan_out)
    shops = {name: a_shop(id=name, number=number) for number, name in enumerate(("shop1", "shop2", "shop3"), start=1)}
    taken: list[NewEvent] = []

    async def accept(events: list[NewEvent]) -> None:
        taken.extend(events)

    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        yield SimpleNamespace(contacts=SimpleNamespace(shops_knowing=always(knowing or {})))

    store: Any = SimpleNamespace(work=unit)
    intake: Any = SimpleNamespace(accept=accept)
    directory: Any = SimpleNamespace(
        account={"main": account}.get,
        shop=shops.get,
        shops_of=lambda _: list(shops.values()),
        shop_callback_secrets=lambda name: CALLBACK_SECRETS.get(name, []),
        account_callback_secrets=lambda name: CALLBACK_SECRETS.get(name, []),
    )
    return Callbacks(store, directory, intake, lambda: at(NOW)), taken
