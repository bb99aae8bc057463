"""The gates a scan reads: what is asked of each, what its answer shows, and by which time its rows were found (contract 2.7-2.14).

The panel ignores what it does not know, so an answer is believed only if its page is the one that was asked for and its rows lie
in the window (contract 1.4).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

from app.clients.idosell.payloads import local_time
from app.domain.intake.pushes import Window
from app.domain.shops.shop import Shop
from app.domain.values import value
from app.sources.idosell.rows import clients, newsletter, orders, returns
from app.sources.idosell.rows.reading import Row, moment, part, rows, rows_in, shops_by_number, whole

PAGE = 100
"""The panel's largest page (contract 1.5)."""

MARGIN = timedelta(hours=2)
"""Local times say no zone: what changed is asked for again, so that no clock and no summer time hides it (contract 5, point 25)."""


class Gate(StrEnum):
    """In the order in which they are read: who somebody is before what they did."""

    CLIENTS = "clients"
    RETAIL = "orders, retail"
    WHOLESALE = "orders, wholesale"
    RETURNS = "returns"
    EMAIL = "newsletter, e-mail"
    SMS = "newsletter, SMS"


@value()
class Asked:
    """One reading call."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    parameters: Mapping[str, str] | None = None


@value()
class Page:
    """What was answered. `number` is the page the panel says it is; None if it says nothing."""

    rows: tuple[Row, ...]
    number: int | None
    pages: int


def asked(gate: Gate, window: Window, shops: Sequence[Shop]) -> Asked:
    """The call that reads the next page of a window. The panel's time is that of its shops."""
    since, until = (local_time(at, shops[0]) for at in (window.since, window.until))
    match gate:
        case Gate.CLIENTS:
            name = "clientsLastModificationDate"
            parameters = {f"{name}[{name}Begin]": since, f"{name}[{name}End]": until, **_paging(window)}
            return Asked("GET", "clients/clients", parameters={key: str(said) for key, said in parameters.items()})
        case Gate.RETAIL | Gate.WHOLESALE:
            dates = {"ordersDateType": "modified", "ordersDateBegin": since, "ordersDateEnd": until}
            params = {
                "ordersRange": {"ordersDateRange": dates},
                "orderSource": {"shopsIds": [shop.number for shop in shops]},
                "orderType": "retail" if gate is Gate.RETAIL else "wholesale",  # without it only one of them comes (point 33)
                "ordersBy": [{"elementName": "id", "sortDirection": "ASC"}],
                **_paging(window),
            }
            return Asked("POST", "orders/orders/search", {"params": params})
        case Gate.RETURNS:
            parameters = {
                "range[date][date_begin]": since,
                "range[date][date_end]": until,
                "range[date][dates_type]": "date_end",
                **_snake_paging(window),
            }
            return Asked("GET", "returns/returns", parameters={key: str(said) for key, said in parameters.items()})
        case Gate.EMAIL | Gate.SMS:
            params = {
                "shops": [{"shop_id": shop.number} for shop in shops],
                "date": {"from": since, "to": until},
                **_snake_paging(window),
            }
            return Asked("POST", f"clients/newsletter/{'email' if gate is Gate.EMAIL else 'sms'}/search", {"params": params})
        case _:
            assert_never(gate)


def _paging(window: Window) -> dict[str, Any]:
    return {"resultsPage": window.page, "resultsLimit": PAGE}


def _snake_paging(window: Window) -> dict[str, Any]:
    return {"results_page": window.page, "results_limit": PAGE}


_ENVELOPES = {
    Gate.CLIENTS: (clients.ENVELOPES, clients.KEY),
    Gate.RETAIL: (orders.ENVELOPES, orders.KEY),
    Gate.WHOLESALE: (orders.ENVELOPES, orders.KEY),
    Gate.RETURNS: (returns.ENVELOPES, returns.KEY),
    Gate.EMAIL: (newsletter.ENVELOPES, "client_number"),
    Gate.SMS: (newsletter.ENVELOPES, "client_number"),
}


def shown(gate: Gate, answer: Row) -> Page:
    envelopes, key = _ENVELOPES[gate]
    number = whole(answer.get("resultsPage", answer.get("results_page")))
    pages = whole(answer.get("resultsNumberPage", answer.get("results_number_page"))) or 0
    return Page(tuple(rows_in(answer, envelopes, key)), number, pages)


def within(gate: Gate, page: Page, window: Window, shops: Sequence[Shop]) -> tuple[Row, ...]:
    """The rows that were asked for: others come where the panel overlooked a filter, and none of them is believed."""
    first, last = window.since - MARGIN, window.until + MARGIN
    return tuple(row for row in page.rows if any(first <= at <= last for at in _times(gate, row, shops)))


def ignores_the_window(page: Page, kept: Sequence[Row]) -> bool:
    """Did the panel answer with everything it has?"""
    return len(page.rows) > PAGE or len(kept) * 2 < len(page.rows)


def _times(gate: Gate, row: Row, shops: Sequence[Shop]) -> list[datetime]:
    shop = shops[0]
    match gate:
        case Gate.CLIENTS:
            found = [moment(row, "clientsLastModificationDate", shop=shop)]
        case Gate.RETAIL | Gate.WHOLESALE:
            details = part(row, "orderDetails")
            found = [moment(details, "orderChangeDate", "orderAddDate", shop=shop)]
        case Gate.RETURNS:
            found = [moment(row, "date_end", shop=shop)]
        case Gate.EMAIL | Gate.SMS:
            ours = shops_by_number(shops)
            said = [one for one in rows(row.get("shops")) if whole(one.get("shop_id")) in ours]
            found = [moment(one, "date_modification", shop=shop) for one in said]
        case _:
            assert_never(gate)
    return [at for at in found if at is not None]
