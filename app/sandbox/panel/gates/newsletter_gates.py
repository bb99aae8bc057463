"""The gates /clients/newsletter/…: who subscribes, with or without an account. They only read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.sandbox.panel import reading
from app.sandbox.panel.gates import paging
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants
from app.sandbox.panel.memory.model import Approval, Channel
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.reading import Span
from app.sandbox.salesmanago.memory.model import JsonObject

KNOWN = frozenset({"shops", "language", "date", "return_elements"}) | paging.SNAKE
ADDRESS = {Channel.EMAIL: "email", Channel.SMS: "phone_cellular"}


@dataclass(frozen=True)
class Subscriber:
    """Somebody in the newsletter list of one channel."""

    number: int
    login: str
    address: str
    language: str
    said: dict[int, Approval]

    @property
    def registered(self) -> bool:
        return self.number != 0

    def approves(self, shop_id: int) -> bool:
        approval = self.said.get(shop_id)
        return approval is not None and approval.given


@dataclass(frozen=True)
class ShopFilter:
    shop_id: int
    approval: bool | None
    registered: bool | None

    def meets(self, one: Subscriber) -> bool:
        if self.registered not in (None, one.registered):
            return False
        return self.shop_id in one.said if self.approval is None else one.approves(self.shop_id) is self.approval


def search(channel: Channel) -> Callable[[Call], Reply]:
    def run(call: Call) -> Reply:
        shops = [_shop_filter(row) for row in reading.objects(call.params, "shops")]
        language = reading.text(call.params, "language")
        span = reading.span(call.params, "date", "from", "to")
        elements = reading.texts(call.params, "return_elements")
        found = [
            one
            for one in _people(call.panel, channel)
            if (not shops or any(shop.meets(one) for shop in shops))
            and (not language or one.language == language)
            and (span is None or _changed(one, span, {shop.shop_id for shop in shops}))
        ]
        return paging.snake(call, "clients", found, lambda one: paging.only(_row(call.panel, channel, one), elements))

    return run


def _shop_filter(row: JsonObject) -> ShopFilter:
    approval, registered = reading.yes_no(row, "approval"), reading.yes_no(row, "registered")
    return ShopFilter(reading.needed_integer(row, "shop_id"), approval, registered)


def _people(panel: Panel, channel: Channel) -> Iterator[Subscriber]:
    for one in panel.customers.values():
        address = one.email if channel is Channel.EMAIL else one.phone
        if address and not one.unregistered:
            yield Subscriber(one.id, one.login, address, one.language, one.consents[channel])
    for subscriber in panel.subscribers:
        address = subscriber.email if channel is Channel.EMAIL else subscriber.phone
        if address and subscriber.consents[channel]:
            yield Subscriber(0, "", address, subscriber.language, subscriber.consents[channel])


def _changed(one: Subscriber, span: Span, shop_ids: set[int]) -> bool:
    looked_at = (said for shop_id, said in one.said.items() if not shop_ids or shop_id in shop_ids)
    return any(said.changed_at in span for said in looked_at)


def _row(panel: Panel, channel: Channel, one: Subscriber) -> JsonObject:
    as_date = channel is Channel.SMS and panel.rules.sms_dates
    rows: list[JsonObject] = [
        {
            "shop_id": shop_id,
            "approval": said.since if as_date else "y" if said.given else "n",
            "date_modification": said.changed_at,
        }
        for shop_id, said in sorted(one.said.items())
    ]
    keyed = rows and panel.rules.keyed_maps
    return {
        "client_number": one.number,
        "login": one.login,
        "registered": "y" if one.registered else "n",
        "language": one.language,
        ADDRESS[channel]: one.address,
        "shops": {str(index): row for index, row in enumerate(rows)} if keyed else rows,
    }


GATES: dict[tuple[str, str], Gate] = {
    ("POST", "clients/newsletter/email/search"): Gate(search(Channel.EMAIL), "crm", wants=Wants.OBJECT, known=KNOWN),
    ("POST", "clients/newsletter/sms/search"): Gate(search(Channel.SMS), "crm", wants=Wants.OBJECT, known=KNOWN),
}
