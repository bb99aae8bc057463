"""Which webhooks carry what (contract 3.1, 5 point 29; R80)."""

import json

import pytest

from app.sources.findings import NotUnderstood
from app.sources.idosell.pushed.parsed import Parsed
from app.sources.idosell.pushed.webhooks import parsed
from tests.sources.samples import Json, a_client, a_return, an_order


def body(said: object) -> bytes:
    return json.dumps(said).encode()


@pytest.mark.parametrize("event", ["clientCreated", "clientUpdated"])
@pytest.mark.parametrize(
    "envelope", [{"results": [a_client()]}, {"Results": [a_client()]}, a_client(), [a_client()], {"results": {"0": a_client()}}]
)
def test_r80_clients_come_in_any_documented_envelope(event: str, envelope: Json) -> None:
    assert parsed(event, body(envelope)).client_rows == (a_client(),)


@pytest.mark.parametrize(
    "event", ["orderCreated", "orderUpdated", "orderPaid", "orderStatusUpdated", "orderCanceled", "orderSent", "orderDelivered"]
)
def test_r80_every_event_of_an_order_carries_the_order(event: str) -> None:
    assert parsed(event, body({"Results": [an_order()]})).order_rows == (an_order(),)


@pytest.mark.parametrize("event", ["returnCreated", "returnConfirmed", "returnFundsConfirmed", "returnCanceled"])
def test_r80_of_returns_the_accepted_ones_are_read(event: str) -> None:
    open_ = a_return(status_numeric=1, parentStatusNumeric=1)
    assert parsed(event, body({"returns": [a_return(), open_]})).return_rows == (a_return(),)


def test_r80_rows_that_carry_a_number_alone_are_read_in_the_panel() -> None:
    assert parsed("clientUpdated", body({"results": [{"clientId": "7"}]})).clients == {7}
    assert parsed("orderUpdated", body({"Results": [{"orderSerialNumber": 12}]})).orders == {"12"}


@pytest.mark.parametrize("event", ["productUpdated", "productStockUpdated", "rmaCreated"])
def test_events_of_goods_and_complaints_are_taken_and_tell_nothing(event: str) -> None:
    assert parsed(event, body({"results": [{}]})) == Parsed()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("clientCreated", b"{"),
        ("clientCreated", b""),
        ("clientCreated", b"\xff\xfe"),
        ("clientCreated", b'"text"'),
        ("clientCreated", b"{}"),
        ("clientCreated", b'{"results": []}'),
        ("clientCreated", b'{"results": [{"clientLogin": "anna"}]}'),
        ("orderCreated", b'{"results": "none"}'),
        ("invoiceCreated", b'{"results": []}'),
        ("", b"{}"),
    ],
)
def test_r80_what_cannot_be_understood_says_what_is_missing(event: str, said: bytes) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parsed(event, said)
    assert caught.value.words
