"""What holds for any events in any order. Hypothesis looks for the story that breaks it."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients.salesmanago import payloads
from app.domain import tags
from app.domain.commands import AddEvent, Command, DeleteContact, EventKind, Line, UpsertContact
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import told
from app.domain.decisions.decide import decide
from app.domain.decisions.learn import learn
from app.domain.decisions.plan import Send
from app.domain.delivery.coalesce import coalesce, up_to_deletion, within_limits
from app.domain.delivery.revocation import opt_outs_of
from app.domain.event_kinds.subjects import email_of
from app.domain.event_parts import NewsletterBox
from app.domain.events import (
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Subscribed,
    TagsEdited,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.person.contact import Contact
from app.domain.person.merge import absorb
from app.domain.salesmanago_limits import MAX_TAG_CHARS, TAGS_PER_CALL
from app.domain.shops.shop import Shop
from tests.support.builders import (
    EMAIL,
    Story,
    a_customer,
    a_shop,
    account_changed,
    an_event,
    an_item,
    an_order,
    an_upsert,
    at,
    cancelled,
    cart_changed,
    commands_of,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    returned,
    somebody,
    subscribed,
    tags_edited,
    unsubscribed,
    viewed,
)

DAWN = at("2026-11-23T00:00")
QUICK = settings(max_examples=100, deadline=None)
THOROUGH = settings(max_examples=250, deadline=None)

# -- strategies: whole events of one person -------------------------------------------------------------------------------

moments = st.integers(0, 12).map(lambda hour: DAWN + timedelta(hours=hour))
ticks = st.builds(NewsletterBox, ticked=st.booleans(), since=st.none() | moments)
panel_tags = st.lists(st.sampled_from(["vip", "VIP", "hurt", "Żółty", "salesmanago_x"]), max_size=2, unique=True)
shops = st.sampled_from([a_shop(policy, **more) for policy in Policy for more in ({}, {"propagate_unconfirmed_removals": True})])


@st.composite
def customers(draw: st.DrawFn, email: str = EMAIL) -> Any:
    said = {name: draw(st.sampled_from([None, "x", "y"])) for name in ("first_name", "company", "phone")}
    return a_customer(
        email,
        wholesaler=draw(st.sampled_from([None, True, False])),
        newsletter_email=draw(ticks),
        newsletter_sms=draw(ticks),
        **said,
    )


orders = st.builds(
    an_order,
    moments,
    order_id=st.sampled_from(["1", "2"]),
    consent=st.sampled_from([True, False, None]),
    customer=customers(),
    categories=st.sampled_from([(), ("Obuwie/Sportowe",), ("Wyprzedaże",)]),
    source=st.sampled_from([None, "allegro"]),
)
undone = st.builds(cancelled, moments, order_id=st.sampled_from(["1", "2"])) | st.builds(
    returned, moments, order_id=st.sampled_from(["1", "2"])
)
moves = st.sampled_from([EMAIL, EMAIL, "jan@new.example.com"]).flatmap(
    lambda email: st.builds(account_changed, moments, customer=customers(email))
)
states = (
    st.builds(registered, moments, customer=customers())
    | moves
    | st.builds(subscribed, moments, by_email=st.booleans(), by_sms=st.booleans(), has_account=st.booleans())
    | st.builds(unsubscribed, moments, by_email=st.booleans(), by_sms=st.booleans(), confirmed=st.booleans())
    | st.builds(tags_edited, moments, added=panel_tags, removed=panel_tags)
    | st.builds(tags_edited, moments, all_tags=panel_tags)
    | st.builds(consent_granted, moments, customer=st.none() | customers())
    | st.builds(consent_withdrawn, moments)
)
occurrences = st.builds(cart_changed, moments) | st.builds(viewed, moments) | orders
living = states | occurrences
everything = living | undone | st.builds(erasure_requested, moments)


@st.composite
def shuffled_with_repetitions(draw: st.DrawFn, events: st.SearchStrategy[Event]) -> list[Event]:
    told = draw(st.lists(events, min_size=1, max_size=8))
    again = draw(st.lists(st.sampled_from(told), max_size=3))
    return draw(st.permutations([*told, *again]))


def facts(contact: Contact) -> Contact:
    """The facts alone. A tag that is off and older than the last full list is as good as never heard of."""
    complete = contact.panel_tags_complete_at
    spoken = {tag: flag for tag, flag in contact.panel_tags.items() if flag.value or complete is None or flag.at > complete}
    return replace(contact, panel_tags=spoken, sent_state=Contact().sent_state, earned_tags=())


def without_acts(contact: Contact) -> Contact:
    """Which acts were for the present address depends on when a move was heard of (R72); see `test_contact.py`."""
    nobody = Contact()
    acts = {"email_news": nobody.email_news, "phone_news": nobody.phone_news, "transfer": nobody.transfer, "moved_at": None}
    return replace(facts(contact), **acts)


def learned(shop: Shop, events: Iterable[Event], contact: Contact | None = None) -> Contact:
    contact = contact or somebody()
    for event in events:
        contact = learn(event, shop, contact)
    return contact


# -- (a) the order of learning --------------------------------------------------------------------------------------------


stories = st.lists(living, max_size=8, unique_by=lambda event: event.at)


@THOROUGH
@given(shops, stories.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))))
def test_events_learned_in_any_order_end_in_the_same_facts(shop: Shop, orders: tuple[list[Event], list[Event]]) -> None:
    one, other = orders
    moves = any(isinstance(event, AccountChanged) and event.customer.email != EMAIL for event in one)
    of = without_acts if moves else facts
    assert of(learned(shop, one)) == of(learned(shop, other))


@QUICK
@given(shops, st.lists(living, max_size=8))
def test_learning_an_event_twice_teaches_nothing_new(shop: Shop, events: list[Event]) -> None:
    once = learned(shop, events)
    if events:
        assert facts(learned(shop, events[-1:], once)) == facts(once)


@QUICK
@given(shops, st.lists(living, max_size=6, unique_by=lambda event: event.at), st.integers(0, 6))
def test_two_memories_of_one_person_join_to_what_one_memory_would_know(shop: Shop, events: list[Event], cut: int) -> None:
    events = [event for event in events if not isinstance(event, AccountChanged)]
    joined = absorb(learned(shop, events[:cut]), learned(shop, events[cut:]))
    assert facts(joined) == facts(learned(shop, events))


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

    def enter(self, event: Event) -> None:
        match event:
            case CustomerRegistered(customer=person) | OrderPlaced(customer=person):
                self._ticked(person.newsletter_email, event, event.at, self.email_in)
                self._ticked(person.newsletter_sms, event, event.at, self.sms_in)
            case AccountChanged(customer=person):
                self._ticked(person.newsletter_email, event, None, self.email_in)
                self._ticked(person.newsletter_sms, event, None, self.sms_in)
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


def right_statuses(ins: list[datetime], outs: list[datetime], erased: datetime) -> set[Status | None]:
    """An erasure forgets opt-ins, not refusals: whoever comes back without a newer opt-in may be told as opted out."""
    return {None, stands(ins, outs), stands([act for act in ins if act > erased], outs)}


def check_guard(shop: Shop, events: list[Event]) -> None:
    ledger, story, erased = Ledger(shop), life(shop), DAWN - timedelta(days=1)
    for event in events:
        ledger.enter(event)
        if isinstance(event, ErasureRequested):
            erased = max(erased, event.at)
        story = story.goes_on(shop, event)
        sent = [command for command in commands_of(story.plan) if not isinstance(command, DeleteContact)]
        if ledger.is_withdrawn or (shop.policy is Policy.ORDER_CONSENT and not ledger.granted):
            assert [one for one in sent if opt_outs_of(one) != one] == []  # a resignation alone passes a closed door (R06a)
        for command in sent:
            if isinstance(command, UpsertContact):
                assert command.email_status in right_statuses(ledger.email_in, ledger.email_out, erased)
                assert command.phone_status in right_statuses(ledger.sms_in, ledger.sms_out, erased)


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
def test_what_salesmanago_was_told_last_is_what_the_person_wants(events: list[Event]) -> None:
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


# -- (c) the algebra of prefixes ------------------------------------------------------------------------------------------

pieces = ["idosell_", "IDOSELL_", "salesmanago_", "SALESmanago ", "shop1_", "ż", " ", ",", "_", "x", "ß"]
texts = st.text(max_size=80) | st.lists(st.sampled_from(pieces), max_size=6).map("".join)


@THOROUGH
@given(texts, st.integers(1, 99))
def test_no_tag_ever_travels_back(text: str, number: int) -> None:
    upstream = tags.to_upstream(text)
    assert upstream is None or tags.to_panel(upstream, number) is None
    panel = tags.to_panel(text, number)
    assert panel is None or tags.to_upstream(panel) is None


@THOROUGH
@given(texts, st.integers(1, 99))
def test_no_path_doubles_a_prefix(text: str, number: int) -> None:
    upstream = tags.to_upstream(text)
    if upstream is not None:
        assert tags.canonical(upstream).startswith("idosell_")
        assert tags.to_upstream(upstream) == upstream
        assert tags.canonical(text).startswith("idosell_idosell_") or not tags.canonical(upstream).startswith("idosell_idosell_")
        assert len(upstream) <= MAX_TAG_CHARS
        assert "," not in upstream
    panel = tags.to_panel(text, number)
    if panel is not None:
        assert panel.startswith(f"salesmanago_shop{number}_")
        assert tags.to_panel(panel, number) is None


@QUICK
@given(texts)
def test_the_compared_form_is_stable_and_blind_to_case_and_folding(text: str) -> None:
    folded = tags.canonical(text[:30])
    assert tags.canonical(folded) == folded
    assert tags.canonical(folded.upper()) == folded
    assert tags.canonical(tags.outgoing_text(text)) == tags.canonical(text)


# -- (d) replay ------------------------------------------------------------------------------------------------------------


def in_order(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.at)


def whole_profile(event: Event) -> Event:
    """Every description names every field, so that nothing waits for an older message to be said."""
    person = getattr(event, "customer", None)
    if person is None:
        return event
    full = replace(person, first_name=person.first_name or "x", company=person.company or "x", phone=person.phone or "x")
    return replace(event, customer=full)


def each_order_once(events: list[Event]) -> list[Event]:
    first = {event.order_id: event for event in reversed(in_order(events)) if isinstance(event, OrderPlaced)}
    return [event for event in events if not isinstance(event, OrderPlaced) or first[event.order_id] is event]


def settled(shop: Shop, story: Story) -> Story:
    """What was learned but not told yet is told, as the next event would."""
    rest = difference(story.contact, a_shop())
    if rest is None or not story.contact.transfer.permits(shop.policy):
        return story
    return replace(story, contact=told(story.contact, [rest]))


def replayed(shop: Shop, events: list[Event]) -> list[Command]:
    """Views are left out: each is an occurrence of its own, told apart only by its event id at the door."""
    events = [event for event in in_order(events) if not isinstance(event, ProductViewed)]
    return list(settled(shop, life(shop, *events)).goes_on(shop, *events).commands)


@THOROUGH
@given(st.lists(living, max_size=8))
def test_where_everything_may_go_nothing_learned_waits_untold(events: list[Event]) -> None:
    """A cart is the exception: it tells what it knows when it is due. So is who was never worth sending at all."""
    events = [event for event in events if not isinstance(event, TransferConsentWithdrawn | CartChanged)]
    story = life(a_shop(), *events)
    assert not story.contact.is_transferred or difference(story.contact, a_shop()) is None


@THOROUGH
@given(st.lists(living, max_size=8, unique_by=lambda event: event.at))
def test_a_replay_changes_nothing_for_anybody_who_never_withdrew(events: list[Event]) -> None:
    assert replayed(a_shop(), [event for event in events if not isinstance(event, TransferConsentWithdrawn)]) == []


@THOROUGH
@given(shops, st.lists(living, max_size=8, unique_by=lambda event: event.at))
def test_a_replay_changes_nothing_where_consents_come_and_go(shop: Shop, events: list[Event]) -> None:
    """An order that a withdrawal withheld may go when it is told again after a new consent, so each is told once here."""
    assert replayed(shop, [whole_profile(event) for event in each_order_once(events)]) == []


@QUICK
@given(st.lists(orders | undone, max_size=6, unique_by=lambda event: event.at))
def test_a_replay_repeats_no_purchase_cancellation_or_return(events: list[Event]) -> None:
    assert replayed(a_shop(), events) == []


# -- (d2) versions of an order, and what takes it back (R18, R19) -----------------------------------------------------------


@st.composite
def order_histories(draw: st.DrawFn) -> list[Event]:
    """Everything that is told of one order, in any order of arrival, some of it again."""
    hours = draw(st.lists(st.integers(1, 12), min_size=2, max_size=8, unique=True))
    told: list[Event] = []
    for hour in hours:
        when = DAWN + timedelta(hours=hour)
        match draw(st.sampled_from(["version", "version", "return", "named return", "cancellation"])):
            case "version":
                told.append(an_order(DAWN, as_of=when, value=draw(st.sampled_from(["1.00", "2.00", "3.00"]))))
            case "return":
                told.append(returned(when, items=(an_item(draw(st.sampled_from(["1", "2"]))),), value="1.00"))
            case "named return":
                told.append(returned(when, items=(an_item("3"),), value="1.00", return_id=draw(st.sampled_from(["a", "b"]))))
            case _:
                told.append(cancelled(when))
    again = draw(st.lists(st.sampled_from(told), max_size=3))
    return draw(st.permutations([an_order(DAWN, as_of=DAWN, value="9.00"), *told, *again]))


@THOROUGH
@given(order_histories())
def test_r18_r19_an_order_ends_as_one_purchase_in_its_newest_version_and_every_return_follows_it_once(events: list[Event]) -> None:
    story = life(a_shop(), *events)
    held: list[AddEvent] = []
    for command in story.commands:
        if isinstance(command, AddEvent) and command.is_update:
            held = [command if one.kind is command.kind else one for one in held]
        elif isinstance(command, AddEvent):
            held.append(command)
    versions = [event for event in events if isinstance(event, OrderPlaced)]
    newest = max(versions, key=lambda version: version.as_of or version.at)
    (purchase,) = [one for one in held if one.kind is EventKind.PURCHASE]
    assert held[0] is purchase
    assert (purchase.value, purchase.lines[0].product_id) == (newest.value, newest.items[0].product_id)
    distinct = {event.return_id or event.items[0].product_id for event in events if isinstance(event, OrderReturned)}
    assert sum(one.kind is EventKind.RETURN for one in held) == len(distinct)
    cancellations = [one.at for one in held if one.kind is EventKind.CANCELLATION]
    assert len(cancellations) == len(set(cancellations))
    assert bool(cancellations) <= any(isinstance(event, OrderCancelled) for event in events)
    assert story.waiting == ()


# -- (e) (f) bundles against a small model of SALESmanago ---------------------------------------------------------------------


@dataclass
class Model:
    """Contacts by address: profile, tags, states, and what happened to them. Renaming carries everything along."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def apply(self, command: Command) -> None:
        match command:
            case UpsertContact():
                held = self.contacts.pop(command.email, None) or {"profile": {}, "tags": set(), "states": {}, "events": Counter()}
                held["profile"].update(command.profile)
                held["tags"] -= {tags.canonical(tag) for tag in command.remove_tags}
                held["tags"] |= {tags.canonical(tag) for tag in command.add_tags}
                spoken = {"email": command.email_status, "phone": command.phone_status}
                held["states"].update({name: status for name, status in spoken.items() if status is not None})
                self.contacts[command.address_after] = held
            case AddEvent():
                self.contacts[command.email]["events"][command.kind, command.external_id] += 1
            case DeleteContact():
                self.contacts.pop(command.email, None)


