"""One believable example for every event: what Swagger UI offers to try, and what the tests post."""

from typing import Any

CUSTOMER: dict[str, Any] = {
    "id": "1234",
    "email": "jan.kowalski@example.com",
    "first_name": "Jan",
    "last_name": "Kowalski",
    "phone": "600 100 200",
    "address": {"street": "Polna 1", "postal_code": "00-001", "city": "Warszawa", "country": "PL"},
    "newsletter": {"email": True, "sms": False},
    "language": "pl",
}
SHOES: dict[str, Any] = {
    "product_id": "101",
    "name": "Buty do biegania",
    "quantity": 1,
    "unit_price": "199.99",
    "menu_paths": ["Obuwie/Męskie/Sportowe", "Wyprzedaże/Wiosna 2015"],
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "registration": {
        "event_id": "customer-1234-registered",
        "occurred_at": "2026-11-23T09:00:00+01:00",
        "customer": CUSTOMER,
        "wholesaler": False,
        "source": "google",
    },
    "account-change": {
        "event_id": "customer-1234-changed-7",
        "occurred_at": "2026-11-23T09:30:00+01:00",
        "customer": {**CUSTOMER, "email": "jan@kowalski.example.com"},
        "previous_email": "jan.kowalski@example.com",
    },
    "subscription": {
        "event_id": "newsletter-882",
        "occurred_at": "2026-11-23T09:05:00+01:00",
        "email": "ewa.nowak@example.com",
        "channels": ["email"],
        "has_account": False,
        "consent": {"text_version": "newsletter-2026-03", "ip": "192.0.2.10"},
    },
    "unsubscription": {
        "event_id": "newsletter-882-left",
        "occurred_at": "2026-11-23T18:00:00+01:00",
        "email": "ewa.nowak@example.com",
        "channels": ["email"],
        "confirmed": True,
        "reason": "clicked the link in the e-mail",
    },
    "order": {
        "event_id": "order-5501-placed",
        "occurred_at": "2026-11-23T10:15:00+01:00",
        "customer": CUSTOMER,
        "order": {
            "id": "5501",
            "placed_at": "2026-11-23T10:15:00+01:00",
            "currency": "PLN",
            "value": "214.98",
            "items": [SHOES],
            "pickup_point": "Paczkomat WAW01A",
            "source": "allegro",
        },
        "transfer_consent": "given",
    },
    "order-cancellation": {
        "event_id": "order-5501-cancelled",
        "occurred_at": "2026-11-23T12:00:00+01:00",
        "order_id": "5501",
        "email": "jan.kowalski@example.com",
    },
    "order-return": {
        "event_id": "order-5501-returned",
        "occurred_at": "2026-11-23T15:00:00+01:00",
        "order_id": "5501",
        "return_id": "RMA-117",
        "email": "jan.kowalski@example.com",
        "items": [{"product_id": "101", "name": "Buty do biegania", "quantity": 1, "unit_price": "199.99"}],
        "value": "199.99",
        "currency": "PLN",
    },
    "cart": {
        "event_id": "cart-77-3",
        "occurred_at": "2026-11-23T10:00:00+01:00",
        "email": "jan.kowalski@example.com",
        "cart": {
            "id": "77",
            "currency": "PLN",
            "value": "199.99",
            "items": [SHOES],
            "recovery_url": "https://sklep.example.com/basket/restore/77",
        },
    },
    "product-view": {
        "event_id": "view-90210",
        "occurred_at": "2026-11-23T09:58:00+01:00",
        "email": "jan.kowalski@example.com",
        "product_id": "101",
        "url": "https://sklep.example.com/product-101.html",
    },
    "tag-edit": {
        "event_id": "tags-1234-12",
        "occurred_at": "2026-11-23T11:00:00+01:00",
        "email": "jan.kowalski@example.com",
        "renamed": [{"from": "brak_aktywności", "to": "brak_aktywności2"}],
    },
    "consent": {
        "event_id": "consent-1234-2",
        "occurred_at": "2026-11-23T11:30:00+01:00",
        "email": "jan.kowalski@example.com",
        "granted": False,
    },
    "erasure": {
        "event_id": "erasure-17",
        "occurred_at": "2026-11-23T12:30:00+01:00",
        "email": "jan.kowalski@example.com",
    },
    "access-request": {
        "event_id": "access-4",
        "occurred_at": "2026-11-23T12:20:00+01:00",
        "email": "jan.kowalski@example.com",
    },
}


def in_batch(*kinds: str) -> list[dict[str, Any]]:
    return [{"type": kind, **EXAMPLES[kind]} for kind in kinds]
