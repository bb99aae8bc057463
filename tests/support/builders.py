"""Valid events, shops and people, of which a test says only what matters to it. Times without zone are UTC."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from app.domain.commands import AddEvent, Command, EventKind, Line, UpsertContact
from app.domain.consent import ConsentAnswer, Policy
from app.domain.decisions.decide import decide
from app.domain.decisions.discrepancies import ConflictKind, conflicts
from app.domain.decisions.plan import Defer, Plan, Send
from app.domain.event_kinds.subjects import order_id_of
from app.domain.event_parts import Customer, Item
from app.domain.events import (
    AccessRequested,
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    StatusObserved,
    Subscribed,
    TagsEdited,
    TagsObserved,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.operations.request_log import DoorRequest, Mistake, RequestOutcome
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE, Sale
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop

EMAIL = "jan.kowalski@example.com"
NOON = "2026-11-23T12:00"


def at(text: str | datetime) -> datetime:
    """`at("2026-11-23T10:00")`: an aware datetime. One that is aware already stays as it is."""
    moment = datetime.fromisoformat(text) if isinstance(text, str) else text
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


# -- shops and people ----------------------------------------------------------------------------------------------------


def a_shop(policy: Policy = Policy.ALL_CUSTOMERS, **settings: object) -> Shop:
    plain = Shop(
        id="shop1",
        account="main",
        host="sklep.example.com",
        location="sklep_example",
        number=1,
        policy=policy,
        integration_started_at=at("2026-01-01T00:00"),
    )
    return replace(plain, **settings)  # type: ignore[arg-type]  # the settings of a Shop


def a_careful_shop(**settings: object) -> Shop:
    """A shop that sends only people who consented while ordering."""
    return a_shop(Policy.ORDER_CONSENT, **settings)


def a_customer(email: str = EMAIL, **said: object) -> Customer:
    return replace(Customer(email=email, id="1234", first_name="Jan", last_name="Kowalski"), **said)  # type: ignore[arg-type]


def somebody(email: str = EMAIL) -> Contact:
    """An address we meet for the first time."""
    return Contact(email=email)


# -- what happens in a shop ----------------------------------------------------------------------------------------------


def registered(
    when: str | datetime = NOON, *, customer: Customer | None = None, source: str | None = None, **said: object
) -> CustomerRegistered:
    return CustomerRegistered(at=at(when), customer=customer or a_customer(**said), source=source)  # type: ignore[arg-type]


def account_changed(
    when: str | datetime = NOON, *, customer: Customer | None = None, previous_email: str | None = None, **said: object
) -> AccountChanged:
    return AccountChanged(at=at(when), customer=customer or a_customer(**said), previous_email=previous_email)  # type: ignore[arg-type]


def subscribed(
    when: str | datetime = NOON,
    *,
    email: str = EMAIL,
    by_email: bool = True,
    by_sms: bool = False,
    has_account: bool = False,
    phone: str | None = None,
) -> Subscribed:
    return Subscribed(at=at(when), email=email, by_email=by_email, by_sms=by_sms, has_account=has_account, phone=phone)


def unsubscribed(
    when: str | datetime = NOON, *, email: str = EMAIL, by_email: bool = True, by_sms: bool = False, confirmed: bool = True
) -> Unsubscribed:
    return Unsubscribed(at=at(when), email=email, by_email=by_email, by_sms=by_sms, confirmed=confirmed)


def an_item(
    product_id: str = "101", *, name: str = "Buty", quantity: int = 1, categories: Iterable[str] = (), unit_price: str = "99.50"
) -> Item:
    """`categories`: menu paths as a shop shows them, `Obuwie/Męskie/Sportowe`."""
    return Item(
        product_id=product_id,
        name=name,
        quantity=Decimal(quantity),
        unit_price=Decimal(unit_price),
        menu_paths=tuple(tuple(path.split("/")) for path in categories),
    )


_BOXES = {True: ConsentAnswer.GIVEN, False: ConsentAnswer.NOT_GIVEN, None: ConsentAnswer.NOT_ASKED}


def an_order(
    when: str | datetime = NOON,
    *,
    order_id: str = "5501",
    consent: bool | None = True,
    customer: Customer | None = None,
    categories: Iterable[str] = (),
    items: tuple[Item, ...] | None = None,
    value: str = "199.99",
    source: str | None = None,
    pickup_point: str | None = None,
    as_of: str | datetime | None = None,
    currency: str = "PLN",
) -> OrderPlaced:
    """`consent`: the box of the order form, True ticked, False left empty, None not shown. `as_of`: a newer version of it."""
    return OrderPlaced(
        at=at(when),
        customer=customer or a_customer(),
        order_id=order_id,
        box=_BOXES[consent],
        currency=currency,
        value=Decimal(value),
        items=(an_item(categories=categories),) if items is None else items,
        source=source,
        pickup_point=pickup_point,
        as_of=None if as_of is None else at(as_of),
    )


def cancelled(when: str | datetime = NOON, *, order_id: str = "5501", email: str = EMAIL) -> OrderCancelled:
    return OrderCancelled(at=at(when), email=email, order_id=order_id)


def returned(
    when: str | datetime = NOON,
    *,
    order_id: str = "5501",
    email: str = EMAIL,
    items: tuple[Item, ...] = (),
    value: str | None = None,
    return_id: str | None = None,
) -> OrderReturned:
    worth = None if value is None else Decimal(value)
    return OrderReturned(at=at(when), email=email, order_id=order_id, return_id=return_id, items=items, value=worth)


def cart_changed(
    when: str | datetime = NOON,
    *,
    email: str | None = EMAIL,
    cart_id: str = "basket-77",
    items: tuple[Item, ...] | None = None,
    value: str | None = "99.50",
    currency: str | None = "PLN",
    recovery_url: str | None = "https://sklep.example.com/basket/77",
) -> CartChanged:
    return CartChanged(
        at=at(when),
        email=email,
        cart_id=cart_id,
        currency=currency,
        value=None if value is None else Decimal(value),
        items=(an_item(),) if items is None else items,
        recovery_url=recovery_url,
    )


def viewed(when: str | datetime = NOON, *, email: str = EMAIL, product_id: str = "101") -> ProductViewed:
    return ProductViewed(at=at(when), email=email, product_id=product_id, url=f"https://sklep.example.com/p/{product_id}")


def tags_edited(
    when: str | datetime = NOON,
    *,
    email: str | None = EMAIL,
    customer_id: str | None = None,
    added: Iterable[str] = (),
    removed: Iterable[str] = (),
    all_tags: Iterable[str] | None = None,
) -> TagsEdited:
    """`all_tags`: the full set now; otherwise what changed."""
    full = None if all_tags is None else tuple(all_tags)
    return TagsEdited(at=at(when), email=email, customer_id=customer_id, added=tuple(added), removed=tuple(removed), all_tags=full)


def tags_seen(when: str | datetime = NOON, tags: Mapping[str, int] | None = None, *, email: str = EMAIL) -> TagsObserved:
    """SALESmanago shows all tags of the contact, with their points."""
    return TagsObserved(at=at(when), email=email, tags=tuple((tags or {}).items()))


def status_seen(
    when: str | datetime = NOON,
    *,
    email: str = EMAIL,
    email_out: bool | None = None,
    phone_out: bool | None = None,
    acted: bool = False,
) -> StatusObserved:
    return StatusObserved(at=at(when), email=email, email_out=email_out, phone_out=phone_out, acted=acted)


def lost_tags(contact: Contact, shop: Shop) -> list[str]:
    """The conflicts a person is shown about tags that SALESmanago lost (R26)."""
    return [tag for one in conflicts(contact, shop) if one.kind is ConflictKind.TAG_LOST for tag in one.about]


def consent_granted(when: str | datetime = NOON, *, email: str = EMAIL, customer: Customer | None = None) -> TransferConsentGranted:
    return TransferConsentGranted(at=at(when), email=email, customer=customer)


def consent_withdrawn(when: str | datetime = NOON, *, email: str = EMAIL) -> TransferConsentWithdrawn:
    return TransferConsentWithdrawn(at=at(when), email=email)


def erasure_requested(when: str | datetime = NOON, *, email: str = EMAIL) -> ErasureRequested:
    return ErasureRequested(at=at(when), email=email)


def access_requested(when: str | datetime = NOON, *, email: str = EMAIL) -> AccessRequested:
    return AccessRequested(at=at(when), email=email)


# -- commands ------------------------------------------------------------------------------------------------------------


def an_upsert(email: str = EMAIL, **says: object) -> UpsertContact:
    return replace(UpsertContact(email=email), **says)  # type: ignore[arg-type]


def an_event(kind: EventKind = EventKind.PURCHASE, when: str | datetime = NOON, **says: object) -> AddEvent:
    plain = AddEvent(
        email=EMAIL,
        kind=kind,
        at=at(when),
        external_id="5501",
        location="sklep_example",
        shop_host="sklep.example.com",
        lines=(Line(product_id="101", name="Buty", quantity=Decimal(1)),),
        value=Decimal("199.99"),
        currency="PLN",
    )
    return replace(plain, **says)  # type: ignore[arg-type]


# -- one event after another ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Story:
    """What became of some events of one person, decided one after another."""

    plans: tuple[Plan, ...] = ()
    contact: Contact = field(default_factory=somebody)
    sales: Mapping[str, Sale] = field(default_factory=dict)
    waiting: tuple[Event, ...] = ()
    """Cancellations and returns whose order has not come yet."""

    def goes_on(self, shop: Shop, *events: Event) -> "Story":
        """The same person, later. The plans are those of the new events alone."""
        return _lived(shop, events, self)

    @property
    def plan(self) -> Plan:
        """What became of the last event."""
        return self.plans[-1]

    @property
    def commands(self) -> tuple[Command, ...]:
        return tuple(command for plan in self.plans for command in commands_of(plan))


def life(shop: Shop, *events: Event) -> Story:
    """Decide the events of one person in the order given."""
    return _lived(shop, events, Story())


def _lived(shop: Shop, events: Iterable[Event], before: Story) -> Story:
    plans: list[Plan] = []
    contact, remembered, waiting, left = before.contact, dict(before.sales), list(before.waiting), list(events)
    while left:
        event = left.pop(0)
        order_id = order_id_of(event) or ""
        plan, contact, sale, _ = decide(event, shop, contact, remembered.get(order_id, NO_SALE))
        plans.append(plan)
        if order_id:
            remembered[order_id] = sale
        if plan == Defer(Reason.WAITS_FOR_ORDER):
            waiting.append(event)
        elif isinstance(event, OrderPlaced):
            follows = [one for one in waiting if order_id_of(one) == order_id]
            waiting = [one for one in waiting if one not in follows]
            left = [*sorted(follows, key=lambda one: one.at), *left]
    return Story(tuple(plans), contact, remembered, tuple(waiting))


def commands_of(plan: Plan) -> tuple[Command, ...]:
    return plan.commands if isinstance(plan, Send) else ()


def reason_of(plan: Plan) -> Reason | None:
    return None if isinstance(plan, Send) else plan.reason


def the_upsert(plan: Plan) -> UpsertContact:
    """The one contact part of a plan."""
    (found,) = [command for command in commands_of(plan) if isinstance(command, UpsertContact)]
    return found


def the_event(plan: Plan) -> AddEvent:
    """The one thing that a plan says has happened."""
    (found,) = [command for command in commands_of(plan) if isinstance(command, AddEvent)]
    return found


def a_door_request(number: int, shop: str | None = "shop1", outcome: RequestOutcome = RequestOutcome.REFUSED) -> DoorRequest:
    """One that was refused a second after the one before."""
    return DoorRequest(
        id=f"r{number}",
        at=at(NOON) + timedelta(seconds=number),
        milliseconds=3,
        method="POST",
        path="/v1/shops/shop1/orders",
        status=422,
        outcome=outcome,
        shop_id=shop,
        key_id="ab12cd34",
        event_id=f"order-{number}",
        problem="invalid",
        mistakes=(Mistake("order.id", "missing", "Field required"),),
    )
