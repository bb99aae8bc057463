"""The same events spread over many accounts, against one account: what is idle or waits elsewhere must cost nothing."""

from collections.abc import Sequence

import httpx

from benchmarks.orders import a_batch
from benchmarks.report import Figures, at_least
from benchmarks.stage import Gateway, Stage, seconds

MANY = 60
PER_POST = 50


def measure(stage: Stage, figures: Figures) -> None:
    """One process on SQLite, and one server with one worker on PostgreSQL."""
    for store in ("SQLite", "PostgreSQL"):
        one, many = (_rate(stage, store, accounts) for accounts in (1, MANY))
        figures.add(f"{store}, one account", one, "events/s")
        figures.add(f"{store}, {MANY} accounts", many, "events/s")
        figures.add(f"{store}, {MANY} accounts : one", many / one, "×", at_least(0.8))


def _rate(stage: Stage, store: str, accounts: int) -> float:
    """Events a second, from the first request to the last event at the sink."""
    on_sqlite = store == "SQLite"
    events = stage.size(6_000, 1_200)
    with stage.gateway(None if on_sqlite else stage.postgres.create(), worker=on_sqlite, more_accounts=MANY) as gateway:
        if not on_sqlite:
            gateway.world.worker("worker")
        shops = [f"many{number}" for number in range(1, accounts + 1)]
        keys = gateway.world.keys(shops)
        _delivered(stage, gateway, keys, shops, PER_POST * len(shops))  # everybody is up and connected
        return events / _delivered(stage, gateway, keys, shops, events)


def _delivered(stage: Stage, gateway: Gateway, keys: dict[str, str], shops: Sequence[str], events: int) -> float:
    wanted = stage.sink.state()[1] + events

    def whole() -> None:
        run = stage.run()
        with httpx.Client(base_url=gateway.world.url, timeout=120) as http:
            for number, start in enumerate(range(0, events, PER_POST)):
                shop = shops[number % len(shops)]
                batch = a_batch(range(start, min(start + PER_POST, events)), run, events // 2)
                headers = {"Authorization": f"Bearer {keys[shop]}"}
                http.post(f"/v1/shops/{shop}/events", json=batch, headers=headers).raise_for_status()
        stage.sink.wait_for(wanted)

    return seconds(whole)
