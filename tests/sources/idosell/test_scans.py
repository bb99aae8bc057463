"""Rounds of scans and the gates they read (contract 1.4, 1.5, 2.7-2.14; R15, R82)."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.intake.pushes import Cursor, Scan, Window
from app.domain.values import replace
from app.sources.idosell.scans import rounds
from app.sources.idosell.scans.gates import Gate, Page, asked, ignores_the_window, shown, within
from tests.sources.samples import a_client, a_return, a_subscriber, an_order
from tests.sources.stage import source_shop
from tests.support.builders import a_shop, at

NOW = at("2026-11-23T12:00")
SHOPS = [source_shop(), source_shop("shop2", 2)]
WINDOW = Window(since=at("2026-11-23T09:00"), until=NOW)
PAUSE = timedelta(minutes=15)


def test_r15_the_first_round_begins_with_the_integration() -> None:
    scan = rounds.started(Scan(), SHOPS, NOW)
    assert set(scan.cursors) == {gate.value for gate in Gate}
    assert {one.window for one in scan.cursors.values()} == {Window(since=at("2026-01-01T00:00"), until=NOW)}


def test_r15_no_window_reaches_back_before_the_integration() -> None:
    shop = a_shop(integration_started_at=NOW - timedelta(minutes=30))
    first = rounds.started(Scan(), [shop], NOW)
    for gate in Gate:
        first = rounds.after_page(first, gate, 0)
    again = rounds.started(first, [shop], NOW + PAUSE)
    assert {one.window.since for one in again.cursors.values() if one.window} == {NOW - timedelta(minutes=30)}


def test_a_shop_whose_integration_starts_later_is_not_read_before() -> None:
    start = NOW + timedelta(days=1)
    assert rounds.not_before([a_shop(integration_started_at=start)], NOW) == start
    assert rounds.not_before([a_shop(integration_started_at=start)], start + timedelta(seconds=1)) is None


def test_r82_windows_overlap_by_two_hours() -> None:
    known = Scan(cursors={gate.value: Cursor(until=NOW) for gate in Gate})
    scan = rounds.started(known, SHOPS, NOW + PAUSE)
    assert {one.window for one in scan.cursors.values()} == {Window(since=NOW - timedelta(hours=2), until=NOW + PAUSE)}


def test_r82_gates_are_read_one_after_the_other_and_page_by_page_with_several_pages_read_twice() -> None:
    scan = rounds.started(Scan(), SHOPS, NOW)
    read = []
    while (reading := rounds.next_gate(scan)) is not None:
        gate, window = reading
        read.append((gate, window.page, window.sweep))
        scan = rounds.after_page(scan, gate, 2 if gate is Gate.CLIENTS else 1)
    clients = [(Gate.CLIENTS, 0, 1), (Gate.CLIENTS, 1, 1), (Gate.CLIENTS, 0, 2), (Gate.CLIENTS, 1, 2)]
    assert read == [*clients, *((gate, 0, 1) for gate in list(Gate)[1:])]
    assert {one.until for one in scan.cursors.values()} == {NOW}


def test_r82_a_gate_that_cannot_be_read_begins_next_time_where_it_did_now_and_the_others_go_on() -> None:
    scan = rounds.without_gate(rounds.started(Scan(), SHOPS, NOW), Gate.CLIENTS, "HTTP 403")
    reading = rounds.next_gate(scan)
    assert reading is not None
    assert reading[0] is Gate.RETAIL
    assert (scan.cursors[Gate.CLIENTS.value].until, scan.trouble) == (at("2026-01-01T00:00"), "clients: HTTP 403")


def test_r82_a_round_that_rested_goes_on_where_it_was_and_one_that_ended_begins_anew() -> None:
    resting = rounds.resting(rounds.after_page(rounds.started(Scan(), SHOPS, NOW), Gate.CLIENTS, 1), NOW + rounds.REST, "429")
    assert rounds.next_gate(rounds.going_on(resting, SHOPS, NOW + rounds.REST)) == rounds.next_gate(resting)
    over = rounds.going_on(resting, SHOPS, NOW + rounds.REST)
    for gate in list(Gate)[1:]:
        over = rounds.after_page(over, gate, 1)
    ended = rounds.finished(over, NOW, PAUSE)
    assert (ended.due_at, ended.finished_at, ended.trouble) == (NOW + PAUSE, NOW, ""), "what it rested for is over"
    assert rounds.next_gate(rounds.going_on(ended, SHOPS, NOW + PAUSE)) is not None


def test_r82_a_round_that_rested_and_left_a_gate_out_is_not_finished_and_says_why() -> None:
    left = rounds.without_gate(rounds.started(Scan(), SHOPS, NOW), Gate.CLIENTS, "HTTP 403")
    over = rounds.going_on(rounds.resting(left, NOW + rounds.REST, "429"), SHOPS, NOW + rounds.REST)
    for gate in list(Gate)[1:]:
        over = rounds.after_page(over, gate, 1)
    ended = rounds.finished(over, NOW, PAUSE)
    assert (ended.finished_at, ended.trouble) == (None, "clients: HTTP 403")


def test_r82_the_calls_of_a_day_are_bounded_and_the_day_is_the_panels() -> None:
    night = at("2026-11-23T22:59")  # 23:59 in Warsaw
    day = rounds.day_of(night, SHOPS)
    used = Scan().called(day, 5_000)
    assert rounds.is_used_up(Scan().called(day, 4_999), SHOPS, night) is None
    assert rounds.is_used_up(used, SHOPS, night) == at("2026-11-23T23:00")
    assert rounds.is_used_up(used, SHOPS, night + timedelta(minutes=1)) is None


# -- gates ---------------------------------------------------------------------------------------------------------------


def test_clients_are_asked_for_by_last_modification_in_local_time() -> None:
    call = asked(Gate.CLIENTS, WINDOW, SHOPS)
    assert (call.method, call.path) == ("GET", "clients/clients")
    assert call.parameters == {
        "clientsLastModificationDate[clientsLastModificationDateBegin]": "2026-11-23 10:00:00",
        "clientsLastModificationDate[clientsLastModificationDateEnd]": "2026-11-23 13:00:00",
        "resultsPage": "0",
        "resultsLimit": "100",
    }


@pytest.mark.parametrize(("gate", "kind"), [(Gate.RETAIL, "retail"), (Gate.WHOLESALE, "wholesale")])
def test_orders_are_asked_for_by_change_retail_and_wholesale_apart(gate: Gate, kind: str) -> None:
    call = asked(gate, replace(WINDOW, page=3), SHOPS)
    assert call.body is not None
    params = call.body["params"]
    assert (call.path, params["orderType"], params["resultsPage"]) == ("orders/orders/search", kind, 3)
    assert params["ordersRange"]["ordersDateRange"]["ordersDateType"] == "modified"
    assert params["orderSource"] == {"shopsIds": [1, 2]}
    assert params["ordersBy"] == [{"elementName": "id", "sortDirection": "ASC"}]


@pytest.mark.parametrize(
    ("gate", "path"), [(Gate.EMAIL, "clients/newsletter/email/search"), (Gate.SMS, "clients/newsletter/sms/search")]
)
def test_both_newsletters_are_asked_for_with_and_without_account(gate: Gate, path: str) -> None:
    call = asked(gate, WINDOW, SHOPS)
    assert call.path == path
    assert call.body == {
        "params": {
            "shops": [{"shop_id": 1}, {"shop_id": 2}],
            "date": {"from": "2026-11-23 10:00:00", "to": "2026-11-23 13:00:00"},
            "results_page": 0,
            "results_limit": 100,
        }
    }


ROWS: dict[Gate, Any] = {
    Gate.CLIENTS: lambda when: a_client(clientsLastModificationDate=when),
    Gate.RETAIL: lambda when: an_order(orderDetails__orderChangeDate=when),
    Gate.WHOLESALE: lambda when: an_order(orderDetails__orderChangeDate=when),
    Gate.RETURNS: lambda when: a_return(date_end=when),
    Gate.EMAIL: lambda when: a_subscriber(shops=[{"shop_id": 1, "approval": "y", "date_modification": when}]),
    Gate.SMS: lambda when: a_subscriber(shops=[{"shop_id": 1, "approval": "y", "date_modification": when}]),
}


@pytest.mark.parametrize("gate", Gate)
def test_r82_rows_outside_the_window_are_not_believed(gate: Gate) -> None:
    inside, outside = ROWS[gate]("2026-11-23 12:30:00"), ROWS[gate]("2025-03-01 10:00:00")
    page = Page((inside, outside), 0, 1)
    assert within(gate, page, WINDOW, SHOPS) == (inside,)


def test_r82_a_panel_that_answers_with_everything_it_has_ignored_the_window() -> None:
    inside, outside = ROWS[Gate.CLIENTS]("2026-11-23 12:30:00"), ROWS[Gate.CLIENTS]("2025-03-01 10:00:00")
    for answered, ignored in (
        ((inside,), False),
        ((inside, outside), False),
        ((inside, outside, outside), True),
        ((inside,) * 101, True),
    ):
        page = Page(answered, 0, 1)
        assert ignores_the_window(page, within(Gate.CLIENTS, page, WINDOW, SHOPS)) is ignored


@pytest.mark.parametrize(
    ("gate", "answer", "page"),
    [
        (Gate.CLIENTS, {"resultsPage": 2, "resultsNumberPage": "7", "results": [{"clientId": 1}]}, (1, 2, 7)),
        (Gate.RETAIL, {"resultsPage": 0, "resultsNumberPage": 1, "Results": {"0": {"orderSerialNumber": 1}}}, (1, 0, 1)),
        (Gate.EMAIL, {"results_page": "1", "results_number_page": "3", "clients": []}, (0, 1, 3)),
        (Gate.RETURNS, {"returns": [{"order_sn": 1}]}, (1, None, 0)),
        (Gate.SMS, {"errors": {"faultCode": 2}}, (0, None, 0)),
    ],
)
def test_pages_are_read_in_every_style(gate: Gate, answer: Any, page: tuple[int, int | None, int]) -> None:
    found = shown(gate, answer)
    assert (len(found.rows), found.number, found.pages) == page
