"""How a panel behaves, without HTTP: who is known, what tags and approvals do."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.sandbox.panel.memory.model import (
    ZERO_TIME,
    Approval,
    Channel,
    Consents,
    Customer,
    MenuNode,
    Order,
    Product,
    Return,
    Shop,
    Subscriber,
)
from app.sandbox.panel.memory.rules import AddAgain, Approvals, Rules


class FaultError(Exception):
    """The panel refuses with a fault code; what the code means depends on the gate."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass
class Panel:
    """All shops of one merchant. Time comes in as `now`, a text in local time."""

    shops: dict[int, Shop]
    rules: Rules = field(default_factory=Rules)
    number: int = 1234
    dedicated_server: bool = False
    customers: dict[int, Customer] = field(default_factory=dict)
    subscribers: list[Subscriber] = field(default_factory=list)
    tags: dict[int, str] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    returns: dict[int, Return] = field(default_factory=dict)
    menu: dict[int, MenuNode] = field(default_factory=dict)
    products: dict[int, Product] = field(default_factory=dict)
    _logins: dict[str, int] = field(default_factory=dict)
    _tag_ids: dict[str, int] = field(default_factory=dict)
    _last_tag_id: int = 30

    # Finding

    def by_login(self, login: str) -> Customer | None:
        return self.customers.get(self._logins.get(login, 0))

    def by_email(self, email: str) -> list[Customer]:
        """The panel does not promise that an address belongs to one account."""
        wanted = email.strip().casefold()
        return [one for one in self.customers.values() if one.email.casefold() == wanted]

    def orders_of(self, customer: Customer) -> list[Order]:
        return [order for order in self.orders.values() if order.customer_id == customer.id]

    def tags_of(self, customer: Customer) -> dict[str, int]:
        return {self.tags[tag_id]: value for tag_id, value in customer.tags.items()}

    # Customers

    def add(self, customer: Customer) -> Customer:
        if customer.login in self._logins:
            raise FaultError(3, "Login jest już zajęty")
        self.check_shops(customer.active_shops)
        self.customers[customer.id] = customer
        self._logins[customer.login] = customer.id
        return customer

    def next_customer_id(self) -> int:
        return max(self.customers, default=1023) + 1

    def check_shops(self, shop_ids: Iterable[int]) -> None:
        if any(shop_id not in self.shops for shop_id in shop_ids):
            raise FaultError(14, "Niepoprawny identyfikator sklepu")

    def edit(self, customer: Customer, changes: Mapping[str, object], now: str) -> None:
        """Overwrite the named attributes; what is missing stays as it was."""
        for name, value in changes.items():
            setattr(customer, name, value)
        if changes:
            customer.modified_at = now

    # Approvals

    def check_approvals(self, active_shops: Collection[int], shop_ids: Collection[int]) -> None:
        self.check_shops(shop_ids)
        if self.rules.only_active_shops and any(shop_id not in active_shops for shop_id in shop_ids):
            raise FaultError(14, "Niepoprawny identyfikator sklepu")

    def approve(self, customer: Customer, channel: Channel, said: Mapping[int, bool], now: str) -> None:
        """Write the approvals of some shops; the rules say what this does to the other shops."""
        if self.rules.approvals == Approvals.REPLACE:
            kept = {shop_id: one for shop_id, one in customer.consents[channel].items() if shop_id in said}
            customer.consents[channel] = kept
        for shop_id, given in said.items():
            state(customer.consents, channel, shop_id, given, now)
        self._touch(customer, now)

    def say(self, customer: Customer, channel: Channel, shop_id: int, given: bool, now: str) -> None:
        """The customer or the staff clicks in the panel: one statement, and no other shop is concerned."""
        self.check_shops([shop_id])
        state(customer.consents, channel, shop_id, given, now)
        self._touch(customer, now)

    def _touch(self, customer: Customer, now: str) -> None:
        if self.rules.small_changes_touch:
            customer.modified_at = now

    def subscribe(self, email: str, phone: str, said: Mapping[tuple[Channel, int], bool], now: str) -> Subscriber:
        """Somebody without account signs up or resigns; the same address again is the same subscriber."""
        self.check_shops(shop_id for _, shop_id in said)
        found = (one for one in self.subscribers if (one.email, one.phone) == (email, phone))
        subscriber = next(found, None)
        if subscriber is None:
            subscriber = Subscriber(len(self.subscribers) + 1, email, phone)
            self.subscribers.append(subscriber)
        for (channel, shop_id), given in said.items():
            state(subscriber.consents, channel, shop_id, given, now)
        return subscriber

    # Tags

    def tag_id(self, name: str) -> int | None:
        return self._tag_ids.get(self._tag_key(name))

    def _tag_key(self, name: str) -> str:
        return name if self.rules.tag_case_matters else name.casefold()

    def _define(self, name: str) -> int:
        known = self.tag_id(name)
        if known is not None:
            return known
        self._last_tag_id += 1
        self.tags[self._last_tag_id] = name
        self._tag_ids[self._tag_key(name)] = self._last_tag_id
        return self._last_tag_id

    def add_tag(self, customer: Customer, name: str, value: int, now: str) -> int:
        """Attach a tag by its name, which is defined when new. Returns the id of the definition."""
        limit = self.rules.max_tag_length
        if not name.strip() or value < 1 or (limit is not None and len(name) > limit):
            raise FaultError(1, "Niepoprawna nazwa lub wartość tagu")
        has = customer.tags.get(self.tag_id(name) or 0)
        if has is not None and self.rules.add_again == AddAgain.ERROR:
            raise FaultError(1, "Klient ma już ten tag")
        tag_id = self._define(name)
        customer.tags[tag_id] = value + (has or 0 if self.rules.add_again == AddAgain.ADD else 0)
        self._touch(customer, now)
        return tag_id

    def set_tag(self, customer: Customer, tag_id: int, operation: str, operand: int, now: str) -> int:
        """Change the value of an attached tag and return it; at 0 the tag is gone."""
        if tag_id not in customer.tags:
            raise FaultError(1, "Klient nie ma tego tagu")
        before = customer.tags[tag_id]
        value = {"set": operand, "add": before + operand, "subtract": before - operand}[operation]
        if value > 0:
            customer.tags[tag_id] = value
            self._touch(customer, now)
            return value
        self.detach(customer, tag_id, now)
        return 0

    def detach(self, customer: Customer, tag_id: int, now: str) -> None:
        if tag_id not in customer.tags:
            raise FaultError(1, "Klient nie ma tego tagu")
        del customer.tags[tag_id]
        self._touch(customer, now)
        if self.rules.tags_vanish_unused and not any(tag_id in one.tags for one in self.customers.values()):
            del self._tag_ids[self._tag_key(self.tags.pop(tag_id))]

    def staff_tags(self, customer: Customer, add: Mapping[str, int], remove: Iterable[str], now: str) -> None:
        """The staff edits tags in the panel: values overwrite, and what is not there need not be removed."""
        for name in remove:
            tag_id = self.tag_id(name)
            if tag_id in customer.tags:
                self.detach(customer, tag_id, now)
        for name, value in add.items():
            tag_id = self._define(name)
            customer.tags[tag_id] = value
            self._touch(customer, now)

    # Menu

    def path(self, node: MenuNode) -> Iterator[MenuNode]:
        """The nodes from the top down to this one."""
        parent = self.menu.get(node.parent_id)
        if parent is not None:
            yield from self.path(parent)
        yield node

    def children(self, parent_id: int, shop_id: int, menu_id: int) -> list[MenuNode]:
        wanted = (parent_id, shop_id, menu_id)
        return [node for node in self.menu.values() if (node.parent_id, node.shop_id, node.menu_id) == wanted]


def state(consents: Consents, channel: Channel, shop_id: int, given: bool, now: str) -> None:
    """Remember a statement. One which says nothing new changes nothing, so a consent keeps its date."""
    known = consents[channel].get(shop_id)
    if known is None or known.given is not given:
        consents[channel][shop_id] = Approval(now if given else ZERO_TIME, now)