some_tags = st.lists(st.sampled_from(["a", "b", "c", "Ż", "z"]), max_size=3, unique_by=tags.canonical)
statuses = st.sampled_from([None, Status.OPT_IN, Status.OPT_OUT])


@st.composite
def command_rows(draw: st.DrawFn) -> list[Command]:
    """What the gateway may queue for one contact: addressed as it is called by then, events only to one that exists."""
    address, exists, row = EMAIL, False, []
    for step in draw(st.lists(st.sampled_from(["upsert", "upsert", "rename", "event", "event", "delete"]), max_size=10)):
        if step == "delete":
            row.append(DeleteContact(email=address))
            exists = False
        elif step == "event" and exists:
            row.append(an_event(email=address, external_id=draw(st.sampled_from(["1", "2"]))))
        else:
            added = draw(some_tags)
            removed = [tag for tag in draw(some_tags) if tags.canonical(tag) not in {tags.canonical(one) for one in added}]
            to = draw(st.sampled_from([EMAIL, "b@example.com", "c@example.com"])) if step == "rename" and exists else address
            row.append(
                an_upsert(
                    address,
                    new_email=None if to == address else to,
                    profile=draw(st.dictionaries(st.sampled_from(["first_name", "phone"]), st.sampled_from(["1", "2"]))),
                    add_tags=tuple(added),
                    remove_tags=tuple(removed),
                    email_status=draw(statuses),
                    phone_status=draw(statuses),
                )
            )
            address, exists = to, True
    return row


