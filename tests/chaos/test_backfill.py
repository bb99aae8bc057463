"""kill -9 in the middle of a first transfer: every account arrives once, quietly, behind the day's own orders (R60, R63)."""

import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from tests.support.databases import migrated_file
from tests.support.running.processes import Process, World, free_port, http

ACCOUNTS = 500
ORDERS = 30
KILLS = 3
PATIENCE_SECONDS = 150.0
"""Long enough for a slow machine; it is never what decides."""

Json = dict[str, Any]

_SHOPS = """
[accounts.main]
endpoint = "{endpoint}"
client_id = "demo-client-id"
api_secret = "env:TEST_SECRET"
owner = "owner@example.com"
calls_per_second = 100

[shops.shop1]
account = "main"
host = "sklep.example.com"
location = "sklep_example"
number = 1
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00

[shops.shop1.panel]
kind = "idosell"
base_url = "{panel}"
api_key = "env:TEST_PANEL_KEY"
calls_per_second = 50

[shops.shop1.backfill]
start = "automatic"
day = {{ contacts_per_hour = 10000000 }}
night = {{ contacts_per_hour = 10000000 }}
"""


class Airport(World):
    """A gateway with one shop of a panel with many accounts, and the stand-ins it talks to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        panel_port = free_port()
        self.panel_url = f"http://127.0.0.1:{panel_port}"
        self.environment |= {"TEST_PANEL_KEY": "demo-panel-key", "GATEWAY_POLL_SECONDS": "0.05"}
        self.shops_file.write_text(_SHOPS.format(endpoint=self.sandbox_url, panel=self.panel_url))
        salesmanago = ["--salesmanago-port", self.sandbox_url.rpartition(":")[2]]
        panel = ["--panel-port", str(panel_port), "--accounts", str(ACCOUNTS)]
        self.sandbox = Process(folder, "sandbox", ["sandbox", *salesmanago, *panel], {}, f"{self.sandbox_url}/sandbox/state")
        serve = ["check:0.2", "--", "serve"]  # nothing here takes two seconds
        self.gateway = Process(folder, "gateway", serve, self.environment, f"{self.url}/healthz", module="chaos.launcher")
        shutil.copy(migrated_file(), folder / "gateway.db")

    def accounts(self) -> list[Json]:
        found: list[Json] = http.get(f"{self.panel_url}/sandbox/customers").json()["customers"]
        return found

    def report(self, key: str) -> Json:
        """The shop's only backfill, asked for again as long as the gateway is down."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                answer = http.get(f"{self.url}/v1/shops/shop1/backfills", headers={"Authorization": f"Bearer {key}"}, timeout=10)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200 and answer.json()["backfills"]:
                (found,) = answer.json()["backfills"]
                return dict(found)
            time.sleep(0.05)
        raise AssertionError(f"no backfill began:\n{self.gateway.log.read_text()[-2000:]}")

    def wait(self, key: str, wanted: Callable[[Json], bool]) -> Json:
        until = time.monotonic() + PATIENCE_SECONDS
        while not wanted(shown := self.report(key)):
            assert time.monotonic() < until, shown
            time.sleep(0.05)
        return shown


def an_order(number: int) -> Json:
    return {
        "event_id": f"order-{number}",
        "occurred_at": f"2026-11-20T10:00:{number:02d}+01:00",
        "customer": {"email": f"live{number}@example.com", "first_name": "Jan"},
        "order": {"id": str(number), "currency": "PLN", "value": "10.00", "items": [{"product_id": "1", "name": "x"}]},
        "transfer_consent": "not_asked",
    }


def post_all(world: Airport, key: str, refused: list[str]) -> None:
    """What a good shop does: the same event again until it hears 202."""
    with httpx.Client(timeout=5, headers={"Authorization": f"Bearer {key}"}) as line:
        for number in range(ORDERS):
            while not refused:
                try:
                    answer = line.post(f"{world.url}/v1/shops/shop1/orders", json=an_order(number))
                except httpx.TransportError:
                    time.sleep(0.05)
                    continue
                if answer.status_code == 202:
                    break
                refused += [] if answer.status_code == 503 else [answer.text]
                time.sleep(0.05)


def purchases(world: Airport) -> list[Json]:
    found: list[Json] = world.shown("events?type=PURCHASE")["events"]
    return found


