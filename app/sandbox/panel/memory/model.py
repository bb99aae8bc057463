"""What a panel remembers: shops, customers and their approvals and tags, subscribers, orders, menus, products.

Times are texts in the panel's local time, as it writes them itself; they compare as they should.
"""

from dataclasses import dataclass, field
from enum import StrEnum

ZERO_TIME = "0000-00-00 00:00:00"
ZERO_DATE = "0000-00-00"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


@dataclass
class Approval:
    """What somebody said about one channel of one shop. The zero time in `since` means no."""

    since: str
    changed_at: str

    @property
    def given(self) -> bool:
        return self.since != ZERO_TIME


Consents = dict[Channel, dict[int, Approval]]
"""Per channel and shop id. A missing shop means that nothing was ever said, which reads as no."""


def nothing_said() -> Consents:
    return {channel: {} for channel in Channel}


@dataclass(frozen=True)
class Shop:
    id: int
    name: str
    language: str = "pol"
    currency: str = "PLN"


@dataclass
class Customer:
    """An account, or a guest who bought without one. `type` is private, male, female or firm."""

    id: int
    login: str
    email: str
    first_name: str = ""
    last_name: str = ""
    firm: str = ""
    nip: str = ""
    street: str = ""
    zip_code: str = ""
    city: str = ""
    country: str = "pl"
    province: str = ""
    phone: str = ""
    landline: str = ""
    type: str = "private"
    wholesaler: bool = False
    language: str = "pol"
    currency: str = "PLN"
    birth_date: str = ZERO_DATE
    registered_on: str = ZERO_DATE
    modified_at: str = ZERO_TIME
    code_external: str = ""
    note: str = ""
    unregistered: bool = False
    active: bool = True
    active_shops: list[int] = field(default_factory=lambda: [1])
    consents: Consents = field(default_factory=nothing_said)
    tags: dict[int, int] = field(default_factory=dict)
    stale_data_code: int = 0
    """The fault code with which every edit fails, because old data of this account are no longer valid."""
    notices: list[str] = field(default_factory=list)
    """When and how the panel notified the customer of an edit."""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def approves(self, channel: Channel, shop_id: int) -> bool:
        approval = self.consents[channel].get(shop_id)
        return approval is not None and approval.given


@dataclass
class Subscriber:
    """An address or a number which only signed up to a newsletter."""

    id: int
    email: str = ""
    phone: str = ""
    language: str = "pol"
    consents: Consents = field(default_factory=nothing_said)


@dataclass(frozen=True)
class OrderLine:
    product_id: int
    name: str
    price: float
    quantity: int = 1
    size: str = "uniw"


@dataclass(frozen=True)
class PickupPoint:
    id: int
    name: str
    street: str
    zip_code: str
    city: str


@dataclass
class Order:
    """`type` is a letter: n and r are retail, t and p wholesale."""

    serial: int
    customer_id: int
    shop_id: int
    added_at: str
    changed_at: str
    status: str = "new"
    type: str = "n"
    lines: list[OrderLine] = field(default_factory=list)
    delivery_cost: float = 0.0
    pickup: PickupPoint | None = None
    dispatched_at: str = ""
    external_id: str = ""
    source_type: str = "shop"
    """shop, self_added, auction, price_comparer, search_engine, cpa, affiliate_program, marketplace, refferer_site …"""
    source_name: str = ""
    auction: str = ""
    """The auction site: allegro, ebay."""
    end_customer_id: int | None = None
    """Of a dropshipping order: the partner's own customer."""
    payform_cost: float = 0.0
    insurance_cost: float = 0.0
    currency: str = ""
    """Of the order; empty: the shop's."""
    discount_code: str = ""
    discount: float = 0.0
    """What the code took off the goods, in the order's currency."""

    @property
    def products_cost(self) -> float:
        return round(max(sum(line.price * line.quantity for line in self.lines) - self.discount, 0.0), 2)

    @property
    def total(self) -> float:
        return round(self.products_cost + self.delivery_cost + self.payform_cost + self.insurance_cost, 2)


RETURN_STATUSES = {1: "Nierozpatrzony", 2: "Przyjęty", 3: "Nieprzyjęty", 13: "Anulowany przez klienta", 14: "Anulowany"}


@dataclass
class Return:
    """Goods that a customer sends back. `status` is one of the panel's numbers."""

    id: int
    serial: int
    lines: list[OrderLine]
    added_at: str
    status: int = 1
    ended_at: str = ZERO_TIME
    changed_at: str = ZERO_TIME


@dataclass(frozen=True)
class MenuNode:
    id: int
    name: str
    parent_id: int = 0
    shop_id: int = 1
    menu_id: int = 1


@dataclass
class Product:
    id: int
    name: str
    price: float
    node_ids: list[int] = field(default_factory=list)
