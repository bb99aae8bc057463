"""The panel behind the port of platforms: who pushes, and what a push says once the panel was asked for the rest."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from app.domain.consent import ConsentAnswer
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, message_of
from app.domain.intake.pushes import StoredPush
from app.domain.shops.shop import Shop
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import SourceSecrets
from app.sources.findings import NotUnderstood, Translation
from app.sources.idosell.pushed import webhooki, webhooks
from app.sources.idosell.pushed.parsed import Parsed
from app.sources.idosell.pushed.signature import bearer, is_genuine, is_known
from app.sources.idosell.pushed.webhooks import EVENT_TYPE
from app.sources.idosell.rows.clients import client
from app.sources.idosell.rows.menus import sections
from app.sources.idosell.rows.orders import Known, Paths, number_of, order, product_ids
from app.sources.idosell.rows.reading import Row, rows, whole
from app.sources.idosell.rows.returns import order_number, returned
from app.sources.platforms import Envelope, Later, Read

T = TypeVar("T")

IDS_PER_CALL = 100
SECTIONS_KEPT = timedelta(hours=12)
MOST_PRODUCTS = 50_000
EVENT_UID = "x-iai-event-uid"
PANEL_ID = "x-iai-panel-id"


class Panel(Protocol):
    """A panel that can be read."""

    @property
    def name(self) -> str: ...

    async def ask(
        self, method: str, gate: str, body: Mapping[str, Any] | None = None, parameters: Mapping[str, str] | None = None
    ) -> tuple[Outcome, dict[str, Any]]: ...


class Panels(Protocol):
    def panel_of(self, shop_id: str) -> Panel | None: ...


DISABLED = "the shop is disabled, so its panel is not asked what the push leaves out"


class IdosellSource:
    """Keeps the menu sections of products in memory for a while, for each shop in its language."""

    def __init__(self, store: Store, panels: Panels, clock: Clock) -> None:
        self._store = store
        self._panels = panels
        self._clock = clock
        self._products: dict[tuple[str, int], tuple[float, Row]] = {}

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG002 - the panel sends none
        return False

    # -- a push at the door ----------------------------------------------------------------------------------------------

    def is_genuine(self, headers: Mapping[str, str], body: bytes, known: SourceSecrets) -> bool:
        """A structured webhook by token and signature; a programmable one, which nobody signs, by its token alone (R81)."""
        if EVENT_TYPE in headers:
            return is_genuine(headers, body, known.tokens, known.secrets)
        try:
            fields = webhooki.fields_of(body, headers.get("content-type", ""))
        except NotUnderstood:
            fields = {}
        return is_known(bearer(headers) or str(fields.get("token") or ""), known.tokens)

    def envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope:
        if EVENT_TYPE in headers:
            uid = headers.get(EVENT_UID, "").strip()
            return Envelope(headers[EVENT_TYPE].strip(), uid or _digest(body), headers.get(PANEL_ID, "").strip() or None)
        try:
            fields = webhooki.fields_of(body, headers.get("content-type", ""))
        except NotUnderstood:
            return Envelope(f"{WEBHOOKI}?", None)
        kind = str(fields.get("event") or "?").strip().lower()
        return Envelope(f"{WEBHOOKI}{kind}", _digest(body) if webhooki.is_dated(fields, self._clock()) else None)

    # -- what it says ----------------------------------------------------------------------------------------------------

    async def read(self, pushes: Sequence[StoredPush], shops: Sequence[Shop]) -> list[Read]:
        parsed = [self._parsed(push, shops) for push in pushes]
        try:
            return await self._read_or_wait(parsed, shops)
        except _Forbidden:  # the panel answers, so what may not be read holds up nothing for which something else is read
            kinds = [_needs(one) for one in parsed]
            found = dict[int, Read]()
            for kind in sorted(set(kinds)):
                some = [at for at, one in enumerate(kinds) if one == kind]
                alike = await self._read_or_wait([parsed[at] for at in some], shops, are_alike=True)
                found |= dict(zip(some, alike, strict=True))
            return [found[at] for at in range(len(parsed))]

    async def _read_or_wait(
        self, parsed: Sequence[Parsed | NotUnderstood], shops: Sequence[Shop], *, are_alike: bool = False
    ) -> list[Read]:
        """`are_alike`: the same is read in the panel for all of them. Otherwise raises `_Forbidden`."""
        try:
            return await self._read(parsed, shops)
        except Later as rest:  # a panel that is down holds up what needs it, and nothing else
            if isinstance(rest, _Forbidden) and not are_alike:
                raise
            why = rest if any(shop.enabled for shop in shops) else Later(DISABLED)
            alone = [one if isinstance(one, NotUnderstood) or not one.needs_panel else why for one in parsed]
            found = iter(await self._read([one for one in alone if not isinstance(one, Later)], shops))
            return [one if isinstance(one, Later) else next(found) for one in alone]

    async def _read(self, parsed: Sequence[Parsed | NotUnderstood], shops: Sequence[Shop]) -> list[Read]:
        """Raises `Later`."""
        whole_ = [one for one in parsed if isinstance(one, Parsed)]
        panel = next((found for shop in shops if shop.enabled and (found := self._panels.panel_of(shop.id))), None)
        clients = await self.clients(panel, {number for one in whole_ for number in one.clients})
        wanted = {number for one in whole_ for number in one.orders}
        wanted |= {number for one in whole_ for row in one.return_rows if (number := order_number(row)) is not None}
        orders = await self.orders(panel, wanted)
        placed_rows = [row for one in whole_ for row in one.order_rows]
        known = await self.known(panel, [*placed_rows, *orders.values()], shops, _boxes(whole_))
        return [_translated(one, clients, orders, known, shops) if isinstance(one, Parsed) else one for one in parsed]

    def _parsed(self, push: StoredPush, shops: Sequence[Shop]) -> Parsed | NotUnderstood:
        try:
            if not push.kind.startswith(WEBHOOKI):
                return webhooks.parsed(push.kind, push.body)
            return webhooki.parsed(webhooki.fields_of(push.body, push.content_type), shops, push.received_at)
        except NotUnderstood as words:
            return words

    # -- what the panel is asked -----------------------------------------------------------------------------------------

    async def clients(self, panel: Panel | None, numbers: Iterable[int]) -> dict[int, Row]:
        """Rows of accounts by their numbers. Raises `Later`."""
        found: dict[int, Row] = {}
        for some in _chunks(sorted(set(numbers))):
            parameters = {"clientsIds": ",".join(map(str, some)), "resultsPage": "0", "resultsLimit": "100"}
            answer = await _asked(panel, "GET", "clients/clients", parameters=parameters)
            listed = ((whole(row.get("clientId")), row) for row in rows(answer.get("results")))
            found |= {number: row for number, row in listed if number in some}
        return found

    async def orders(self, panel: Panel | None, numbers: Iterable[str]) -> dict[str, Row]:
        """Rows of orders by their serial numbers. Raises `Later`."""
        found: dict[str, Row] = {}
        for some in _chunks(sorted(set(numbers))):
            answer = await _asked(panel, "GET", "orders/orders", parameters={"ordersSerialNumbers": ",".join(some)})
            listed = ((number_of(row), row) for row in rows(answer.get("Results") or answer.get("results")))
            found |= {number: row for number, row in listed if number in some}
        return found

    async def known(
        self, panel: Panel | None, order_rows: Sequence[Row], shops: Sequence[Shop], boxes: Mapping[str, ConsentAnswer]
    ) -> Known:
        """What these orders do not say: the sections of their goods, and the answers to their boxes. Raises `Later`."""
        if not order_rows:
            return Known({}, boxes)
        products = await self._looked_up(panel, {number for row in order_rows for number in product_ids(row)})
        paths: dict[tuple[int, int], Paths] = {
            (shop.number, number): found
            for shop in shops
            for number, product in products.items()
            if (found := sections(product, shop.number))
        }
        keys = {(shop.id, webhooki.box_key(number)) for shop in shops for row in order_rows if (number := number_of(row))}
        async with self._store.work() as work:
            remembered = await work.pushes.seen(keys)
        answered = {key.split(":")[1]: ConsentAnswer(one.state) for (_, key), one in remembered.items()}
        return Known(paths, {**answered, **boxes})

    async def _looked_up(self, panel: Panel | None, numbers: set[int]) -> dict[int, Row]:
        """Products by number, from memory while they are fresh. Without the right to read products, orders go without sections."""
        if panel is None:
            return {}
        now, name = self._clock().timestamp(), panel.name
        fresh = now - SECTIONS_KEPT.total_seconds()
        missing = sorted(one for one in numbers if self._products.get((name, one), (0.0, {}))[0] < fresh)
        for some in _chunks(missing):
            body = {
                "params": {
                    "productParams": [{"productId": one} for one in some],
                    "returnElements": ["menu"],
                    "resultsPage": 0,
                    "resultsLimit": IDS_PER_CALL,
                }
            }
            try:
                answer = await _asked(panel, "POST", "products/products/search", body=body)
            except _Forbidden:
                return {}
            shown = {whole(row.get("productId")): row for row in rows(answer.get("results"))}
            if len(self._products) > MOST_PRODUCTS:
                self._products.clear()
            self._products |= {(name, one): (now, shown.get(one, {})) for one in some}
        return {one: self._products[name, one][1] for one in numbers if (name, one) in self._products}


WEBHOOKI = "webhooki:"
"""Begins the kind of a programmable webhook."""


class _Forbidden(Later):
    """The key lacks a right: waiting does not help."""


async def _asked(
    panel: Panel | None,
    method: str,
    gate: str,
    *,
    body: Mapping[str, object] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Row:
    if panel is None:
        raise Later("no key of the panel is configured, so it cannot be asked what the push leaves out")
    outcome, answer = await panel.ask(method, gate, body, parameters)
    if isinstance(outcome, Delivered):
        return answer
    words = f"{gate}: {message_of(outcome) or type(outcome).__name__}"
    raise _Forbidden(words) if isinstance(outcome, Refused) else Later(words)


def _translated(
    parsed: Parsed, clients: Mapping[int, Row], orders: Mapping[str, Row], known: Known, shops: Sequence[Shop]
) -> Translation:
    found = parsed.translation
    client_rows = [*parsed.client_rows, *(clients[number] for number in sorted(parsed.clients) if number in clients)]
    order_rows = [*parsed.order_rows, *(orders[number] for number in sorted(parsed.orders) if number in orders)]
    parts = [client(row, shops) for row in client_rows]
    parts += [order(row, shops, known) for row in order_rows]
    parts += [returned(row, shops, orders) for row in parsed.return_rows]
    return sum(parts, found)


def _needs(one: Parsed | NotUnderstood) -> tuple[bool, bool]:
    """Are accounts read for it, are orders?"""
    return (False, False) if isinstance(one, NotUnderstood) else (bool(one.clients), bool(one.orders or one.return_rows))


def _boxes(parsed: Sequence[Parsed]) -> dict[str, ConsentAnswer]:
    """Answers to boxes that the same pushes brought."""
    found: dict[str, ConsentAnswer] = {}
    for one in parsed:
        for finding in one.translation.findings:
            if finding.key.endswith(":box"):
                found[finding.key.split(":")[1]] = ConsentAnswer(finding.state)
    return found


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _chunks(values: Sequence[T]) -> list[list[T]]:
    return [list(values[start : start + IDS_PER_CALL]) for start in range(0, len(values), IDS_PER_CALL)]
