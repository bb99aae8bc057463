"""A scan that is disturbed: a row that fails, a crash, a key without a right, a panel that has enough (R73, R82)."""

from typing import Any

import pytest

from app.domain.events import (
    CustomerRegistered,
    OrderPlaced,
)
from app.sandbox.panel import Key
from app.sources.idosell.rows.clients import client
from app.sources.idosell.scans import scanning
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.idosell.shopping import KEY, SOURCE, Shopping
from tests.support.builders import at


async def test_r73_a_row_that_fails_costs_itself_alone_and_is_read_again(
    shopping: Shopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1024, 1030):
        shopping.registers(number)

    def fails(row: Any, shops: Any) -> Any:
        if row["clientId"] == 1026:
            raise OverflowError
        return client(row, shops)

    monkeypatch.setattr(scanning, "client", fails)
    await shopping.scan()
    assert sorted(one.customer.id for one in await shopping.told()) == ["1024", "1025", "1027", "1028", "1029"]
    async with shopping.stage.store.work() as work:
        assert "clients: 1 row(s) could not be read" in (await work.pushes.scan(SOURCE)).trouble
    monkeypatch.setattr(scanning, "client", client)
    await shopping.scan_later()
    assert len(await shopping.told()) == 6


async def test_r82_a_crash_at_any_call_loses_nothing_and_tells_nothing_twice(
    shopping: Shopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1024, 1144):
        shopping.orders(number, shopping.registers(number), 100 + number % 50)
    save, calls = shopping.scanner._save, 0

    async def dying(*args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise ConnectionError("killed between telling and remembering")
        await save(*args)

    monkeypatch.setattr(shopping.scanner, "_save", dying)
    for _ in range(2_000):
        try:
            if not await shopping.scanner.step(SOURCE):
                break
        except ConnectionError:
            continue
    told = await shopping.told()
    assert len([one for one in told if isinstance(one, CustomerRegistered)]) == 120
    assert len([one for one in told if isinstance(one, OrderPlaced)]) == 120


async def test_r82_a_key_without_a_right_leaves_the_other_gates_going(store: Store, clock: Clock) -> None:
    clock.now = at("2026-11-23T10:00")
    shopping = Shopping(store, clock)
    await shopping.stage.open()
    shopping.sandbox.keys = [Key(KEY, {"crm": "rw", "system": "r"})]
    shopping.orders(12, shopping.registers(1024))
    await shopping.scan()
    assert [type(one) for one in await shopping.told()] == [CustomerRegistered]
    async with store.work() as work:
        scan = await work.pushes.scan(SOURCE)
    assert "OMS" in scan.trouble
    await shopping.http.aclose()


async def test_r82_a_panel_that_says_it_is_overloaded_is_left_alone_for_a_while(
    shopping: Shopping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "PAGES_BETWEEN_CHECKS", 1)
    for number in range(1024, 1125):
        shopping.registers(number)
    shopping.sandbox.faults.add({"kind": "overloaded", "times": None})
    await shopping.scan()
    assert len(await shopping.told()) == 100, "the page before the look"
    async with shopping.stage.store.work() as work:
        assert "overloaded" in (await work.pushes.scan(SOURCE)).trouble
    assert await shopping.scan() == 0
    shopping.sandbox.faults.clear()
    shopping.clock.advance(minutes=6)
    await shopping.scanner.step(SOURCE)
    assert len(await shopping.told()) == 101
