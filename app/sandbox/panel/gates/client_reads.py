"""The gates which read customers: clients/clients for lists and clients/crm/search for looking somebody up."""

from collections.abc import Callable

from app.sandbox.panel import reading
from app.sandbox.panel.gates import paging
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants
from app.sandbox.panel.gates.client_rows import CHANNELS, CRM_TYPES, crm_row, whole
from app.sandbox.panel.memory.model import Channel, Customer
from app.sandbox.panel.memory.world import Panel
from app.sandbox.salesmanago.memory.model import JsonObject

NEVER_ELEMENTS = frozenset({"newsletterSmsApprovalsData"})
"""Cannot be asked for by name, so it comes only with everything."""
TRADE_CREDIT = ("nonzero", "positive", "negative", "zero")
LIST_PARAMETERS = frozenset(
    {
        "clientsIds",
        "clientCodesExternal",
        "clientTextSearch",
        "clientIsActive",
        "clientHasTradeCredit",
        "clientLastPurchaseDate",
        "clientsLastModificationDate",
        "clientRegistrationDate",
        "shopId",
        "returnElements",
    }
)
CRM_TEXTS: dict[str, Callable[[Customer], str]] = {
    "clientLogin": lambda one: one.login,
    "clientEmail": lambda one: one.email,
    "clientFirstName": lambda one: one.first_name,
    "clientLastName": lambda one: one.last_name,
    "clientNip": lambda one: one.nip,
    "clientFirm": lambda one: one.firm,
    "clientCodeExternal": lambda one: one.code_external,
}
CRM_PARAMETERS = frozenset(
    {
        *CRM_TEXTS,
        "clientCodesExternal",
        "settingsExactSearch",
        "clientIsWholesaler",
        "clientCountryId",
        "langId",
        "clientRegistrationDate",
        "clientType",
        "newsletterEmailApproval",
        "newsletterSmsApproval",
        "newsletterEmailApprovalsData",
        "newsletterSmsApprovalsData",
        "searchByShops",
        "returnElements",
    }
)
Test = Callable[[Customer], bool]


def listed(call: Call) -> Reply:
    tests = _list_tests(call)
    found = [one for one in call.panel.customers.values() if all(test(one) for test in tests)]
    elements = reading.texts(call.params, "returnElements")
    return paging.camel(call, "results", found, lambda one: paging.only(whole(call.panel, one), elements, NEVER_ELEMENTS))


def _list_tests(call: Call) -> list[Test]:
    params, tests = call.params, list[Test]()
    ids = reading.integers(params, "clientsIds")
    if ids is not None:
        tests.append(lambda one: one.id in ids)
    codes = reading.texts(params, "clientCodesExternal")
    if codes is not None:
        tests.append(lambda one: one.code_external in codes)
    words = (reading.text(params, "clientTextSearch") or "").casefold()
    if words:
        tests.append(lambda one: any(words in part.casefold() for part in _searched(one)))
    active = reading.yes_no(params, "clientIsActive")
    if active is not None:
        tests.append(lambda one: one.active is active)
    credit = reading.choice(params, "clientHasTradeCredit", TRADE_CREDIT)
    if credit not in (None, "zero"):
        tests.append(lambda _one: False)
    modified = reading.span(params, "clientsLastModificationDate")
    if modified is not None:
        tests.append(lambda one: one.modified_at in modified)
    registered = reading.span(params, "clientRegistrationDate")
    if registered is not None:
        tests.append(lambda one: one.registered_on in registered)
    bought = reading.span(params, "clientLastPurchaseDate")
    if bought is not None:
        tests.append(lambda one: last_purchase(call.panel, one) in bought)
    shop_id = reading.integer(params, "shopId")
    if shop_id is not None:
        tests.append(lambda one: shop_id in one.active_shops)
    return tests


def _searched(one: Customer) -> tuple[str, ...]:
    return one.login, one.email, one.first_name, one.last_name, one.firm, one.city, one.phone


def last_purchase(panel: Panel, customer: Customer) -> str:
    return max((order.added_at[:10] for order in panel.orders_of(customer)), default="0000-00-00")


def looked_up(call: Call) -> Reply:
    tests = _crm_tests(call)
    found = [one for one in call.panel.customers.values() if all(test(one) for test in tests)]
    elements = reading.texts(call.params, "returnElements")
    return paging.camel(call, "clientsResults", found, lambda one: paging.only(crm_row(call.panel, one), elements))


def _crm_tests(call: Call) -> list[Test]:
    params = call.params
    tests = _text_tests(params)
    codes = reading.texts(params, "clientCodesExternal")
    if codes is not None:
        tests.append(lambda one: one.code_external in codes)
    wholesaler = reading.yes_no(params, "clientIsWholesaler")
    if wholesaler is not None:
        tests.append(lambda one: one.wholesaler is wholesaler)
    country, language = reading.text(params, "clientCountryId"), reading.text(params, "langId")
    if country:
        tests.append(lambda one: one.country == country)
    if language:
        tests.append(lambda one: one.language == language)
    kind = reading.choice(params, "clientType", tuple(CRM_TYPES.values()))
    if kind:
        tests.append(lambda one: CRM_TYPES[one.type] == kind)
    registered = reading.span(params, "clientRegistrationDate")
    if registered is not None:
        tests.append(lambda one: one.registered_on in registered)
    for channel in Channel:
        tests += _approval_tests(params, channel)
    return tests + _shop_tests(params)


def _text_tests(params: JsonObject) -> list[Test]:
    exact, tests = reading.boolean(params, "settingsExactSearch") is True, list[Test]()
    for key, of in CRM_TEXTS.items():
        wanted = (reading.text(params, key) or "").casefold()
        if wanted and exact:
            tests.append(lambda one, of=of, wanted=wanted: of(one).casefold() == wanted)  # type: ignore[misc]
        elif wanted:
            tests.append(lambda one, of=of, wanted=wanted: wanted in of(one).casefold())  # type: ignore[misc]
    return tests


def _approval_tests(params: JsonObject, channel: Channel) -> list[Test]:
    name, tests = CHANNELS[channel], list[Test]()
    anywhere = reading.yes_no(params, f"newsletter{name}Approval")
    if anywhere is not None:
        tests.append(lambda one: any(said.given for said in one.consents[channel].values()) is anywhere)
    for row in reading.objects(params, f"newsletter{name}ApprovalsData"):
        shop_id = reading.needed_integer(row, "shopId")
        given = reading.yes_no(row, f"inNewsletter{name}Approval")
        tests.append(lambda one, shop_id=shop_id, given=given: one.approves(channel, shop_id) is given)  # type: ignore[misc]
    return tests


def _shop_tests(params: JsonObject) -> list[Test]:
    by_shops = reading.mapping(params, "searchByShops")
    mode = reading.choice(by_shops, "searchModeInShops", ("one_of_selected", "exactly_selected"))
    shop_ids = set(reading.integers(by_shops, "shopsIds") or ())
    if not shop_ids:
        return []
    if mode == "exactly_selected":
        return [lambda one: set(one.active_shops) == shop_ids]
    return [lambda one: not shop_ids.isdisjoint(one.active_shops)]


GATES: dict[tuple[str, str], Gate] = {
    ("GET", "clients/clients"): Gate(listed, "crm", known=LIST_PARAMETERS | paging.CAMEL),
    ("POST", "clients/crm/search"): Gate(looked_up, "crm", wants=Wants.OBJECT, known=CRM_PARAMETERS | paging.CAMEL),
}
