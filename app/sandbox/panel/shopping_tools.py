"""Instruments under /sandbox by which the shop's day happens: orders, baskets, returns, and the webhooks that tell of them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.panel.gates import order_gates, return_gates
from app.sandbox.panel.gates.client_rows import whole
from app.sandbox.panel.memory.model import Customer, Order, OrderLine, Return
from app.sandbox.panel.memory.sample import PICKUP
from app.sandbox.panel.sandbox import Sandbox
from app.sandbox.panel.webhooks import Behaviour
from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import JsonObject, RefusalError
from app.sandbox.salesmanago.toolbox import arguments

_ORDER_TEXTS = ("source_type", "source_name", "auction", "type", "discount_code")


class ShoppingTools:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/webhooks", self.webhooks, methods=["GET"]),
            Route("/sandbox/webhooks", self.add_webhook, methods=["POST"]),
            Route("/sandbox/webhooks/{number:int}", self.change_webhook, methods=["POST"]),
            Route("/sandbox/edits/{login:path}", self.edit_customer, methods=["POST"]),
            Route("/sandbox/orders", self.place_order, methods=["POST"]),
            Route("/sandbox/orders/{serial:int}", self.change_order, methods=["POST"]),
            Route("/sandbox/orders/{serial:int}/returns", self.send_back, methods=["POST"]),
            Route("/sandbox/baskets", self.fill_basket, methods=["POST"]),
        ]

    async def webhooks(self, _request: Request) -> Response:
        return JSONResponse(self.sandbox.webhooks.shown())

    async def add_webhook(self, request: Request) -> Response:
        """`url`, `token`, `secret`, `events` (a list; none = all), and `programmable` for a "Webhooki"."""
        wanted = await arguments(request)
        url, token = fields.text(wanted, "url"), fields.text(wanted, "token")
        if not url or not token:
            raise RefusalError("a url and a token are needed")
        events = wanted.get("events") or []
        if not isinstance(events, list):
            raise RefusalError("events is a list")
        programmable = fields.flag(wanted, "programmable") is True
        secret = fields.text(wanted, "secret") or ""
        hook = self.sandbox.webhooks.add(url, token, secret, tuple(map(str, events)), programmable=programmable)
        return JSONResponse({"id": hook.id}, 201)

    async def change_webhook(self, request: Request) -> Response:
        """`next`: what becomes of its next deliveries (send, lose, twice, forge, hold); `active`: switch it on again."""
        hook = self.sandbox.webhooks.hooks.get(int(request.path_params["number"]))
        if hook is None:
            raise RefusalError("no such webhook")
        wanted = await arguments(request)
        following = wanted.get("next", hook.following)
        try:
            hook.following = [Behaviour(str(one)) for one in following] if isinstance(following, list) else []
        except ValueError:
            raise RefusalError(f"next lists {', '.join(Behaviour)}") from None
        if fields.flag(wanted, "active") is True:
            hook.active, hook.failures = True, 0
        return JSONResponse(self.sandbox.webhooks.shown())

    async def edit_customer(self, request: Request) -> Response:
        """The customer changes the account: attributes by their names in the model."""
        customer = self._named(request.path_params["login"])
        wanted = await arguments(request)
        changes = {name: str(said) for name, said in wanted.items() if isinstance(getattr(customer, name, None), str)}
        self.sandbox.panel.edit(customer, changes, self.sandbox.local_now())
        await self.sandbox.webhooks.happened("clientUpdated", {"results": [whole(self.sandbox.panel, customer)]})
        return JSONResponse(whole(self.sandbox.panel, customer))

    async def place_order(self, request: Request) -> Response:
        """`login`, `lines` [{product, quantity}], and what else an order says; `end_login` of a dropshipper's customer, `pickup`.

        `consent` tells the box by a "Webhooki".
        """
        wanted = await arguments(request)
        panel, now = self.sandbox.panel, self.sandbox.local_now()
        customer = self._named(fields.text(wanted, "login") or "")
        lines = wanted.get("lines")
        if not isinstance(lines, list) or not lines:
            raise RefusalError("lines lists products")
        serial = max(panel.orders, default=0) + 1
        order = Order(serial, customer.id, _number(wanted.get("shop"), 1), now, now, delivery_cost=12.0)
        order.lines = [self._line(one) for one in lines]
        for name in _ORDER_TEXTS:
            setattr(order, name, fields.text(wanted, name) or getattr(order, name))
        if end := fields.text(wanted, "end_login"):
            order.end_customer_id = self._named(end).id
        order.pickup = PICKUP if fields.flag(wanted, "pickup") else None
        order.discount = float(_number(wanted.get("discount"), 0))
        panel.orders[serial] = order
        await self._tell("orderCreated", order)
        if "consent" in wanted:
            said = {"shop": order.shop_id, "order": serial, "consent": str(wanted["consent"]), "occurred_at": now}
            await self.sandbox.webhooks.said("order_consent", said)
        return JSONResponse(order_gates.row(panel, order), 201)

    async def change_order(self, request: Request) -> Response:
        """`status`, or other `lines`."""
        wanted = await arguments(request)
        order = self._order(request)
        before = order.status
        order.status = fields.text(wanted, "status") or order.status
        lines = wanted.get("lines")
        if isinstance(lines, list):
            order.lines = [self._line(one) for one in lines]
        order.changed_at = self.sandbox.local_now()
        name = "orderUpdated" if order.status == before else "orderCanceled" if order.status == "canceled" else "orderStatusUpdated"
        await self._tell(name, order)
        return JSONResponse(order_gates.row(self.sandbox.panel, order))

    async def send_back(self, request: Request) -> Response:
        """All goods of an order come back and are accepted."""
        order, now = self._order(request), self.sandbox.local_now()
        returns = self.sandbox.panel.returns
        made = Return(max(returns, default=0) + 1, order.serial, list(order.lines), now, 2, now, now)
        returns[made.id] = made
        row = return_gates.row(self.sandbox.panel, made)
        await self.sandbox.webhooks.happened("returnConfirmed", {"returns": [row]})
        return JSONResponse(row, 201)

    async def fill_basket(self, request: Request) -> Response:
        """`login`, `lines`: sent by a "Webhooki" alone, the API knows no baskets."""
        wanted = await arguments(request)
        customer = self._named(fields.text(wanted, "login") or "")
        lines = wanted.get("lines")
        goods = [self._line(one) for one in lines] if isinstance(lines, list) else []
        items: list[JsonObject] = [
            {"id": one.product_id, "name": one.name, "quantity": one.quantity, "price": one.price} for one in goods
        ]
        said: JsonObject = {
            "shop": _number(wanted.get("shop"), 1),
            "client_id": customer.id,
            "email": customer.email,
            "basket_id": f"basket-{customer.id}",
            "currency": "PLN",
            "value": round(sum(one.price * one.quantity for one in goods), 2),
            "items": items,
            "occurred_at": self.sandbox.local_now(),
        }
        await self.sandbox.webhooks.said("basket", said)
        return JSONResponse(said, 201)

    async def _tell(self, event: str, order: Order) -> None:
        await self.sandbox.webhooks.happened(event, {"Results": [order_gates.row(self.sandbox.panel, order)]})

    def _line(self, said: object) -> OrderLine:
        number = _number(said.get("product"), 0) if isinstance(said, dict) else 0
        product = self.sandbox.panel.products.get(number)
        if product is None or not isinstance(said, dict):
            raise RefusalError("a line names a product of the panel")
        return OrderLine(product.id, product.name, product.price, _number(said.get("quantity"), 1))

    def _order(self, request: Request) -> Order:
        found = self.sandbox.panel.orders.get(int(request.path_params["serial"]))
        if found is None:
            raise RefusalError("no such order")
        return found

    def _named(self, login: str) -> Customer:
        found = self.sandbox.panel.by_login(login)
        if found is None:
            raise RefusalError("no such customer")
        return found


def _number(said: object, otherwise: int) -> int:
    return int(str(said)) if str(said).isdecimal() and len(str(said)) < 16 else otherwise
