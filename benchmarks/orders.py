"""The orders of every benchmark: one shape, so that no row is measured on easier ones."""

from typing import Any

SHOP = "shop1"


def an_order(number: int, run: str, people: int) -> dict[str, Any]:
    """`people`: how many different customers the orders of a run come from."""
    return {
        "event_id": f"{run}-{number}",
        "occurred_at": "2026-11-20T10:00:00+01:00",
        "customer": {
            "email": f"person{number % people}-{run}@example.com",
            "first_name": "Jan",
            "last_name": "Kowalski",
            "phone": "600100200",
        },
        "order": {
            "id": f"{run}-{number}",
            "currency": "PLN",
            "value": "199.99",
            "items": [
                {"product_id": "101", "name": "Buty do biegania", "unit_price": "199.99", "menu_paths": ["Obuwie/Męskie/Sportowe"]}
            ],
        },
        "transfer_consent": "given",
    }


def a_batch(numbers: range, run: str, people: int) -> list[dict[str, Any]]:
    return [{"type": "order", **an_order(number, run, people)} for number in numbers]
