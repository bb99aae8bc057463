"""The day itself: what the two shops post, and what must become of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

RETAIL = "sklep"
WHOLESALE = "hurt"
RETAIL_HOST = "sklep.iai-shop.com"
WHOLESALE_HOST = "hurt.example.com"


@dataclass(frozen=True)
class Moment:
    """One thing that happens: where it is posted, and how it must end."""

    shop: str
    path: str
    said: str
    body: dict[str, Any]
    state: str
    reason: str | None = None
    tags_added: tuple[str, ...] = field(default=())
    tags_removed: tuple[str, ...] = field(default=())

    @property
    def person(self) -> str:
        body = self.body
        return str(body.get("email") or body.get("customer", {}).get("email") or "")


def the_day(now: datetime) -> list[Moment]:
    """The moments in the order in which they are posted. `now` is the end of the day."""
    start = now - timedelta(hours=7)

    def at(minutes: int) -> str:
        return (start + timedelta(minutes=minutes)).isoformat(timespec="seconds")

    jan = {
        "id": "1234",
        "email": "jan.kowalski@example.com",
        "first_name": "Jan",
        "last_name": "Kowalski",
        "phone": "600 100 200",
        "address": {"street": "Polna 1", "postal_code": "00-001", "city": "Warszawa", "country": "PL"},
        "newsletter": {"email": True},
        "language": "pl",
    }
    marta = {"email": "marta.zielinska@example.com", "first_name": "Marta", "last_name": "Zielińska", "phone": "12 34"}
    hurtownia = {
        "id": "77",
        "email": "zakupy@drewno.example.com",
        "first_name": "Anna",
        "last_name": "Wójcik",
        "company": "Drewno sp. z o.o.",
        "address": {"street": "Leśna 7", "postal_code": "30-002", "city": "Kraków", "country": "PL"},
    }
    shoes = {
        "product_id": "101",
        "name": "Buty do biegania",
        "unit_price": "199.99",
        "menu_paths": ["Obuwie/Męskie/Sportowe", "Wyprzedaże/Wiosna 2015"],
    }
    boards = {"product_id": "9001", "name": "Deska sosnowa", "quantity": 40, "unit_price": "12.50", "menu_paths": ["Drewno/Deski"]}

    def order(
        number: str, customer: dict[str, Any], minute: int, box: str, items: list[Any], value: str, **more: Any
    ) -> dict[str, Any]:
        content = {"id": number, "currency": "PLN", "value": value, "items": items, **more}
        return {
            "event_id": f"order-{number}",
            "occurred_at": at(minute),
            "customer": customer,
            "order": content,
            "transfer_consent": box,
        }

    return [
        Moment(
            RETAIL,
            "subscriptions",
            "subscribes to the newsletter, has no account",
            {"event_id": "news-1", "occurred_at": at(0), "email": "ewa.nowak@example.com"},
            "withheld",
            "no_consent",
        ),
        Moment(
            RETAIL,
            "registrations",
            "creates an account",
            {"event_id": "reg-1234", "occurred_at": at(5), "customer": jan},
            "withheld",
            "no_consent",
        ),
        Moment(
            RETAIL,
            "tag-edits",
            "gets the tag brak_aktywności from staff",
            {"event_id": "tags-1", "occurred_at": at(9), "email": jan["email"], "added": ["brak_aktywności"]},
            "withheld",
            "no_consent",
        ),
        Moment(
            RETAIL,
            "orders",
            "orders shoes and ticks the consent box",
            order("5501", jan, 20, "given", [shoes], "214.98", pickup_point="Paczkomat WAW01A"),
            "sent",
            tags_added=("Obuwie", "Męskie", "Sportowe", "Wyprzedaże", "Wiosna 2015", "rejestracja", "idosell_brak_aktywności"),
        ),
        Moment(
            RETAIL,
            "tag-edits",
            "has brak_aktywności renamed to brak_aktywności2",
            {
                "event_id": "tags-2",
                "occurred_at": at(31),
                "email": jan["email"],
                "renamed": [{"from": "brak_aktywności", "to": "brak_aktywności2"}],
            },
            "sent",
            tags_added=("idosell_brak_aktywności2",),
            tags_removed=("idosell_brak_aktywności",),
        ),
        Moment(
            RETAIL,
            "orders",
            "orders, leaves the consent box unticked",
            order("5502", {"email": "piotr.lis@example.com", "first_name": "Piotr"}, 40, "not_given", [shoes], "199.99"),
            "withheld",
            "order_not_consented",
        ),
        Moment(
            RETAIL,
            "orders",
            "orders through Allegro, with consent",
            order(
                "5503",
                marta,
                55,
                "given",
                [{"product_id": "205", "name": "Kubek", "menu_paths": ["Dom"]}],
                "39.00",
                source="allegro",
            ),
            "sent",
            tags_added=("Dom", f"idosell_allegro_{RETAIL_HOST}"),
        ),
        Moment(
            RETAIL,
            "orders",
            "an order of two years ago is posted again",
            order("88", jan, 60, "given", [shoes], "150.00", placed_at=(now - timedelta(days=730)).isoformat(timespec="seconds")),
            "withheld",
            "before_integration",
        ),
        Moment(
            RETAIL,
            "unsubscriptions",
            "is removed from the newsletter by staff, without a click",
            {"event_id": "bulk-9", "occurred_at": at(70), "email": jan["email"], "confirmed": False},
            "withheld",
            "unconfirmed_removal",
        ),
        Moment(
            RETAIL,
            "order-returns",
            "sends the shoes back",
            {"event_id": "return-5501", "occurred_at": at(300), "order_id": "5501", "email": jan["email"]},
            "sent",
        ),
        Moment(
            WHOLESALE,
            "registrations",
            "a wholesaler creates an account",
            {"event_id": "reg-77", "occurred_at": at(2), "customer": hurtownia, "wholesaler": True},
            "sent",
            tags_added=("rejestracja", "wholesaler"),
        ),
        Moment(
            WHOLESALE,
            "subscriptions",
            "subscribes to the newsletter, has no account",
            {"event_id": "news-1", "occurred_at": at(12), "email": "ewa.nowak@example.com"},
            "sent",
            tags_added=("newsletter",),
        ),
        Moment(
            WHOLESALE,
            "subscriptions",
            "subscribes to the newsletter, has an account",
            {"event_id": "news-2", "occurred_at": at(14), "email": jan["email"], "has_account": True},
            "sent",
        ),
        Moment(
            WHOLESALE,
            "subscriptions",
            "subscribes to the newsletter, has no account",
            {"event_id": "news-3", "occurred_at": at(16), "email": "ola.maj@example.com"},
            "sent",
            tags_added=("newsletter",),
        ),
        Moment(
            WHOLESALE,
            "orders",
            "orders boards, coming from Google",
            order("H-1", hurtownia, 25, "not_asked", [boards], "500.00", source="google"),
            "sent",
            tags_added=("Drewno", "Deski", f"idosell_google_{WHOLESALE_HOST}"),
        ),
        Moment(
            WHOLESALE,
            "product-views",
            "looks at a product",
            {"event_id": "view-1", "occurred_at": at(33), "email": hurtownia["email"], "product_id": "9002"},
            "sent",
        ),
        Moment(
            WHOLESALE,
            "account-changes",
            "changes the e-mail address",
            {
                "event_id": "change-77",
                "occurred_at": at(45),
                "customer": {**hurtownia, "email": "biuro@drewno.example.com"},
                "previous_email": hurtownia["email"],
            },
            "sent",
        ),
        Moment(
            WHOLESALE,
            "order-cancellations",
            "cancels the order, under the new address",
            {"event_id": "cancel-H-1", "occurred_at": at(50), "order_id": "H-1", "email": "biuro@drewno.example.com"},
            "sent",
        ),
        Moment(
            WHOLESALE,
            "unsubscriptions",
            "leaves the newsletter by the link in the e-mail",
            {"event_id": "left-1", "occurred_at": at(200), "email": "ewa.nowak@example.com", "confirmed": True},
            "sent",
        ),
        Moment(
            WHOLESALE,
            "consents",
            "withdraws the consent to be transferred",
            {"event_id": "withdrawn-1", "occurred_at": at(220), "email": "ewa.nowak@example.com", "granted": False},
            "withheld",
            "consent_withdrawn",
        ),
        Moment(
            WHOLESALE,
            "orders",
            "orders after the withdrawal",
            order("H-2", {"email": "ewa.nowak@example.com"}, 230, "not_asked", [boards], "120.00"),
            "withheld",
            "consent_withdrawn",
        ),
    ]