@THOROUGH
@given(command_rows(), st.integers(1, 10))
def test_bundles_do_the_same_as_their_commands_one_by_one(row: list[Command], claim: int) -> None:
    one_by_one, bundled = Model(), Model()
    for command in row:
        one_by_one.apply(command)
    waiting = list(row)
    while waiting:
        taken = waiting[:claim]
        taken = taken[: up_to_deletion(taken)]
        waiting = waiting[len(taken) :]
        bundle = coalesce(taken)
        for command in (bundle.upsert, *bundle.events, *bundle.deletions):
            if command is not None:
                bundled.apply(command)
    assert bundled == one_by_one


many_tags = st.lists(st.integers(0, 300).map(lambda number: f"t{number}"), max_size=160, unique=True)


@QUICK
@given(many_tags, st.integers(0, 160), st.sampled_from([None, "b@example.com"]), statuses)
def test_the_parts_of_an_upsert_do_the_same_as_the_whole(
    names: list[str], cut: int, new: str | None, status: Status | None
) -> None:
    upsert = an_upsert(
        new_email=new, add_tags=tuple(names[:cut]), remove_tags=tuple(names[cut:]), email_status=status, profile={"phone": "1"}
    )
    whole, parted = Model(), Model()
    for model in (whole, parted):
        model.apply(an_upsert(add_tags=tuple(names[::2])))
    whole.apply(upsert)
    for part in within_limits(upsert):
        assert len(part.add_tags) + len(part.remove_tags) <= TAGS_PER_CALL
        parted.apply(part)
    assert parted == whole


