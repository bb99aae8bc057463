"""Bodies of the programmable webhooks, as our manual gives them to be pasted (contract 3.2; R81, R84)."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from app.domain.events import CartChanged, Subscribed, Unsubscribed
from app.sources.findings import NotUnderstood, sifted
from app.sources.idosell.pushed.parsed import Parsed
from app.sources.idosell.pushed.webhooki import NO_TIME, box_key, fields_of, is_dated, parsed
from tests.support.builders import a_shop, at

SHOP = a_shop()
NOW = at("2026-11-23T12:00")
FORM, JSON = "application/x-www-form-urlencoded", "application/json; charset=utf-8"

BASKET = {
    "event": "basket",
    "shop": "1",
    "occurred_at": "2026-11-23 12:30:00",
    "client_id": "1024",
    "email": "anna@example.com",
    "basket_id": "b-7",
    "currency": "PLN",
    "value": "199.99",
}
NEWSLETTER = {
    "event": "newsletter_email",
    "shop": "1",
    "email": "anna@example.com",
    "state": "y",
    "occurred_at": "2026-11-23T10:00:00+01:00",
}


def said(body: dict[str, Any], kind: str = JSON, shops: Any = (SHOP,)) -> Parsed:
    raw = json.dumps(body) if kind == JSON else urlencode(body)
    return parsed(fields_of(raw.encode(), kind), shops, NOW)


def event_of(found: Parsed) -> Any:
    return found.translation.findings[0].first[0].event


def test_r81_a_basket_comes_as_json() -> None:
    found = event_of(said(BASKET | {"items": [{"id": 334, "name": "Buty", "quantity": 1, "price": "199.99"}]}))
    assert isinstance(found, CartChanged)
    assert (found.at, found.email, found.cart_id) == (at("2026-11-23T11:30"), "anna@example.com", "b-7")
    assert (found.value, found.currency) == (Decimal("199.99"), "PLN")
    assert [(one.product_id, one.quantity) for one in found.items] == [("334", 1)]


def test_r81_the_same_basket_as_a_form_is_the_same_event() -> None:
    line = {"items[0][id]": "334", "items[0][name]": "Buty", "items[0][quantity]": "1", "items[0][price]": "199,99"}
    as_form = said(BASKET | line, FORM)
    as_json = said(BASKET | {"items": [{"id": 334, "name": "Buty", "quantity": 1, "price": 199.99}]})
    assert as_form == as_json


def test_r81_items_may_be_a_list_that_is_written_into_one_field() -> None:
    found = event_of(said(BASKET | {"items": '[{"id":"334","quantity":"2"}]'}, FORM))
    assert [(one.product_id, one.name, one.quantity) for one in found.items] == [("334", "334", 2)]


def test_r81_a_basket_without_goods_was_emptied() -> None:
    assert event_of(said(BASKET)).items == ()


def test_r81_a_basket_without_number_is_known_by_the_account_or_the_address() -> None:
    nameless = {name: value for name, value in BASKET.items() if name != "basket_id"}
    assert event_of(said(nameless)).cart_id == "client-1024"
    by_address = event_of(said({name: value for name, value in nameless.items() if name != "client_id"}))
    assert by_address.cart_id.startswith("@")
    assert "anna" not in by_address.cart_id


@pytest.mark.parametrize("word", ["y", "1", "true", "TAK", "subscribed"])
def test_r81_a_subscription_is_the_persons_act_at_its_own_time(word: str) -> None:
    found = event_of(said(NEWSLETTER | {"state": word}, FORM))
    assert isinstance(found, Subscribed)
    assert (found.at, found.email, found.has_account, found.by_email, found.by_sms) == (
        at("2026-11-23T09:00"),
        "anna@example.com",
        False,
        True,
        False,
    )


def test_r81_the_sms_newsletter_has_a_webhook_of_its_own() -> None:
    found = event_of(said(NEWSLETTER | {"event": "newsletter_sms", "phone": "600 100 200", "client_id": "1024"}))
    assert (found.by_email, found.by_sms, found.phone, found.has_account) == (False, True, "+48600100200", True)


def test_r84_a_resignation_counts_as_confirmed_only_where_the_body_says_so() -> None:
    resigned = event_of(said(NEWSLETTER | {"state": "n"}))
    assert isinstance(resigned, Unsubscribed)
    assert not resigned.confirmed
    assert event_of(said(NEWSLETTER | {"state": "n", "confirmed": "y"})).confirmed


def test_r84_a_confirmed_resignation_is_news_after_the_list_showed_it_and_is_stored_once() -> None:
    by_list, confirmed = said(NEWSLETTER | {"state": "n"}), said(NEWSLETTER | {"state": "n", "confirmed": "y"})
    _, memory = sifted(by_list.translation.findings, {})
    told, after = sifted(confirmed.translation.findings, memory)
    assert [one.event.confirmed for _, one in told if isinstance(one.event, Unsubscribed)] == [True]
    told_first, _ = sifted(confirmed.translation.findings, {})
    assert len(told_first) == 1
    assert sifted(by_list.translation.findings, memory | after)[0] == []


def test_r81_without_a_time_it_happened_when_it_was_received() -> None:
    undated = {name: value for name, value in NEWSLETTER.items() if name != "occurred_at"}
    assert event_of(said(undated)).at == NOW
    assert (is_dated(undated, NOW), is_dated(NEWSLETTER, NOW)) == (False, True)


NEVER = ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00", "9999-12-31 23:59:59", "1970-01-01T00:00:00Z", "yesterday"]


@pytest.mark.parametrize("never", NEVER)
@pytest.mark.parametrize("body", [NEWSLETTER, NEWSLETTER | {"state": "n"}, BASKET | {"items": [{"id": 1}]}])
def test_r08_a_date_that_is_no_time_counts_as_the_moment_the_push_came_and_the_push_says_so(
    body: dict[str, Any], never: str
) -> None:
    found = said(body | {"occurred_at": never})
    (finding,) = found.translation.findings
    assert (event_of(found).at, finding.as_of, found.translation.notes) == (NOW, NOW, (NO_TIME,))
    assert not is_dated({"occurred_at": never}, NOW)  # the same body again may be another act
    assert said(body).translation.notes == ()


@pytest.mark.parametrize(
    ("state", "received", "meant"),
    [
        ("y", "2026-10-25T03:00", "2026-10-25T00:30"),
        ("n", "2026-10-25T03:00", "2026-10-25T01:30"),
        ("n", "2026-10-25T00:31", "2026-10-25T00:30"),  # it came within the first of the two hours
    ],
)
def test_r06_of_the_hour_that_comes_twice_a_doubt_favours_the_resignation(state: str, received: str, meant: str) -> None:
    body = NEWSLETTER | {"state": state, "occurred_at": "2026-10-25 02:30:00"}
    found = parsed(fields_of(json.dumps(body).encode(), JSON), (SHOP,), at(received))
    assert event_of(found).at == at(meant)


@pytest.mark.parametrize("fact", [{"currency": "EUR"}, {"value": "45"}, {"url": "https://sklep.example/k/2"}])
def test_r41_a_basket_of_the_same_goods_with_another_fact_is_news(fact: dict[str, str]) -> None:
    basket = BASKET | {"url": "https://sklep.example/k/1", "items": [{"id": 1}]}
    before = sifted(said(basket).translation.findings, {})[1]
    later = {"occurred_at": "2026-11-23 12:40:00"}
    assert sifted(said(basket | later).translation.findings, before)[0] == []
    ((_, told),) = sifted(said(basket | later | fact).translation.findings, before)[0]
    assert isinstance(told.event, CartChanged)


@pytest.mark.parametrize(("consent", "box"), [("y", "given"), ("n", "not_given"), ("", "not_asked")])
def test_r81_the_box_of_an_order_is_remembered_and_the_order_read(consent: str, box: str) -> None:
    found = said({"event": "order_consent", "shop": "1", "order": "12", "consent": consent})
    (finding,) = found.translation.findings
    assert (finding.key, finding.state, finding.first) == (box_key("12"), box, ())
    assert found.orders == {"12"}


def test_r81_an_account_webhook_has_the_account_read() -> None:
    assert said({"event": "account", "client_id": "1024"}).clients == {1024}


def test_a_panel_with_one_shop_here_need_not_say_which() -> None:
    assert event_of(said({name: value for name, value in NEWSLETTER.items() if name != "shop"}))
    other = a_shop(id="shop2", number=2)
    assert said(NEWSLETTER | {"shop": "2"}, shops=(SHOP, other)).translation.findings[0].shop_id == "shop2"


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({}, "event"),
        ({"event": "viewed"}, "event"),
        (NEWSLETTER | {"email": ""}, "email"),
        (NEWSLETTER | {"email": "{{client.email}}"}, "email"),
        (NEWSLETTER | {"state": "maybe"}, "state"),
        (NEWSLETTER | {"shop": "9"}, "shop"),
        ({"event": "basket", "shop": "1"}, "basket_id"),
        (BASKET | {"items": [{"name": "Buty"}]}, "items"),
        ({"event": "order_consent", "shop": "1", "order": ""}, "order"),
        ({"event": "order_consent", "shop": "1", "order": "12", "consent": "perhaps"}, "consent"),
        ({"event": "account", "client_id": ""}, "client_id"),
    ],
)
def test_r81_what_is_missing_is_named(body: dict[str, Any], missing: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        said(body)
    assert f"`{missing}`" in caught.value.words


@pytest.mark.parametrize("raw", [b"[1]", b'{"event"', b"{", b"\xff\xfe\x00"])
@pytest.mark.parametrize("kind", [JSON, FORM, "text/xml", ""])
def test_r81_no_body_fails_otherwise_than_by_saying_what_is_wrong(raw: bytes, kind: str) -> None:
    with pytest.raises(NotUnderstood):
        parsed(fields_of(raw, kind), [SHOP], NOW)


def test_a_form_of_very_many_fields_is_refused() -> None:
    with pytest.raises(NotUnderstood):
        fields_of(b"&".join(b"a=1" for _ in range(3000)), FORM)


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (b"items=x&items[0][id]=7", {"items": {"0": {"id": "7"}}}),
        (b"items[0]=x&items[0][id]=7", {"items": {"0": {"id": "7"}}}),
        (b"items[0][id]=7&items=x", {"items": None}),
        (b"items[]=1&items[0][id]=7", {"items[]": "1", "items": {"0": {"id": "7"}}}),
        (b"a[0]=1&a[0][b]=2", {"a": {"0": {"b": "2"}}}),
    ],
)
def test_of_a_field_that_a_form_names_with_and_without_brackets_one_reading_stays(form: bytes, fields: dict[str, Any]) -> None:
    assert fields_of(form, "application/x-www-form-urlencoded") == fields
