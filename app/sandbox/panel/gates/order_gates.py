"""The gates /orders/orders…: what was bought."""

from collections.abc import Callable

from app.sandbox.panel import reading
from app.sandbox.panel.gates import paging
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants, empty, ok, refused
from app.sandbox.panel.memory.model import Order
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.reading import InvalidError
from app.sandbox.salesmanago.memory.model import JsonObject

TYPES = {"retail": ("n", "r"), "wholesale": ("t", "p"), "dropshipping": (), "deliverer": ()}
DATES: dict[str, Callable[[Order], str]] = {
    "add": lambda one: one.added_at,
    "modified": lambda one: one.changed_at,
    "dispatch": lambda one: one.dispatched_at,
}
UNPLAYED_DATES = ("payment", "last_payments_operation", "declared_payments")
SORTS: dict[str, Callable[[Order], str | int | float]] = {
    "id": lambda one: one.serial,
    "sn": lambda one: one.serial,
    "order_time": lambda one: one.added_at,
    "status": lambda one: one.status,
    "order_source": lambda one: one.shop_id,
    "order_cost": lambda one: one.total,
    "order_value": lambda one: one.total,
    "discount_code": lambda one: one.discount_code,
}
MAX_IDS = 100
STATUSES = (
    "new",
    "payment_waiting",
    "delivery_waiting",
    "on_order",
    "packed",
    "packed_fulfillment",
    "packed_ready",
    "ready",
    "wait_for_dispatch",
    "suspended",
    "joined",
    "finished",
    "finished_ext",
    "missing",
    "lost",
    "false",
    "canceled",
)
"""Their numbers are made up: each panel has its own."""
SEARCHED = frozenset(
    [
        "auctionsParams",
        "ordersRange",
        "ordersSerialNumbers",
        "ordersIds",
        "ordersStatuses",
        "ordersStatusesIds",
        "clients",
        "orderSource",
        "orderType",
        "ordersBy",
    ]
)
Test = Callable[[Order], bool]


def search(call: Call) -> Reply:
    tests = _tests(call)
    found = [one for one in call.panel.orders.values() if all(test(one) for test in tests)]
    for by in reversed(reading.objects(call.params, "ordersBy")):
        name = reading.choice(by, "elementName", (*SORTS, "ready_to_send_date"))
        if name in SORTS:
            found.sort(key=SORTS[name], reverse=reading.text(by, "sortDirection") == "DESC")
    return paging.camel(call, "Results", found, lambda one: row(call.panel, one))


def _tests(call: Call) -> list[Test]:
    params, panel = call.params, call.panel
    tests = _range_tests(reading.mapping(params, "ordersRange"))
    serials, ids = reading.integers(params, "ordersSerialNumbers"), reading.texts(params, "ordersIds")
    if serials is not None:
        tests.append(lambda one: one.serial in serials)
    if ids is not None:
        tests.append(lambda one: order_id(panel, one) in ids)
    statuses = reading.texts(params, "ordersStatuses")
    if statuses is not None:
        tests.append(lambda one: one.status in statuses)
    numbers = reading.integers(params, "ordersStatusesIds")
    if numbers is not None:
        tests.append(lambda one: _status_id(one) in numbers)
    clients = reading.objects(params, "clients")
    if clients:
        buyers = {buyer for named in clients for buyer in _buyers(panel, named)}
        tests.append(lambda one: one.customer_id in buyers)
    source = reading.mapping(params, "orderSource")
    mask, shop_ids = reading.integer(source, "shopsMask"), reading.integers(source, "shopsIds")
    if mask is not None:
        tests.append(lambda one: bool(mask & 1 << (one.shop_id - 1)))
    elif shop_ids is not None:
        tests.append(lambda one: one.shop_id in shop_ids)
    auctions = reading.texts(reading.mapping(params, "auctionsParams"), "auctionsServicesNames")
    if auctions is not None:
        tests.append(lambda one: one.auction in auctions)
    kind = reading.choice(params, "orderType", tuple(TYPES)) or ("retail" if panel.rules.retail_by_default else "")
    if kind:
        tests.append(lambda one: one.type in TYPES[kind])
    return tests


def _range_tests(limits: JsonObject) -> list[Test]:
    tests = list[Test]()
    kind = reading.choice(reading.mapping(limits, "ordersDateRange"), "ordersDateType", (*DATES, *UNPLAYED_DATES))
    dates = reading.span(limits, "ordersDateRange", "ordersDateBegin", "ordersDateEnd")
    if dates is not None:
        of = DATES.get(kind or "add", DATES["add"])
        tests.append(lambda one: of(one) in dates)
    serials = reading.mapping(limits, "ordersSerialNumberRange")
    first = reading.integer(serials, "ordersSerialNumberBegin")
    last = reading.integer(serials, "ordersSerialNumberEnd")
    if first is not None:
        tests.append(lambda one: one.serial >= first)
    if last is not None:
        tests.append(lambda one: one.serial <= last)
    return tests


def _buyers(panel: Panel, named: JsonObject) -> list[int]:
    login, email = reading.text(named, "clientLogin"), reading.text(named, "clientEmail")
    customer_id = reading.integer(named, "clientId")
    return [
        one.id
        for one in panel.customers.values()
        if (not login or one.login == login)
        and (not email or one.email.casefold() == email.casefold())
        and (customer_id is None or one.id == customer_id)
    ]


