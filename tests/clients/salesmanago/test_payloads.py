"""What leaves for SALESmanago, compared with golden files and with the contract's own vectors and limits."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.clients.salesmanago import payloads
from app.domain.commands import AddEvent, EventKind, Line, UpsertContact
from app.domain.consent import Status
from app.domain.shops.shop import Account, ConsentNames
from tests.support.builders import a_shop, life, subscribed, the_upsert, unsubscribed

GOLDEN = Path(__file__).parent / "golden"
NOON = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = Account(id="main", endpoint="https://app3.example.com", client_id="wxyz12345abcde67", owner="owner@example.com")

JAN = UpsertContact(
    email="jan.kowalski@example.com",
    profile={
        "first_name": "Jan",
        "last_name": "Kowalski",
        "phone": "+48600100200",
        "company": "Drewno sp. z o.o.",
        "gender": "male",
        "street": "Polna 1",
        "postal_code": "00-001",
        "city": "Warszawa",
        "country": "PL",
        "language": "pl",
        "birth_date": "19870605",
        "customer_id": "1234",
    },
    add_tags=("rejestracja", "Wiosna 2015"),
    remove_tags=("idosell_brak_aktywności",),
    email_status=Status.OPT_IN,
    phone_status=Status.OPT_OUT,
)
RENAMED = UpsertContact(email="jan@old.example.com", new_email="jan@new.example.com")
PURCHASE = AddEvent(
    email="jan.kowalski@example.com",
    kind=EventKind.PURCHASE,
    at=datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC),
    external_id="ORDER-5501",
    location="shop_example_com",
    shop_host="shop.example.com",
    lines=(
        Line(product_id="101", name="T-shirt, blue", quantity=Decimal("1.00")),
        Line(product_id="205", name="Mug", quantity=Decimal("2.5")),
    ),
    value=Decimal("199.9900"),
    currency="PLN",
    language="pl",
    pickup_point="Paczkomat WAW01A",
)
CART = AddEvent(
    email="jan.kowalski@example.com",
    kind=EventKind.CART,
    at=NOON,
    external_id="",
    location="shop_example_com",
    shop_host="shop.example.com",
    lines=(Line(product_id="101", name="T-shirt", quantity=Decimal(1)),),
    value=Decimal(10),
    currency="PLN",
    link="https://shop.example.com/basket/restore/77",
)
VISIT = AddEvent(
    email="jan.kowalski@example.com",
    kind=EventKind.VISIT,
    at=NOON,
    external_id="view-1",
    location="shop_example_com",
    shop_host="shop.example.com",
    lines=(Line(product_id="101", name="", quantity=Decimal(1)),),
)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("single_upsert", lambda: payloads.single_upsert(JAN)),
        ("rename", lambda: payloads.single_upsert(RENAMED)),
        ("batch_upsert", lambda: payloads.batch_upsert([JAN, UpsertContact(email="b@example.com", remove_tags=("OLD",))])),
        ("purchase", lambda: payloads.event(PURCHASE)),
        ("cart", lambda: payloads.event(CART)),
        ("visit", lambda: payloads.event(VISIT)),
        ("batch_events", lambda: payloads.batch_events([PURCHASE, VISIT])),
        ("envelope", lambda: payloads.envelope(ACCOUNT, "secret-0123456789", NOON)),
    ],
)
def test_the_payload_is_the_golden_one(name: str, made: Callable[[], Any]) -> None:
    """Changed on purpose? Look at the difference, then write the file anew by hand."""
    assert made() == json.loads((GOLDEN / f"{name}.json").read_text())


def test_the_contracts_signature_vector() -> None:
    made = payloads.signature("j2q8qp4fbp9qf2b8p49fb", "wxyz12345abcde67", "secret-0123456789")
    assert made == "a53f461b3807c60a77ab8d341a3d2d496a07c6e3"


def test_the_secret_never_travels() -> None:
    assert "secret-0123456789" not in json.dumps(payloads.envelope(ACCOUNT, "secret-0123456789", NOON))


def test_request_time_is_milliseconds_or_seconds_by_setting() -> None:
    in_seconds = Account(id="a", endpoint="", client_id="c", owner="o", request_time_in_seconds=True)
    assert payloads.envelope(ACCOUNT, "s", NOON)["requestTime"] == 1767225600000
    assert payloads.envelope(in_seconds, "s", NOON)["requestTime"] == 1767225600


def test_r33_no_payload_has_a_score_and_tags_never_raise_one() -> None:
    for made in (payloads.single_upsert(JAN), *payloads.batch_upsert([JAN])["upsertDetails"]):
        assert made["tagScoring"] is False
        assert not [name for name in made if "score" in name.lower()]


def test_a_channel_with_nothing_to_say_sends_no_flag() -> None:
    made = payloads.single_upsert(UpsertContact(email="a@example.com"))
    assert not [name for name in made if name.startswith("force")]


@pytest.mark.parametrize("status", Status)
def test_force_flags_come_as_complementary_pairs(status: Status) -> None:
    made = payloads.single_upsert(UpsertContact(email="a@example.com", email_status=status, phone_status=status))
    assert made["forceOptIn"] is not made["forceOptOut"]
    assert made["forcePhoneOptIn"] is not made["forcePhoneOptOut"]
    assert made["forceOptIn"] is (status is Status.OPT_IN)


def test_r10_an_empty_text_is_sent_where_it_clears_and_nowhere_else() -> None:
    profile = {
        "first_name": "Jan",
        "last_name": "",
        "phone": "",
        "city": "",
        "gender": "",
        "language": "",
        "birth_date": "",
        "customer_id": "",
    }
    made = payloads.single_upsert(UpsertContact(email="a@example.com", profile=profile))
    assert made["contact"] == {"email": "a@example.com", "name": "Jan", "phone": "", "address": {"city": ""}}
    assert not made.keys() & {"lang", "birthday", "properties", "tags", "removeTags"}


def test_r10_a_name_of_which_nothing_is_left_is_cleared() -> None:
    made = payloads.single_upsert(UpsertContact(email="a@example.com", profile={"first_name": "", "last_name": ""}))
    assert made["contact"] == {"email": "a@example.com", "name": ""}


def test_products_keep_whole_ids_within_512_bytes() -> None:
    lines = tuple(Line(product_id=f"żółw-{number:05d}", name="n" * 50, quantity=Decimal(1)) for number in range(200))
    made = payloads.event(
        AddEvent(email="a@example.com", kind=EventKind.PURCHASE, at=NOON, external_id="1", location="x", shop_host="y", lines=lines)
    )
    assert len(made["products"].encode()) <= 512
    ids = made["products"].split(",")
    assert ids == [line.product_id for line in lines[: len(ids)]]
    assert len((made["products"] + "," + lines[len(ids)].product_id).encode()) > 512
    assert all(len(made[detail].encode()) <= 255 for detail in ("detail1", "detail3"))


def sold(*names: str) -> Any:
    lines = tuple(Line(product_id=str(number), name=name, quantity=Decimal(number)) for number, name in enumerate(names, start=1))
    return payloads.event(
        AddEvent(email="a@example.com", kind=EventKind.PURCHASE, at=NOON, external_id="1", location="x", shop_host="y", lines=lines)
    )


LONG = "Krzesło obrotowe " * 30


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["Buty", "Koc"], "Buty,Koc"),
        (["Buty, męskie", "Koc"], "Buty męskie,Koc"),
        ([LONG, "Koc", "Lampa"], LONG.encode()[:245].decode().rstrip() + ",Koc,Lampa"),
        (["Koc", LONG, LONG], ",".join(["Koc", LONG.encode()[:125].decode().rstrip(), LONG.encode()[:125].decode().rstrip()])),
        (["Koc", "", "Lampa"], "Koc,,Lampa"),
        (["x" * 300], "x" * 255),
    ],
)
def test_a_long_name_is_cut_and_takes_nothing_from_the_goods_after_it(names: list[str], told: str) -> None:
    made = sold(*names)
    assert made["detail1"] == told
    assert made["products"].count(",") == made["detail1"].count(",") == made["detail3"].count("/") == len(names) - 1


def test_a_letter_is_never_cut_in_half() -> None:
    made = payloads.event(
        AddEvent(
            email="a@example.com",
            kind=EventKind.PURCHASE,
            at=NOON,
            external_id="1",
            location="x",
            shop_host="y",
            pickup_point="ż" * 300,
        )
    )
    assert made["detail10"] == "ż" * 127


def test_consents_travel_by_their_names_with_the_true_time_of_the_act_for_both_answers() -> None:
    """Contract 2.12: without a date SALESmanago would say "now"; the names must exist over there, so the shop gives them."""
    shop = a_shop(consent_names=ConsentNames(email="Newsletter", sms="SMS"))
    story = life(shop, subscribed("2026-11-20T08:30:00.250", by_sms=True), unsubscribed("2026-11-21T09:00", by_sms=True))
    agreed, resigned = (payloads.upsert(the_upsert(plan))["consentDetails"] for plan in story.plans)
    at = 1_795_163_400_250
    assert agreed == [
        {"consentName": "Newsletter", "consentAccept": True, "agreementDate": at, "optOut": False},
        {"consentName": "SMS", "consentAccept": True, "agreementDate": at, "optOut": False},
    ]
    assert [(one["consentAccept"], one["optOut"]) for one in resigned] == [(False, True), (False, True)]
    assert "consentDetails" not in payloads.upsert(the_upsert(life(a_shop(), subscribed()).plan)), (
        "a shop that names none sends none"
    )
