"""Nothing leaves that consent does not cover (R01-R07)."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given

from app.domain.commands import DeleteContact, UpsertContact
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.delivery.revocation import opt_outs_of
from app.domain.event_kinds.subjects import email_of
from app.domain.event_parts import NewsletterBox
from app.domain.events import (
    AccountChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    OrderPlaced,
    Subscribed,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.shops.shop import Shop
from tests.domain.decisions.properties.strategies import (
    DAWN,
    QUICK,
    THOROUGH,
    everything,
    living,
    shops,
    shuffled_with_repetitions,
    undone,
)
from tests.support.builders import EMAIL, a_shop, commands_of, life

# -- (b) the consent guard ------------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """The acts of a person, kept apart from the code under test in the simplest way that can be right."""

    shop: Shop
    email_in: list[datetime] = field(default_factory=list)
    email_out: list[datetime] = field(default_factory=list)
    sms_in: list[datetime] = field(default_factory=list)
    sms_out: list[datetime] = field(default_factory=list)
    granted: list[datetime] = field(default_factory=list)
    withdrawn: list[datetime] = field(default_factory=list)
    placed: dict[str, datetime] = field(default_factory=dict)

    def enter(self, event: Event) -> None:
        if isinstance(event, OrderPlaced):  # said again, it is a newer version of what was done then (R18)
            self.placed[event.order_id] = min(event.at, self.placed.get(event.order_id, event.at))
            event = replace(event, at=self.placed[event.order_id])
        match event:
            case CustomerRegistered(customer=person) | OrderPlaced(customer=person):
                self._ticked(person.newsletter_email, event, event.at, self.email_in)
                self._ticked(person.newsletter_sms, event, event.at, self.sms_in)
            case AccountChanged(customer=person):
                for box, acts in ((person.newsletter_email, self.email_in), (person.newsletter_sms, self.sms_in)):
                    if box.since is not None and box.since <= event.at + timedelta(minutes=5):  # no date that clocks explain
                        self._ticked(box, event, None, acts)
            case Subscribed():
                self.email_in += [event.at] if event.by_email else []
                self.sms_in += [event.at] if event.by_sms else []
            case Unsubscribed() if event.confirmed or self.shop.propagate_unconfirmed_removals:
                self.email_out += [event.at] if event.by_email else []
                self.sms_out += [event.at] if event.by_sms else []
            case TransferConsentGranted():
                self.granted.append(event.at)
            case TransferConsentWithdrawn():
                self.withdrawn.append(event.at)
            case _:
                pass
        if isinstance(event, OrderPlaced) and event.box is ConsentAnswer.GIVEN:
            self.granted.append(event.at)

    @staticmethod
    def _ticked(box: NewsletterBox, event: Event, otherwise: datetime | None, acts: list[datetime]) -> None:
        """An act is no younger than the message that tells of it."""
        when = box.since or otherwise
        if box.ticked and when is not None:
            acts.append(min(when, event.at))

    @property
    def is_withdrawn(self) -> bool:
        return bool(self.withdrawn) and max(self.withdrawn) >= max(self.granted, default=DAWN - timedelta(days=1))


def stands(ins: list[datetime], outs: list[datetime]) -> Status | None:
    if outs and (not ins or max(outs) >= max(ins)):
        return Status.OPT_OUT
    return Status.OPT_IN if ins else None


def right_statuses(ins: list[datetime], outs: list[datetime], erased: datetime, unheard: list[datetime]) -> set[Status | None]:
    """An erasure forgets opt-ins, not refusals: whoever comes back without a newer opt-in may be told as opted out.

    `unheard`: opt-ins that an account's change told of somebody erased, whom it does not bring back (M3).
    """
    since = [act for act in ins if act > erased]
    return {None, stands(ins, outs), stands(since, outs), stands([act for act in since if act not in unheard], outs)}


def check_guard(shop: Shop, events: list[Event]) -> None:
    ledger, unheard, story, erased, is_gone = Ledger(shop), Ledger(shop), life(shop), DAWN - timedelta(days=1), False
    for event in events:
        ledger.enter(event)
        if isinstance(event, ErasureRequested):
            erased, is_gone = max(erased, event.at), True
        elif isinstance(event, CustomerRegistered | Subscribed | OrderPlaced | TransferConsentGranted) and event.at > erased:
            is_gone = False
        elif isinstance(event, AccountChanged) and is_gone:
            unheard.enter(event)
        story = story.goes_on(shop, event)
        sent = [command for command in commands_of(story.plan) if not isinstance(command, DeleteContact)]
        if ledger.is_withdrawn or (shop.policy is Policy.ORDER_CONSENT and not ledger.granted):
            assert [one for one in sent if opt_outs_of(one) != one] == []  # a resignation alone passes a closed door (R06a)
        for command in sent:
            if isinstance(command, UpsertContact):
                assert command.email_status in right_statuses(ledger.email_in, ledger.email_out, erased, unheard.email_in)
                assert command.phone_status in right_statuses(ledger.sms_in, ledger.sms_out, erased, unheard.sms_in)


@THOROUGH
@given(shops, shuffled_with_repetitions(living | undone))
def test_nobody_is_opted_in_or_sent_without_an_act_newer_than_every_refusal(shop: Shop, events: list[Event]) -> None:
    check_guard(shop, events)


@THOROUGH
@given(shops, shuffled_with_repetitions(everything))
def test_the_guard_holds_across_erasures_too(shop: Shop, events: list[Event]) -> None:
    check_guard(shop, events)


@QUICK
@given(shops, shuffled_with_repetitions(living))
def test_sms_never_follows_from_an_e_mail_act(shop: Shop, events: list[Event]) -> None:
    silent = [_without_sms(event) for event in events]
    assert all(not isinstance(one, UpsertContact) or one.phone_status is None for one in life(shop, *silent).commands)


def _without_sms(event: Event) -> Event:
    match event:
        case CustomerRegistered() | OrderPlaced() | AccountChanged():
            return replace(event, customer=replace(event.customer, newsletter_sms=NewsletterBox()))
        case Subscribed() | Unsubscribed():
            return replace(event, by_sms=False)
        case _:
            return event


@THOROUGH
@given(shuffled_with_repetitions(living))
def test_what_was_sent_to_salesmanago_last_is_what_the_person_wants(events: list[Event]) -> None:
    """Where everything may be sent, no act is swallowed: not even one of the same moment as another."""
    shop = a_shop()
    events = [event for event in events if not isinstance(event, TransferConsentWithdrawn)]
    ledger = Ledger(shop)
    for event in events:
        ledger.enter(event)
    story = life(shop, *events)
    rest = difference(story.contact, a_shop())
    upserts = [one for one in (*story.commands, rest) if isinstance(one, UpsertContact)]
    for name, ins, outs in (("email_status", ledger.email_in, ledger.email_out), ("phone_status", ledger.sms_in, ledger.sms_out)):
        said = [status for one in upserts if (status := getattr(one, name)) is not None]
        last = said[-1] if said else None
        if {email_of(event) for event in events} <= {None, EMAIL}:
            assert last == stands(ins, outs)
        else:  # an opt-in for one address is none for another that resigned (R72): the stricter word may stand
            assert last in (stands(ins, outs), Status.OPT_OUT, None)