names_of_goods = st.text(max_size=40) | st.text("ąż🇵🇱👩\u200d🚀e\u0301,", max_size=300) | st.just("Buty")
goods = st.lists(
    st.tuples(st.text(min_size=1, max_size=64).filter(lambda text: "," not in text), names_of_goods, st.integers(1, 10**8)),
    min_size=1,
    max_size=300,
)


@QUICK
@given(goods)
def test_ids_names_and_quantities_of_goods_stay_in_line_and_no_id_is_ever_cut(sold: list[tuple[str, str, int]]) -> None:
    lines = tuple(Line(product_id=product, name=name, quantity=Decimal(quantity)) for product, name, quantity in sold)
    made = payloads.event(an_event(lines=lines))
    ids, quantities = made["products"].split(","), made["detail3"].split("/")
    names = made["detail1"].split(",") if "detail1" in made else [""] * len(ids)
    assert len(ids) == len(quantities) == len(names)
    assert (len(made["products"].encode()) <= 512, len(made["detail3"].encode()) <= 255) == (True, True)
    assert len(made.get("detail1", "").encode()) <= 255
    for (product, name, quantity), told_id, told_name, told_quantity in zip(sold, ids, names, quantities, strict=False):
        assert (told_id, told_quantity) == (product, str(quantity))
        whole = " ".join(name.replace(",", " ").split())
        assert whole.startswith(told_name)
        rest = whole[len(told_name) :].lstrip()
        assert told_name in ("", whole) or not unicodedata.combining((rest or "x")[0])
        assert not told_name.endswith("\u200d") or whole[len(told_name) :][:1] in ("", " "), "a joiner keeps what it joins"
    if len(ids) < len(sold):
        more = lines[: len(ids) + 1]
        too_many = len(",".join(line.product_id for line in more).encode()) > 512
        assert too_many or len("/".join(str(line.quantity) for line in more)) > 255, "nothing is dropped that would have fitted"
    if len(",".join(" ".join(name.replace(",", " ").split()) for _, name, _ in sold[: len(ids)]).encode()) <= 255:
        assert names == [" ".join(name.replace(",", " ").split()) for _, name, _ in sold[: len(ids)]], "no name is cut in vain"


