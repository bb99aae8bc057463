"""The gates /system… and /shops…: what kind of panel this is."""

from app.sandbox.panel.gates.call import Call, Gate, Reply, ok
from app.sandbox.salesmanago.memory.model import JsonObject


def server_time(call: Call) -> Reply:
    return ok({"time": call.epoch})


def server_load(_call: Call) -> Reply:
    """Normal, unless a fault says otherwise."""
    return ok({"serverLoadStatus": "normal"})


def shops_data(call: Call) -> Reply:
    shops = call.panel.shops.values()
    contacts: list[JsonObject] = [
        {
            "shop_id": shop.id,
            "shop_name": shop.name,
            "contact_data": [{"lang_id": shop.language, "contact_email": f"bok@{shop.name}", "contact_phone_number": "123123123"}],
        }
        for shop in shops
    ]
    return ok(
        {
            "client_id": call.panel.number,
            "dedicated_server": call.panel.dedicated_server,
            "shop_contact": contacts,
            "shops": [
                {
                    "shop_id": shop.id,
                    "shop_name": shop.name,
                    "shop_lang_id_default": shop.language,
                    "currency_id": shop.currency,
                }
                for shop in shops
            ],
            "stocks": [{"stock_id": 1, "stock_name": "M1"}],
            "languages": [{"lang_id": "pol", "lang_name": "polski"}],
            "panel_settings": {"default_lang_id": "pol", "basecurrency_id": "PLN"},
        }
    )


def languages(call: Call) -> Reply:
    return ok(
        {
            "shops": [
                {
                    "shopId": shop.id,
                    "shopName": shop.name,
                    "inherited": False,
                    "languages": [{"id": shop.language, "name": "polski", "isoCode": "pl", "enabled": True, "isDefault": True}],
                }
                for shop in call.panel.shops.values()
            ]
        }
    )


def currencies(call: Call) -> Reply:
    return ok(
        {
            "shops": [
                {
                    "shopId": shop.id,
                    "shopName": shop.name,
                    "inherited": False,
                    "currencies": [{"currency": shop.currency, "allowedForOrders": True}],
                }
                for shop in call.panel.shops.values()
            ]
        }
    )


GATES: dict[tuple[str, str], Gate] = {
    ("GET", "system/serverTime"): Gate(server_time, "system"),
    ("GET", "system/serverLoad"): Gate(server_load, "system"),
    ("GET", "system/shopsData"): Gate(shops_data, "system"),
    ("GET", "shops/languages"): Gate(languages, "system"),
    ("GET", "shops/currencies"): Gate(currencies, "system"),
}
