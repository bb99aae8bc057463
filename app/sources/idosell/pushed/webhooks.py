"""The panel's structured webhooks (contract 3.1): which event carries rows of which gate."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.clients.foreign import foreign_json
from app.sources.findings import NotUnderstood
from app.sources.idosell.pushed.parsed import Parsed
from app.sources.idosell.rows import clients, orders, returns
from app.sources.idosell.rows.reading import Row, part, rows_in, whole


class About(StrEnum):
    """What an event is about, as its name begins."""

    CLIENT = "client"
    ORDER = "order"
    RETURN = "return"
    PRODUCT = "product"
    RMA = "rma"


EVENT_TYPE = "x-iai-event-type"
"""Header of a structured webhook; a programmable one has none."""


def about(event_type: str) -> About | None:
    """None for an event nobody documented."""
    return next((one for one in About if event_type.startswith(one.value)), None)


def parsed(event_type: str, body: bytes) -> Parsed:
    """What a webhook says. Raises `NotUnderstood`."""
    kind = about(event_type)
    if kind is None:
        raise NotUnderstood(f"nothing is known of the event {event_type[:64]!r}")
    read = foreign_json(body)
    if isinstance(read, list):
        read = {"results": read}
    if not isinstance(read, dict):
        raise NotUnderstood("the body is no JSON object")
    return _parsed(kind, read)


def _parsed(kind: About, body: Mapping[str, Any]) -> Parsed:
    match kind:
        case About.CLIENT:
            found = _needed(rows_in(body, clients.ENVELOPES, clients.KEY), clients.KEY)
            whole_ = tuple(row for row in found if "clientEmail" in row)
            bare = frozenset(number for row in found if row not in whole_ and (number := whole(row[clients.KEY])))
            return Parsed(client_rows=whole_, clients=bare)
        case About.ORDER:
            found = _needed(rows_in(body, orders.ENVELOPES, orders.KEY), orders.KEY)
            whole_ = tuple(row for row in found if part(row, "orderDetails").get("productsResults"))
            bare_ = frozenset(serial for row in found if row not in whole_ and (serial := orders.number_of(row)))
            return Parsed(order_rows=whole_, orders=bare_)
        case About.RETURN:
            found = _needed(rows_in(body, returns.ENVELOPES, returns.KEY), returns.KEY)
            accepted = tuple(row for row in found if returns.is_accepted(row))
            return Parsed(return_rows=accepted)
        case About.PRODUCT | About.RMA:
            return Parsed()  # nothing of them travels


def _needed(found: list[Row], key: str) -> list[Row]:
    if not found or any(whole(row.get(key)) is None for row in found):
        raise NotUnderstood(f"the body has no row with `{key}`")
    return found