@QUICK
@given(st.lists(st.text(min_size=1, max_size=64).filter(lambda text: "," not in text), max_size=60), st.text(max_size=300))
def test_an_event_keeps_within_the_limits_of_salesmanago(products: list[str], name: str) -> None:
    lines = tuple(Line(product_id=product, name=name, quantity=Decimal(1)) for product in products)
    body = payloads.event(an_event(lines=lines, pickup_point=name))
    assert len(body.get("products", "").encode()) <= 512
    assert all(len(body.get(f"detail{number}", "").encode()) <= 255 for number in range(1, 21))


# -- (g) late events -------------------------------------------------------------------------------------------------------


@THOROUGH
@given(shops, shuffled_with_repetitions(states))
def test_a_late_event_never_overwrites_newer_state(shop: Shop, events: list[Event]) -> None:
    contact = learned(shop, events)
    said = [
        (event.at, event.customer)
        for event in events
        if isinstance(event, CustomerRegistered | AccountChanged | TransferConsentGranted) and event.customer
    ]
    for name in ("first_name", "company", "phone"):
        words = [(when, text) for when, person in said if (text := getattr(person, name))]
        newest = {text for when, text in words if when == max(when for when, _ in words)}
        assert (name not in contact.profile and not words) or contact.profile[name].value in newest
    for when, person in said:
        if person.wholesaler is not None:
            assert contact.wholesaler is not None
            assert contact.wholesaler.at >= when
    moved = [event for event in events if isinstance(event, AccountChanged)]
    if moved:
        latest = max(event.at for event in moved)
        assert contact.email in {event.customer.email for event in moved if event.at == latest}


