"""What real people and machines write: an odd optional value never refuses the event, and is never lost without a word (R10)."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Address, Customer
from app.domain.events import AccountChanged, CartChanged, OrderPlaced, OrderReturned, Subscribed
from app.domain.intake.inbox import NewEvent
from app.routers.edge.asked import Asked
from app.routers.edge.field_problems import field_problems
from app.routers.events.event_in import EventIn
from app.routers.events.examples import EXAMPLES
from app.routers.events.fast.parser import reader_of
from app.routers.events.ingest import new_event
from app.routers.events.schemas import BATCHABLE, AccessRequestIn, ErasureIn
from app.routers.events.wire_model import WireModel
from app.storage.engine.codec import encode_tagged
from tests.support.builders import a_shop

MODELS = {model.wire_type: model for model in (*BATCHABLE.values(), ErasureIn, AccessRequestIn)}
READERS = {name: reader_of(model) for name, model in MODELS.items()}
SHOP = a_shop()

PERSON = {"company": "Drewno", "gender": "male", "wholesaler": True, "birth_date": "1987-06-05"}
GOODS = [{"product_id": 7, "name": "Koc", "quantity": "2.5", "unit_price": "12.50", "menu_paths": ["Dom/Koce"]}]
MORE: dict[str, dict[str, Any]] = {
    "subscription": {"phone": "600 100 200"},
    "order-cancellation": {"items": GOODS, "value": "12.00", "currency": "PLN"},
    "tag-edit": {"customer_id": "1234", "added": ["a"], "removed": ["b"]},
    "consent": {"granted": True, "customer": EXAMPLES["order"]["customer"]},
}


def a_body(name: str, **changes: Any) -> dict[str, Any]:
    """The example of the documentation with everything in it. `customer__gender="x"` puts a value into a part."""
    body = {**deepcopy(EXAMPLES[name]), **deepcopy(MORE.get(name, {})), "type": name}
    if "customer" in body:
        body["customer"] |= PERSON
    for path, value in changes.items():
        put(body, tuple(path.split("__")), value)
    return body


def put(body: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        body = body.setdefault(step, {}) if isinstance(body, dict) else body[step]
    body[path[-1]] = value


def read(name: str, body: dict[str, Any] | bytes) -> NewEvent:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return new_event(READERS[name](raw), SHOP)


def by_the_model(name: str, raw: bytes) -> NewEvent:
    return new_event(MODELS[name].read(raw), SHOP)


def customer_of(accepted: NewEvent) -> Customer:
    event = accepted.event
    assert isinstance(event, OrderPlaced | AccountChanged)
    return event.customer


# -- one mechanism for every optional field ------------------------------------------------------------------------------


def optional_fields(model: type[WireModel], path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], type[WireModel]]]:
    """Paths of all fields that need not be said, in the model and in its parts."""
    for name, info in model.model_fields.items():
        if not info.is_required():
            yield (*path, name), model
        parts = [one for one in (info.annotation, *get_args(info.annotation)) if isinstance(one, type)]
        for part in parts:
            if issubclass(part, WireModel) and part.__name__ != "TagRenameIn":
                in_a_list = info.annotation is not part and type(None) not in get_args(info.annotation)
                yield from optional_fields(part, (*path, name, 0) if in_a_list else (*path, name))


PLACES = [
    (name, path)
    for name, model in MODELS.items()
    for path, within in optional_fields(model)
    if path[-1] not in ("type", "event_id")
]
ODD: list[Any] = [
    *({"odd": [1]}, [[["odd"]]], [{"odd": 1}], True, -1, 1e300, 10**400, "\u0000", "x" * 5000, "0000-00-00", "💥", "12,34,56"),
    *(-0.5, "2099-01-01T00:00:00Z", "1850-01-01", "\u202egnp", [None], [[], {}], "javascript:alert(1)", "NaN", "a\nb"),
]
MAY_REFUSE = {"channels", "items", "tags"}
"""Which newsletter, whether a whole cart or order came back, and whether all tags are gone, is not guessed."""


def shown(path: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


@pytest.mark.parametrize(("name", "path"), PLACES, ids=[f"{name}-{shown(path)}" for name, path in PLACES])
def test_r10_an_odd_optional_value_never_refuses_the_event_and_is_named_if_it_is_not_kept(name: str, path: tuple[Any, ...]) -> None:
    silent = a_body(name)
    put(silent, path, None)
    for odd in ODD:
        body = a_body(name)
        put(body, path, odd)
        raw = json.dumps(body).encode()
        try:
            found = read(name, raw)
        except ValidationError:
            assert MAY_REFUSE.intersection(path), odd
            continue
        assert found == by_the_model(name, raw)
        named = [
            warning
            for warning in found.warnings
            if warning.startswith(shown(path)) or shown(path).startswith(warning.split(":")[0])
        ]
        if (odd is True and path[-1] == "wholesaler") or (odd == [[], {}] and path[-1] == "menu_paths"):
            continue  # right values: no sections are none
        if encode_tagged(found.event) == encode_tagged(read(name, silent).event):
            assert named, odd
    encode_tagged(read(name, silent).event).decode()  # null is no mistake either


def test_r10_a_list_loses_its_odd_elements_alone_and_the_warnings_count_as_the_sender_does() -> None:
    good = {"product_id": "101", "name": "Koc", "colour": "red"}
    items = [good, {"product_id": None, "name": "x"}, {"name": "Rabat", "product_id": "R", "unit_price": -10}, good]
    found = read("order", a_body("order", order__items=items))
    assert isinstance(found.event, OrderPlaced)
    assert [item.product_id for item in found.event.items] == ["101", "101"]
    assert [warning.split(":")[0] for warning in found.warnings] == [
        "order.items[1]",
        "order.items[2]",
        "order.items[0].colour",
        "order.items[3].colour",
    ]


def test_r10_a_list_that_php_wrote_as_an_object_is_a_list() -> None:
    found = read(
        "order", a_body("order", order__items={"0": {"product_id": "1", "name": "a"}, "2": {"product_id": "2", "name": "b"}})
    )
    assert isinstance(found.event, OrderPlaced)
    assert [item.product_id for item in found.event.items] == ["1", "2"]


@pytest.mark.parametrize(("name", "path"), [("cart", "cart__items"), ("order-return", "items")])
def test_r10_a_cart_or_a_return_of_which_nothing_can_be_read_is_not_taken_for_an_empty_one(name: str, path: str) -> None:
    for items in ([{"product_id": None}], "101"):
        with pytest.raises(ValidationError):
            read(name, a_body(name, **{path: items}))
    for nothing in ([], None, {}):
        assert read(name, a_body(name, **{path: nothing})).warnings == ()


def test_r10_more_goods_than_we_keep_are_cut_and_not_refused() -> None:
    found = read("order", a_body("order", order__items=[{"product_id": number, "name": "x"} for number in range(501)]))
    assert isinstance(found.event, OrderPlaced)
    assert len(found.event.items) == 500
    assert found.warnings == ("order.items: more than 500: those behind the first 500 are left out",)


# -- what is kept of it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "said", "kept", "warned"),
    [
        ("gender", "", None, True),
        ("gender", "K", "female", False),
        ("gender", "Mr.", "male", False),
        ("gender", "kobieta", "female", False),
        ("gender", "M", "male", False),
        ("gender", "unknown", None, True),
        ("birth_date", "0000-00-00", None, True),
        ("birth_date", "", None, True),
        ("birth_date", "05.06.1987", "19870605", False),
        ("birth_date", "1987-06-05 00:00:00", "19870605", False),
        ("birth_date", 19870605, "19870605", False),
        ("birth_date", "05/06/1987", None, True),
        ("birth_date", "2087-06-05", None, True),
        ("birth_date", "1087-06-05", None, True),
        ("language", "pol", "pl", False),
        ("language", "es-419", "es", False),
        ("language", "pl_PL", "pl", False),
        ("language", "PL", "pl", False),
        ("language", "Polish", "pl", False),
        ("language", "", None, True),
        ("language", "klingon", None, True),
        ("id", "", None, True),
        ("id", "0", None, True),
        ("id", 0, None, True),
        ("id", "null", None, True),
        ("id", 71, "71", False),
        ("id", 71.0, "71", False),
        ("first_name", 7, "7", False),
        ("first_name", False, None, True),
        ("first_name", "x" * 300, "x" * 255, True),
        ("first_name", "Jan\u0000\u202e ", "Jan", True),
        ("first_name", "", None, False),
        ("first_name", "\ufeff", None, True),
        ("phone", 600100200, "+48600100200", False),
        ("phone", "6" * 256, None, True),
        ("phone", "+48 (0) 600 100 200", "+48600100200", False),
        ("address", [], Address(), False),
        ("address", "", Address(), True),
        ("address", "Polna 1, Warszawa", Address(), True),
        ("address", {"city": {"x": 1}, "country": "pl"}, Address(country="PL"), True),
        ("wholesaler", "yes", True, False),
        ("wholesaler", "maybe", None, True),
    ],
)
def test_r10_a_value_of_a_person_is_normalised_or_left_out(path: str, said: Any, kept: Any, warned: bool) -> None:
    found = read("order", a_body("order", **{f"customer__{path}": said}))
    assert getattr(customer_of(found), path) == kept
    assert any(warning.startswith(f"customer.{path}") for warning in found.warnings) is warned, found.warnings


@pytest.mark.parametrize(
    ("said", "kept", "warned"),
    [
        (242.79999999999998, "242.80", False),
        ("33.333333333333336", "33.3333", True),
        ("12,50", "12.50", False),
        ("1 234,50", "1234.50", False),
        ("1.234,50", "1234.50", False),
        ("1,234.50", "1234.50", False),
        ("1,234,567", "1234567.00", False),
        (" 119.00 ", "119.00", False),
        (0.1 + 0.2, "0.30", False),
        ("0.00005", "0.0001", True),
    ],
)
def test_r10_an_amount_is_read_as_it_is_written_and_rounded_to_what_is_kept(said: Any, kept: str, warned: bool) -> None:
    found = read("order", a_body("order", order__value=said))
    assert isinstance(found.event, OrderPlaced)
    assert str(found.event.value) == kept
    assert bool(found.warnings) is warned


@pytest.mark.parametrize("said", ["1,234", "-1", "NaN", "", None, True, "12 50", "1_0", "1.2.3", "12,34,5", "1e400", [], {}])
def test_r10_an_amount_of_which_nobody_can_tell_what_it_is_is_refused_where_it_is_required(said: Any) -> None:
    with pytest.raises(ValidationError):
        read("order", a_body("order", order__value=said))


@pytest.mark.parametrize("said", ["pln", " PLN ", "Pln"])
def test_r10_a_currency_is_written_in_upper_case(said: str) -> None:
    found = read("order", a_body("order", order__currency=said))
    assert isinstance(found.event, OrderPlaced)
    assert found.event.currency == "PLN"


@pytest.mark.parametrize(
    ("said", "kept"),
    [(" 101 ", "101"), ("10 1", "10_1"), ("1,2", "1_2"), ("a\tb", "a_b"), (7, "7"), (7.0, "7"), ("a\u200bb", None)],
)
def test_r10_spaces_and_commas_of_a_product_id_are_replaced_because_they_cannot_travel(said: Any, kept: str | None) -> None:
    found = read("order", a_body("order", order__items=[{"product_id": said, "name": "x"}]))
    assert isinstance(found.event, OrderPlaced)
    assert [item.product_id for item in found.event.items] == ([] if kept is None else [kept])
    assert bool(found.warnings) is (kept is None or "_" in kept)


@pytest.mark.parametrize("name", [None, "", [], "missing"])
def test_r10_an_item_without_a_name_keeps_its_id_in_its_place(name: Any) -> None:
    item = {"product_id": "101"} if name == "missing" else {"product_id": "101", "name": name}
    found = read("order", a_body("order", order__items=[item]))
    assert isinstance(found.event, OrderPlaced)
    assert [one.name for one in found.event.items] == ["101"]
    assert any(warning.startswith("order.items[0].name") for warning in found.warnings)


@pytest.mark.parametrize("quantity", [0, -1, "x", "", []])
def test_r10_goods_of_which_nobody_knows_how_many_are_left_out_and_the_order_goes(quantity: Any) -> None:
    items = [{"product_id": "1", "name": "a", "quantity": quantity}, {"product_id": "2", "name": "b", "quantity": "1,5"}]
    found = read("order", a_body("order", order__items=items))
    assert isinstance(found.event, OrderPlaced)
    assert [(item.product_id, str(item.quantity)) for item in found.event.items] == [("2", "1.5")]
    assert found.warnings[0].startswith("order.items[0]: left out, quantity")


def test_r10_what_came_back_may_be_counted_with_a_minus() -> None:
    back = [{"product_id": "1", "name": "a", "quantity": -2, "unit_price": "-5.00"}]
    found = read("order-return", a_body("order-return", items=back, value="-10.00"))
    assert isinstance(found.event, OrderReturned)
    assert (str(found.event.value), str(found.event.items[0].quantity)) == ("10.00", "2")
    assert {warning.split(":")[0] for warning in found.warnings} == {"items[0].quantity", "items[0].unit_price", "value"}


def test_r10_an_odd_link_of_a_cart_is_left_out() -> None:
    for odd in ("", "www.sklep.pl/k", "javascript:alert(1)", "https://sklep.pl/a b", ["x"], "https://a.pl/\u202ex"):
        found = read("cart", a_body("cart", cart__recovery_url=odd))
        assert isinstance(found.event, CartChanged)
        assert found.event.recovery_url is None
        assert found.warnings[0].startswith("cart.recovery_url: left out")


# -- consents are not guessed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("said", "ticked"), [(True, True), ("true", True), ("1", True), (1, True), ("no", False), (0, False)])
def test_r06_a_newsletter_box_is_read_where_it_is_unmistakable(said: Any, ticked: bool) -> None:
    found = read("order", a_body("order", customer__newsletter={"email": said}))
    assert customer_of(found).newsletter_email.ticked is ticked


@pytest.mark.parametrize("said", ["maybe", 2, [], {}, "zgoda?", [True], -1])
def test_r06_a_newsletter_box_that_may_mean_anything_is_no_consent(said: Any) -> None:
    found = read("order", a_body("order", customer__newsletter={"email": said, "sms": True}))
    assert (customer_of(found).newsletter_email.ticked, customer_of(found).newsletter_sms.ticked) == (False, True)
    assert found.warnings[0].startswith("customer.newsletter.email: left out")


@pytest.mark.parametrize("news", [[], "", "yes", True, None])
def test_r06_a_newsletter_that_is_no_object_is_no_consent(news: Any) -> None:
    found = read("order", a_body("order", customer__newsletter=news))
    assert not customer_of(found).newsletter_email.ticked


def test_r06_a_box_whose_date_cannot_be_read_is_no_act_of_now() -> None:
    found = read(
        "account-change", a_body("account-change", customer__newsletter={"email": True, "email_since": "2026-01-10 09:00"})
    )
    assert not customer_of(found).newsletter_email.ticked
    assert [warning.split(":")[0] for warning in found.warnings] == ["customer.newsletter.email", "customer.newsletter.email_since"]


def test_r06_boxes_of_an_order_whose_time_cannot_be_read_are_no_act() -> None:
    found = read("order", a_body("order", order__placed_at="2026-11-23 10:15"))
    assert isinstance(found.event, OrderPlaced)
    assert (found.event.box, found.event.customer.newsletter_email.ticked) == (ConsentAnswer.GIVEN, False)
    assert {warning.split(":")[0] for warning in found.warnings} == {"order.placed_at", "customer.newsletter"}


@pytest.mark.parametrize(
    ("name", "path", "odd"),
    [("order", "transfer_consent", odd) for odd in (True, 1, "yes", "", None, ["given"], "GIVEN?")]
    + [("unsubscription", "confirmed", odd) for odd in ("maybe", "", None, 2, [])]
    + [("consent", "granted", odd) for odd in ("maybe", "", None, 2, [])]
    + [("subscription", "channels", odd) for odd in ([], "", "push", ["email", "push"], {"email": True}, True, 1)],
)
def test_r06_a_consent_that_is_ambiguous_is_refused(name: str, path: str, odd: Any) -> None:
    with pytest.raises(ValidationError):
        read(name, a_body(name, **{path: odd}))


@pytest.mark.parametrize(
    ("said", "by"), [("sms", (False, True)), ("E-Mail", (True, False)), (["SMS", "email"], (True, True)), (None, (True, False))]
)
def test_r12_channels_are_read_in_any_case_and_as_one_word(said: Any, by: tuple[bool, bool]) -> None:
    found = read("subscription", a_body("subscription", channels=said))
    assert isinstance(found.event, Subscribed)
    assert (found.event.by_email, found.event.by_sms) == by


# -- whose country a number belongs to -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "phone", "kept"),
    [
        ("CZ", "601 123 456", "+420601123456"),
        ("cz", "601 123 456", "+420601123456"),
        ("Czechy", "601 123 456", "+420601123456"),
        ("Česká republika", "601 123 456", "+420601123456"),
        ("Deutschland", "030 123456", "+4930123456"),
        ("niemcy", "030/123456", "+4930123456"),
        ("Polska", "600 100 200", "+48600100200"),
        ("", "600 100 200", "+48600100200"),
        (None, "600 100 200", "+48600100200"),
        ("Atlantis", "600 100 200", None),
        ("XX", "600 100 200", None),
        ({"code": "CZ"}, "601 123 456", None),
        ("Atlantis", "+48 600 100 200", "+48600100200"),
        ("CZ", "+48 600 100 200", "+48600100200"),
        ("CZ", "12", None),
    ],
)
def test_r10_a_national_number_belongs_to_the_country_of_the_address(country: Any, phone: str, kept: str | None) -> None:
    found = read("order", a_body("order", customer__address={"country": country}, customer__phone=phone))
    assert customer_of(found).phone == kept
    assert any(warning.startswith("customer.phone: left out") for warning in found.warnings) is (kept is None)


def test_r10_an_address_that_cannot_be_read_is_not_one_of_the_shops_country() -> None:
    found = read("order", a_body("order", customer__address="Praha 1, Czechia", customer__phone="601 123 456"))
    assert customer_of(found).phone is None


@pytest.mark.parametrize(("said", "kept"), [("pl", "PL"), (" De ", "DE"), ("Polska", "Polska"), ("PL", "PL"), ("pol", "pol")])
def test_r10_a_country_of_two_letters_is_in_upper_case(said: str, kept: str) -> None:
    assert customer_of(read("order", a_body("order", customer__address={"country": said}))).address.country == kept


# -- no more -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_r10_in_an_account_change_null_and_empty_say_that_there_is_none_any_more(nothing: Any) -> None:
    changes = {f"customer__{name}": nothing for name in ("phone", "company", "last_name")}
    found = customer_of(read("account-change", a_body("account-change", **changes)))
    assert (found.phone, found.company, found.last_name, found.first_name) == ("", "", "", "Jan")
    assert (
        read("account-change", a_body("account-change", **changes)).digest
        != read("account-change", a_body("account-change")).digest
    )


@pytest.mark.parametrize("nothing", [None, "", [], {}, {"city": ""}, {"street": None, "city": " "}])
def test_r10_in_an_account_change_an_empty_address_is_no_address_any_more(nothing: Any) -> None:
    found = customer_of(read("account-change", a_body("account-change", customer__address=nothing)))
    assert found.address == Address(street="", postal_code="", city="", country="")


@pytest.mark.parametrize("name", ["gender", "birth_date", "language"])
def test_r10_what_salesmanago_cannot_forget_is_said(name: str) -> None:
    found = read("account-change", a_body("account-change", **{f"customer__{name}": None}))
    assert found.warnings == (f"customer.{name}: SALESmanago has no way to clear it; what it holds stays",)


@pytest.mark.parametrize("name", ["phone", "gender", "address", "company"])
def test_r10_an_odd_value_clears_nothing(name: str) -> None:
    found = customer_of(read("account-change", a_body("account-change", **{f"customer__{name}": [[1]]})))
    assert getattr(found, name) in (None, Address())


def test_r10_silence_clears_nothing_and_elsewhere_null_says_nothing() -> None:
    body = a_body("account-change")
    del body["customer"]["phone"], body["customer"]["address"]
    silent = customer_of(read("account-change", body))
    order = customer_of(read("order", a_body("order", customer__phone=None, customer__address=None, customer__company="")))
    for customer in (silent, order):
        assert (customer.phone, customer.address) == (None, Address())
    assert order.company is None


# -- times, bodies, signs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-23T10:15:00+01:00",
        "2026-11-23T10:15:00+0100",
        "2026-11-23T10:15:00+01",
        "2026-11-23 10:15:00 +0100",
        "2026-11-23t09:15:00z",
        "2026-11-23 09:15:00 UTC",
        "2026-11-23T09:15Z",
        " 2026-11-23T09:15:00.000Z\n",
    ],
)
def test_a_time_with_its_offset_is_read_as_php_ruby_and_databases_write_it(said: str) -> None:
    assert read("erasure", {**a_body("erasure"), "occurred_at": said}).event.at.isoformat() == "2026-11-23T09:15:00+00:00"


@pytest.mark.parametrize(
    "said", ["2026-11-23T10:15:00", "2026-11-23", 1767225600, "2026-11-23T10:15:00 CET", "2026-11-23T10:15:00Z\nx", None]
)
def test_a_time_of_which_nobody_knows_the_zone_is_refused(said: Any) -> None:
    with pytest.raises(ValidationError):
        read("erasure", {**a_body("erasure"), "occurred_at": said})


@pytest.mark.parametrize("half", ["\\ud83d", "\\udc4b", "\\ud83d\\ud83d", "\\ud83dx", "\\\\\\ud83d"])
def test_r73_half_an_emoji_is_mended_and_said(half: str) -> None:
    raw = json.dumps(a_body("order", customer__first_name="HERE")).encode().replace(b"HERE", b"Jan " + half.encode())
    found = read("order", raw)
    assert "\ufffd" in (customer_of(found).first_name or "")
    encode_tagged(found.event).decode()
    assert found.warnings[0].startswith("customer.first_name")


@pytest.mark.parametrize("whole", ["\\ud83d\\udc4b", "\\\\ud83d", "\\u0142", "\\n"])
def test_r73_what_is_whole_stays(whole: str) -> None:
    raw = json.dumps(a_body("order", customer__first_name="HERE")).encode().replace(b"HERE", b"Jan " + whole.encode() + b"x")
    mixed = raw.replace(b'"company": "Drewno"', b'"company": "\\ud83d"')
    assert customer_of(read("order", mixed)).first_name == json.loads(f'"Jan {whole}x"')


def test_r73_bytes_that_are_no_utf_8_are_mended_and_said() -> None:
    raw = json.dumps(a_body("order", customer__first_name="HERE")).encode().replace(b"HERE", b"Micha\xb3")
    found = read("order", raw)
    assert customer_of(found).first_name == "Micha\ufffd"
    assert found.warnings[0].startswith("customer.first_name")


@pytest.mark.parametrize("path", ["order__id", "customer__email", "event_id", "occurred_at"])
@pytest.mark.parametrize("sign", ["\\ud83d", "\\u0000", "\\u202e", "\\u0085"])
def test_r73_an_id_or_an_address_with_signs_that_are_none_is_refused(path: str, sign: str) -> None:
    raw = json.dumps(a_body("order", **{path: "HERE"})).encode().replace(b"HERE", b"5501" + sign.encode() + b"7")
    with pytest.raises(ValidationError):
        read("order", raw)


def test_m9_control_signs_are_no_part_of_a_menu_path() -> None:
    item = {"product_id": "1", "name": "a", "menu_paths": ["Obuwie\u0000/M\u0007ęskie", ["Zima\u009b", "B"]]}
    found = read("order", a_body("order", order__items=[item]))
    assert isinstance(found.event, OrderPlaced)
    assert all(segment.isprintable() for path in found.event.items[0].menu_paths for segment in path)


# -- the example of a problem is right for its field ----------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, one in inner for found in ((*path, key), *places(one, (*path, key)))]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_example_of_a_problem_is_a_right_value_of_that_field(name: str) -> None:
    for path in places(a_body(name)):
        body = a_body(name)
        put(body, path, {"odd": [[]]})
        try:
            read(name, body)
        except ValidationError as error:
            for problem in field_problems(error.errors(), Asked(example=a_body(name), model=MODELS[name])):
                steps = tuple(
                    int(step) if step.isdigit() else step for step in problem.field.replace("[", ".").replace("]", "").split(".")
                )
                if problem.field.startswith("("):
                    body = problem.example
                else:
                    put(body, steps, problem.example)
            read(name, body)


def test_an_id_is_shown_as_what_it_is_the_id_of() -> None:
    mistakes = [{"loc": loc, "type": "missing", "msg": "x"} for loc in (("customer", "id"), ("order", "id"), ("cart", "id"))]
    assert [problem.example for problem in field_problems(mistakes, Asked())] == ["1234", "5501", "basket-77"]
    assert field_problems([{"loc": ("customer", "newsletter", "email"), "type": "x", "msg": "x"}], Asked())[0].example is True


@given(st.text(), st.sampled_from(["first_name", "company", "phone", "gender", "language", "birth_date", "id"]))
def test_r10_no_text_in_an_optional_field_refuses_an_order_or_breaks_what_is_stored(text: str, name: str) -> None:
    raw = json.dumps(a_body("order", **{f"customer__{name}": text})).encode(errors="surrogatepass")
    found = read("order", raw)
    assert found == by_the_model("order", raw)
    stored = encode_tagged(found.event).decode()
    assert "\\u0000" not in stored


def test_every_event_model_is_here() -> None:
    assert all(issubclass(model, EventIn) for model in MODELS.values())
    assert MODELS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize(
    ("country", "phone", "assumed"),
    [
        (None, "600 100 200", True),
        ("", "600 100 200", True),
        (None, "+48 600 100 200", False),
        ("PL", "600 100 200", False),
        (None, None, False),
    ],
)
def test_r10_it_is_known_whether_only_the_shop_said_whose_country_a_number_is_of(country: Any, phone: Any, assumed: bool) -> None:
    order = read("order", a_body("order", customer__address={"country": country}, customer__phone=phone))
    assert customer_of(order).phone_assumed is assumed
    event = read("subscription", a_body("subscription", phone=phone)).event
    assert isinstance(event, Subscribed)
    assert event.phone_assumed is (phone == "600 100 200")


@pytest.mark.parametrize("nothing", ["", [], {}, False, None, " "])
def test_r10_an_empty_address_is_none_and_the_number_is_of_the_shops_country(nothing: Any) -> None:
    found = customer_of(read("order", a_body("order", customer__address=nothing, customer__phone="600 100 200")))
    assert (found.address, found.phone) == (Address(), "+48600100200")


@pytest.mark.parametrize("nothing", ["", " ", False, None])
def test_r10_an_empty_time_is_none_and_the_event_has_its_own(nothing: Any) -> None:
    found = read("order", a_body("order", order__placed_at=nothing, customer__newsletter={"email": True, "email_since": nothing}))
    assert found.event.at.isoformat() == "2026-11-23T09:15:00+00:00"
    assert customer_of(found).newsletter_email.ticked


@pytest.mark.parametrize("name", ["phone", "company", "gender", "address"])
def test_r10_false_clears_nothing_in_an_account_change(name: str) -> None:
    found = read("account-change", a_body("account-change", **{f"customer__{name}": False}))
    assert getattr(customer_of(found), name) in (None, Address())
    assert any(warning.startswith(f"customer.{name}: left out") for warning in found.warnings)