def upserts(world: Airport) -> list[Json]:
    """Every call that wrote contacts, in order."""
    entries: list[Json] = world.shown("ledger")["entries"]
    return [entry for entry in entries if "upsert" in entry["path"]]


def test_killed_three_times_the_first_transfer_brings_every_account_once_and_the_days_orders_first(tmp_path: Path) -> None:
    chance = random.Random(20261123)
    world = Airport(tmp_path)
    world.sandbox.launch()
    try:
        world.gateway.start()
        world.sandbox.wait_until_ready()
        accounts = world.accounts()
        ours = {one["email"] for one in accounts if 1 in one["active_shops"] and not one["unregistered"]}
        guests = sum(one["unregistered"] for one in accounts)
        assert len(accounts) == ACCOUNTS
        assert ACCOUNTS // 3 < len(ours) < ACCOUNTS

        refused: list[str] = []
        try:
            applied = world.command("apply", str(world.shops_file), "--yes")  # the transfer begins by itself
            assert applied.returncode == 0, applied.stdout + applied.stderr
            key = world.key("shop1")
            posting = threading.Thread(target=post_all, args=(world, key, refused))
            for kill in range(1, KILLS + 1):
                shown = world.wait(key, lambda now, kill=kill: now["found"] >= ACCOUNTS * kill // (KILLS + 2))  # type: ignore[misc]
                assert shown["state"] == "transfer"
                time.sleep(chance.random() * 0.2)
                world.gateway.kill()
                if kill == 1:
                    posting.start()
                world.gateway.start()

            posting.join()
            assert refused == []
            until = time.monotonic() + PATIENCE_SECONDS
            while len(purchases(world)) < ORDERS:
                assert time.monotonic() < until, "the orders do not arrive"
                time.sleep(0.05)
            assert world.report(key)["state"] == "transfer", "the orders waited for the list"

            report = world.wait(key, lambda now: now["finished_at"] is not None)
            shown = world.json("backfill", "show", "shop1")
            assert shown == report
            assert [one["id"] for one in world.json("backfill", "list")["backfills"]] == [report["id"]]
        finally:
            world.gateway.kill()

        # The report is right.
        assert (report["state"], report["trouble"], report["paused_because"]) == ("complete", "", None)
        assert (report["found"], report["total"]) == (ACCOUNTS, ACCOUNTS)
        elsewhere = ACCOUNTS - guests - len(ours)
        counts = {name: report[name] for name in ("sent", "withheld", "failed", "waiting")}
        assert counts == {
            "sent": len(ours),
            "withheld": {"account_elsewhere": elsewhere, "no_account": guests},
            "failed": 0,
            "waiting": 0,
        }

        # Each account became one event, and nobody else is known here.
        with closing(sqlite3.connect(tmp_path / "gateway.db")) as database:
            subjects = Counter(row[0] for row in database.execute("SELECT subject FROM inbox WHERE type = 'account-listed'"))
            known = {row[0] for row in database.execute("SELECT email FROM contacts")}
        live = {f"live{number}@example.com" for number in range(ORDERS)}
        assert subjects == Counter(ours)
        assert known == ours | live

        # SALESmanago has each of them once, opted in exactly if the person agreed, and no tag counted twice.
        contacts = world.shown("contacts")["contacts"]
        assert Counter(one["email"] for one in contacts) == Counter(ours | live)
        agreed = {one["email"] for one in accounts if one["email"] in ours and one["approvals"]["email"].get("1")}
        assert {one["email"] for one in contacts if not one["opted_out"]} == agreed
        assert {name: score for one in contacts for name, score in one["tags"].items() if score > 1} == {}

        # The list set nothing off over there; orders were delivered once each.
        listed = [call for call in upserts(world) if not live.intersection(call["emails"])]
        assert {email for call in listed for email in call["emails"]} == ours
        assert {call["body"]["fireEvents"] for call in listed} == {False}
        assert {call["body"].get("useApiDoubleOptIn") for call in listed} == {False}
        aloud = [call for call in upserts(world) if live.intersection(call["emails"])]
        assert max(call["n"] for call in aloud) < max(call["n"] for call in listed), "the orders waited for the whole list"
        for call in upserts(world):
            assert not (ours.intersection(call["emails"]) and live.intersection(call["emails"]))
        assert sorted(int(one["externalId"]) for one in purchases(world)) == list(range(ORDERS))
    finally:
        world.sandbox.kill()
