"""Rows and bodies as the panel's documentation shows them (contract 2.7-2.15, 3.1); a test changes what matters to it."""

import copy
from typing import Any

Json = dict[str, Any]

CLIENT: Json = {
    "clientId": 1024,
    "clientsLastModificationDate": "2026-01-01 18:49:21",
    "clientLogin": "anna.k",
    "clientCodeExternal": "",
    "clientEmail": "anna@example.com",
    "clientType": "female",
    "isUnregistered": "n",
    "clientBillingAddress": {
        "clientFirstName": "Anna",
        "clientLastName": "Kowalska",
        "clientNip": "",
        "clientFirm": "",
        "clientStreet": "Długa 1",
        "clientZipCode": "00-001",
        "clientCity": "Warszawa",
        "clientCountryId": "pl",
        "clientRegionId": "",
        "clientProvinceId": "",
        "clientPhone1": "+48600100200",
        "clientPhone2": "",
    },
    "clientPersonalData": {"clientBirthDate": "0000-00-00"},
    "clientPreferences": {"langId": "pol", "currencyId": "PLN", "clientIsWholesaler": "no"},
    "newsletterEmailApprovalsData": [
        {"newsletterEmailApprovalDate": "2025-03-18 18:49:21", "shopId": 1},
        {"newsletterEmailApprovalDate": "0000-00-00 00:00:00", "shopId": 2},
    ],
    "newsletterSmsApprovalsData": [{"newsletterSmsApprovalDate": "0000-00-00 00:00:00", "shopId": 1}],
    "clientRegistrationDate": "2025-01-01",
    "clientActiveInShops": [{"shopId": 1, "shopName": "sklep.example"}],
}

ORDER: Json = {
    "orderId": "anna.k-12",
    "orderSerialNumber": 12,
    "orderType": "n",
    "clientResult": {
        "clientAccount": {"clientId": 1024, "clientLogin": "anna.k", "clientEmail": "anna@example.com"},
        "clientBillingAddress": {"clientFirstName": "Anna", "clientLastName": "Kowalska", "clientCity": "Warszawa"},
        "clientDeliveryAddress": {"clientDeliveryAddressType": "pickupPoint", "clientDeliveryAddressPickupPointInternalId": 5},
        "clientPickupPointAddress": {
            "pickupPointId": 5,
            "name": "Punkt Centrum",
            "city": "Warszawa",
            "street": "Prosta 1",
            "zipCode": "00-001",
        },
    },
    "orderDetails": {
        "orderStatus": "new",
        "orderAddDate": "2026-01-01 00:10:00",
        "orderSourceResults": {"orderSourceType": "shop", "shopId": 1},
        "payments": {
            "orderCurrency": {
                "currencyId": "PLN",
                "orderProductsCost": 199.0,
                "orderDeliveryCost": 12.0,
                "orderPayformCost": 0,
                "orderInsuranceCost": 0,
            }
        },
        "productsResults": [
            {"productId": 334, "productName": "Buty", "sizeId": "38", "productQuantity": 1, "productOrderPrice": 199.0}
        ],
    },
}

PRODUCT: Json = {
    "productId": 334,
    "productMenu": [
        {
            "menuItemId": 1201,
            "shopId": 1,
            "menuId": 1,
            "menuItemDescriptionsLangData": [
                {"langId": "pol", "menuItemName": "Sneakersy", "menuItemTextId": "Kobiety\\Buty\\Sneakersy"}
            ],
        }
    ],
}

RETURN: Json = {
    "id": 7,
    "order_sn": 12,
    "status": "Zwrot przyjęty",
    "status_numeric": 2,
    "parentStatusNumeric": 2,
    "products": [{"id": 334, "size": "38", "quantity": 1, "price": 199.0}],
    "date_add": "2026-01-05 09:00:00",
    "date_end": "2026-01-07 12:00:00",
    "currency": "PLN",
}

SUBSCRIBER: Json = {
    "client_number": 0,
    "login": "",
    "registered": "n",
    "language": "pol",
    "email": "ola@example.com",
    "shops": [{"shop_id": 1, "approval": "y", "date_modification": "2026-01-12 10:02:11"}],
}


def changed(sample: Json, **said: Any) -> Json:
    """A sample with other values; `orderDetails__orderStatus` names a field within an object."""
    row = copy.deepcopy(sample)
    for name, value in said.items():
        *path, last = name.split("__")
        inner = row
        for step in path:
            inner = inner[step]
        inner[last] = value
    return row


def a_client(**said: Any) -> Json:
    return changed(CLIENT, **said)


def an_order(**said: Any) -> Json:
    return changed(ORDER, **said)


def a_return(**said: Any) -> Json:
    return changed(RETURN, **said)


def a_subscriber(**said: Any) -> Json:
    return changed(SUBSCRIBER, **said)