@THOROUGH
@given(shops, st.lists(states | orders, max_size=7, unique_by=lambda event: event.at).flatmap(st.permutations))
def test_salesmanago_never_hears_an_older_word_after_a_newer_one(shop: Shop, events: list[Event]) -> None:
    spoken: dict[str, tuple[datetime, str]] = {}
    story = life(shop)
    for event in events:
        person = getattr(event, "customer", None)
        for name in ("first_name", "company", "phone") if person else ():
            text = getattr(person, name)
            if text and (name not in spoken or spoken[name][0] <= event.at):
                spoken[name] = (event.at, text)
        story = story.goes_on(shop, event)
        for command in commands_of(story.plan):
            for name in spoken if isinstance(command, UpsertContact) else ():
                assert command.profile.get(name) in (None, spoken[name][1])


@QUICK
@given(shops, st.lists(everything, max_size=8))
def test_a_decision_changes_nothing_but_its_answer_and_repeats_itself(shop: Shop, events: list[Event]) -> None:
    story = life(shop, *events[:-1])
    for event in events[-1:]:
        first, second = decide(event, shop, story.contact), decide(event, shop, story.contact)
        assert first == second
        if isinstance(event, CartChanged | TagsEdited | ErasureRequested):
            assert not isinstance(first.plan, Send) or not any(isinstance(one, AddEvent) for one in first.plan.commands)