def by_number(call: Call) -> Reply:
    serials = reading.integers(call.params, "ordersSerialNumbers") or []
    ids = reading.texts(call.params, "ordersIds") or []
    external = reading.text(call.params, "orderExternalId") or ""
    if not serials and not ids and not external:
        return refused(3, "Nie przekazano parametrów")
    if len(serials) + len(ids) > MAX_IDS:
        raise InvalidError(f"at most {MAX_IDS} orders")
    found = [
        row(call.panel, one)
        for one in call.panel.orders.values()
        if one.serial in serials or (ids and order_id(call.panel, one) in ids) or (external and one.external_id == external)
    ]
    return ok({"Results": found}) if found or not call.panel.rules.empty_is_207 else empty()


def _status_id(one: Order) -> int:
    return STATUSES.index(one.status) + 1 if one.status in STATUSES else 0


def order_id(panel: Panel, one: Order) -> str:
    return f"{panel.customers[one.customer_id].login}-{one.serial}"


def row(panel: Panel, one: Order) -> JsonObject:
    return {
        "orderId": order_id(panel, one),
        "orderSerialNumber": one.serial,
        "orderType": one.type,
        "clientResult": _client(panel, one),
        "orderDetails": _details(panel, one),
        "errors": [],
    }


def _client(panel: Panel, one: Order) -> JsonObject:
    buyer = panel.customers[one.customer_id]
    account: JsonObject = {
        "clientId": buyer.id,
        "clientLogin": buyer.login,
        "clientEmail": buyer.email,
        "clientPhone1": buyer.phone,
        "clientPhone2": buyer.landline,
        "clientCodeExternal": buyer.code_external,
    }
    billing: JsonObject = {
        "clientFirstName": buyer.first_name,
        "clientLastName": buyer.last_name,
        "clientNip": buyer.nip,
        "clientFirm": buyer.firm,
        "clientStreet": buyer.street,
        "clientZipCode": buyer.zip_code,
        "clientCity": buyer.city,
        "clientCountryId": buyer.country,
        "clientPhone1": buyer.phone,
    }
    ends: JsonObject = {}
    if one.end_customer_id is not None:
        end = panel.customers[one.end_customer_id]
        ends = {"endClientAccount": {"clientId": end.id, "clientLogin": end.login, "clientEmail": end.email}}
    if one.pickup is None:
        delivery: JsonObject = {"clientDeliveryAddressType": "client"}
        return {"clientAccount": account, **ends, "clientBillingAddress": billing, "clientDeliveryAddress": delivery}
    point = one.pickup
    return {
        "clientAccount": account,
        **ends,
        "clientBillingAddress": billing,
        "clientDeliveryAddress": {
            "clientDeliveryAddressType": "pickupPoint",
            "clientDeliveryAddressPickupPointInternalId": point.id,
        },
        "clientPickupPointAddress": {
            "pickupPointId": point.id,
            "name": point.name,
            "city": point.city,
            "street": point.street,
            "zipCode": point.zip_code,
        },
    }


def _source(one: Order) -> JsonObject:
    details: JsonObject = {"orderSourceType": one.source_type, "orderSourceName": one.source_name, "fresh": "n", "fulfillment": "n"}
    return {
        "orderSourceType": one.source_type,
        "shopId": one.shop_id,
        "auctionsServiceName": one.auction,
        "orderSourceDetails": details,
        "preorderSourcesDetails": [],
    }


def _details(panel: Panel, one: Order) -> JsonObject:
    costs: JsonObject = {
        "orderProductsCost": one.products_cost,
        "orderDeliveryCost": one.delivery_cost,
        "orderPayformCost": one.payform_cost,
        "orderInsuranceCost": one.insurance_cost,
    }
    currency = one.currency or panel.shops[one.shop_id].currency
    return {
        "orderStatus": one.status,
        "orderStatusId": _status_id(one),
        "orderAddDate": one.added_at,
        "orderChangeDate": one.changed_at,
        "orderDispatchDate": one.dispatched_at or 0,
        "orderSourceResults": _source(one),
        "payments": {
            "orderCurrency": {"currencyId": currency, **costs},
            "orderBaseCurrency": {"billingCurrency": currency, **costs},
            "orderPaymentType": "prepaid",
        },
        **_discount(one),
        "productsResults": [
            {
                "productId": line.product_id,
                "productName": line.name,
                "sizeId": line.size,
                "productQuantity": line.quantity,
                "productOrderPrice": line.price,
                "basketPosition": position,
            }
            for position, line in enumerate(one.lines, start=1)
        ],
    }


def _discount(one: Order) -> JsonObject:
    if not one.discount_code:
        return {}
    return {"discountCode": {"campaignId": 1, "discountCodeName": one.discount_code, "discountCodeValue": one.discount}}


GATES: dict[tuple[str, str], Gate] = {
    ("POST", "orders/orders/search"): Gate(search, "oms", wants=Wants.OBJECT, known=SEARCHED | paging.CAMEL),
    ("GET", "orders/orders"): Gate(by_number, "oms", known=frozenset({"ordersSerialNumbers", "ordersIds", "orderExternalId"})),
}
