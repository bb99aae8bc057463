"""The gates /products… and /menu…: which menu nodes a product hangs on."""

from collections.abc import Callable

from app.sandbox.panel import reading
from app.sandbox.panel.gates import paging
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants, empty, ok, refused
from app.sandbox.panel.memory.model import MenuNode, Product
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.reading import InvalidError
from app.sandbox.salesmanago.memory.model import JsonObject

SEPARATOR = "\\"
MAX_IDS = 100
SEARCHED = frozenset({"productParams", "productShops", "productMenuItems", "returnElements", "skipDefaultProduct"})


def search(call: Call) -> Reply:
    """Products by their numbers. Numbers in any other form are ignored, and the whole catalogue comes back."""
    tests = list[Callable[[Product], bool]]()
    wanted = call.params.get("productParams")
    if isinstance(wanted, list) and wanted and all(isinstance(one, dict) for one in wanted):
        ids = [reading.needed_integer(one, "productId") for one in wanted]
        tests.append(lambda one: one.id in ids)
    elif wanted is not None:
        call.warnings.append("productParams in a wrong form is ignored")
    nodes = reading.integers(reading.mapping(call.params, "productMenuItems"), "menuItemsIds")
    if nodes is not None:
        tests.append(lambda one: not set(nodes).isdisjoint(one.node_ids))
    found = [one for one in call.panel.products.values() if all(test(one) for test in tests)]
    elements = reading.texts(call.params, "returnElements")
    return paging.camel(call, "results", found, lambda one: _row(call.panel, one, elements))


def by_number(call: Call) -> Reply:
    ids = reading.integers(call.params, "productIds")
    if ids is None:
        return refused(3, "Nie przekazano parametrów")
    if len(ids) > MAX_IDS:
        raise InvalidError(f"productIds: at most {MAX_IDS}")
    found = [_row(call.panel, one, None) for one in call.panel.products.values() if one.id in ids]
    return ok({"results": found}) if found or not call.panel.rules.empty_is_207 else empty()


def _row(panel: Panel, one: Product, elements: list[str] | None) -> JsonObject:
    row: JsonObject = {"productId": one.id}
    if elements is None or "menu" in elements:
        row["productMenu"] = [_product_node(panel, panel.menu[node_id]) for node_id in one.node_ids]
    if elements is None or "lang_data" in elements:
        row["productDescriptionsLangData"] = [{"langId": "pol", "productName": one.name}]
    return row


def _product_node(panel: Panel, node: MenuNode) -> JsonObject:
    language = panel.shops[node.shop_id].language
    names = {"langId": language, "menuItemName": node.name, "menuItemTextId": _text_id(panel, node, SEPARATOR)}
    return {
        "menuItemId": node.id,
        "shopId": node.shop_id,
        "menuId": node.menu_id,
        "menuItemDescriptionsLangData": [names],
    }


def _text_id(panel: Panel, node: MenuNode, separator: str) -> str:
    return separator.join(one.name for one in panel.path(node))


def tree(call: Call) -> Reply:
    shop_id, menu_id = (reading.integer(call.params, key) for key in ("shop_id", "menu_id"))
    language = reading.text(call.params, "lang_id")
    shop = call.panel.shops.get(shop_id or 0)
    if shop is None:
        return refused(2, "Niepoprawny identyfikator sklepu")
    if language != shop.language:
        return refused(3, "Niepoprawny język")
    top = call.panel.children(0, shop.id, menu_id or 0)
    if not top:
        return refused(4, "Niepoprawny identyfikator menu")
    separator = reading.text(call.params, "textid_separator") or SEPARATOR
    start, depth = reading.integer(call.params, "node_id") or 0, reading.integer(call.params, "level")
    nodes = _below(call.panel, start, shop.id, menu_id or 0, depth)
    return ok({"result": [_node(call.panel, node, language, separator) for node in nodes]})


def _below(panel: Panel, parent_id: int, shop_id: int, menu_id: int, depth: int | None) -> list[MenuNode]:
    if depth is not None and depth < 1:
        return []
    found: list[MenuNode] = []
    for node in panel.children(parent_id, shop_id, menu_id):
        found += [node, *_below(panel, node.id, shop_id, menu_id, None if depth is None else depth - 1)]
    return found


def _node(panel: Panel, node: MenuNode, language: str, separator: str) -> JsonObject:
    described: JsonObject = {
        "lang_id": language,
        "item_textid": _text_id(panel, node, separator),
        "name": node.name,
        "priority": 1,
        "item_type": "products",
        "url": "",
        "link": "",
        "hidden": "n",
    }
    return {"item_id": node.id, "parent_id": node.parent_id, "lang_data": [described]}


GATES: dict[tuple[str, str], Gate] = {
    ("POST", "products/products/search"): Gate(search, "pim", wants=Wants.OBJECT, known=SEARCHED | paging.CAMEL),
    ("GET", "products/products"): Gate(by_number, "pim", known=frozenset({"productIds"})),
    ("GET", "menu/menu"): Gate(
        tree, "pim", known=frozenset({"shop_id", "menu_id", "lang_id", "node_id", "level", "textid_separator"})
    ),
}
