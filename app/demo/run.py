"""Run the day: stand-ins and gateway as real servers, real requests, and an account that is checked."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from app.admin.api import control_app
from app.bootstrap.gateway import Gateway, open_gateway
from app.bootstrap.outgoing import authorities
from app.configuration.settings import Settings
from app.configuration.shops_file import parse
from app.demo import report
from app.demo.day import RETAIL, RETAIL_HOST, WHOLESALE, WHOLESALE_HOST, Moment, the_day
from app.demo.fast_forward import DemoClock, FastForward
from app.demo.panel_day import EWA, GARDEN, GARDEN_HOST, GARDEN_NUMBER, HOOK_SECRET, HOOK_TOKEN, PANEL_NUMBER, PanelDay
from app.demo.way_back import ACCOUNT_SECRET, RETAIL_NUMBER, SHOP_SECRET, WHOLESALE_NUMBER, Scene, WayBack, panel_world
from app.domain.shops.configuration import ADMIN_ROLE
from app.sandbox import panel
from app.sandbox.salesmanago import Account, create_app
from app.server.application import application_of
from app.server.runner import bound, bound_nearby, private_socket, served, stop_signals, together
from app.services.shops.keyring import KeyRing

HOST = "127.0.0.1"
CLIENT_ID = "demo-client-id"
API_SECRET = "demo-api-secret"  # noqa: S105 - opens nothing but the stand-in
OWNER = "owner@example.com"
PANEL_KEY = "demo-panel-key"
SETTLED = ("sent", "withheld", "superseded", "parked")
PATIENCE_SECONDS = 60.0
CART_URL = f"https://{RETAIL_HOST}/basket?restore={{token}}"


async def run_sandbox(salesmanago_port: int, panel_port: int, accounts: int, *, strict: bool = False) -> None:
    """The stand-ins of SALESmanago and of the panel alone, until stopped."""
    salesmanago, shop_panel = bound(HOST, salesmanago_port), bound(HOST, panel_port)
    with stop_signals() as stopped:
        async with together(
            served(_salesmanago(strict=strict), salesmanago),
            served(panel.create_app(partial(panel.sample_world, accounts)), shop_panel),
        ):
            report.sandbox_addresses(_url(salesmanago), CLIENT_ID, API_SECRET, OWNER, _url(shop_panel))
            await stopped.wait()


async def run_demo(port: int, salesmanago_port: int, panel_port: int, *, stay: bool) -> bool:
    """The whole day; answers whether everything became what it should. With `stay` it then waits to be explored."""
    with tempfile.TemporaryDirectory(prefix="gateway-demo-") as folder:
        clock = DemoClock()
        sockets = bound_nearby(HOST, port), bound_nearby(HOST, salesmanago_port), bound_nearby(HOST, panel_port)
        gateway_url, sandbox_url, panel_url = map(_url, sockets)
        gateway_socket, sandbox_socket, panel_socket = sockets
        async with (
            _gateway(Path(folder), gateway_url, sandbox_url, panel_url, clock) as gateway,
            together(
                served(_salesmanago(), sandbox_socket),
                served(panel.create_app(panel_world), panel_socket),
                served(application_of(gateway), gateway_socket),
            ),
            httpx.AsyncClient(timeout=30, verify=authorities(trust_env=True)) as http,
        ):
            gateway.worker.start()
            keys = {shop: await gateway.directory.issue_key(shop) for shop in (RETAIL, WHOLESALE, GARDEN)}
            sign_in = await gateway.directory.issue_key(None, ADMIN_ROLE, name="Demo")
            way_back = WayBack(http, gateway_url, sandbox_url, panel_url, CLIENT_ID, keys)
            later = FastForward(http, gateway_url, keys, clock, gateway.backfills.step_due)
            garden = PanelDay(http, gateway_url, panel_url, keys[GARDEN], partial(_scan, gateway, clock))
            as_expected = await _live_through(http, gateway_url, sandbox_url, keys, way_back, garden, later)
            if stay:
                settings = {
                    "GATEWAY_DATABASE_URL": gateway.settings.database_url,
                    "GATEWAY_ENCRYPTION_KEYS": ",".join(gateway.settings.encryption_keys),
                }
                report.addresses(gateway_url, sandbox_url, panel_url, keys, sign_in, settings)
                await _stay(gateway)
    return as_expected


async def _scan(gateway: Gateway, clock: DemoClock) -> None:
    """What falls due while the clock is put forward is done at once, instead of when the gateway looks up next."""
    clock.forward(timedelta(seconds=gateway.settings.scan_seconds))
    for source in gateway.directory.sources():
        while await gateway.sources.scanner.step(source):
            pass


async def _stay(gateway: Gateway) -> None:
    """To be explored, by the commands of another terminal too."""
    door = gateway.settings.control_socket
    assert door is not None, "the demo's database is a file"
    with stop_signals() as stopped:
        async with served(control_app(gateway), private_socket(door)):
            await stopped.wait()


def _salesmanago(*, strict: bool = True) -> Any:
    return create_app([Account(CLIENT_ID, API_SECRET, (OWNER,))], strict=strict)


def _url(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


@asynccontextmanager
async def _gateway(folder: Path, gateway_url: str, sandbox_url: str, panel_url: str, clock: DemoClock) -> AsyncIterator[Gateway]:
    key = Fernet.generate_key().decode()
    settings = Settings(
        database_url=f"sqlite+aiosqlite:///{folder / 'demo.db'}",
        encryption_keys=(key,),
        poll_seconds=0.1,
        directory_seconds=0.2,
        cart_sweep_seconds=0.1,
        scan_seconds=5.0,
        pull_seconds=0.1,  # minutes become tenths of a second, so that nobody has to wait for a tag
        config=None,
        public_url=gateway_url,
    )
    async with open_gateway(settings, clock) as gateway:
        for name, value in (("secret", API_SECRET), ("shop", SHOP_SECRET), ("account", ACCOUNT_SECRET), ("panel", PANEL_KEY)):
            (folder / name).write_text(value)
        started = (datetime.now(UTC) - timedelta(days=30)).astimezone()
        account = {
            "endpoint": sandbox_url,
            "client_id": CLIENT_ID,
            "api_secret": f"file:{folder / 'secret'}",
            "owner": OWNER,
            "calls_per_second": 100,
            "callback_secret": f"file:{folder / 'account'}",
        }
        side = {"kind": "idosell", "base_url": panel_url, "api_key": f"file:{folder / 'panel'}", "calls_per_second": 100}
        (folder / "hook-token").write_text(HOOK_TOKEN)
        (folder / "hook-secret").write_text(HOOK_SECRET)
        source = {
            "kind": "idosell",
            "panel": PANEL_NUMBER,
            "tokens": [f"file:{folder / 'hook-token'}"],
            "secrets": [f"file:{folder / 'hook-secret'}"],
            "calls_per_day": 1_000_000,  # its quarters of an hour are seconds
        }
        home = {"panel": side, "callback_secret": f"file:{folder / 'shop'}"}
        shops = {
            RETAIL: {**_shop(RETAIL_HOST, RETAIL_NUMBER, "order_consent", started), **home, "cart_url": CART_URL},
            WHOLESALE: {
                **_shop(WHOLESALE_HOST, WHOLESALE_NUMBER, "all_customers", started),
                **home,
                "backfill": {"start": "approved"},  # the day comes first, the accounts of old when somebody says so
            },
            GARDEN: {
                **_shop(GARDEN_HOST, GARDEN_NUMBER, "all_customers", datetime.now(UTC) - timedelta(minutes=5)),
                **home,
                "source": source,
                "backfill": {"start": "approved"},
            },
        }
        await gateway.directory.apply(*parse({"accounts": {"main": account}, "shops": shops}, KeyRing([key])))
        yield gateway


def _shop(host: str, number: int, policy: str, started: datetime) -> dict[str, Any]:
    return {
        "account": "main",
        "host": host,
        "location": host.replace(".", "_").replace("-", "_"),
        "number": number,
        "policy": policy,
        "integration_started_at": started,
    }


async def _live_through(
    http: httpx.AsyncClient,
    gateway_url: str,
    sandbox_url: str,
    keys: dict[str, str],
    way_back: WayBack,
    garden: PanelDay,
    later: FastForward,
) -> bool:
    day = the_day(datetime.now(UTC).astimezone())

    async def from_morning_to_evening() -> tuple[dict[str, Any], list[dict[str, Any]], list[Scene]]:
        for moment in day:
            await _post(http, gateway_url, keys, moment)
            await _settled(http, gateway_url, keys, moment)  # hours lie between them: each finds the one before done
        repeated = await _post(http, gateway_url, keys, day[3])
        settled = [await _settled(http, gateway_url, keys, moment) for moment in day]
        return repeated, settled, await way_back.play()

    # Of different people, in different shops.
    (repeated, settled, scenes), steps = await asyncio.gather(from_morning_to_evening(), garden.play())
    mistakes = [words for moment, event in zip(day, settled, strict=True) for words in _mistakes(moment, event)]
    mistakes += [scene.mistake for scene in scenes if scene.mistake is not None]
    mistakes += [one.mistake for one in steps if one.mistake is not None]
    known = (await http.get(f"{sandbox_url}/sandbox/contacts")).json()["contacts"]
    known.sort(key=lambda one: one["email"] == EWA)  # in whatever order they came, the people of the day stand first
    contacts = [(await http.get(f"{sandbox_url}/sandbox/contacts/{contact['email']}")).json() for contact in known]
    if repeated["result"] != "duplicate":
        mistakes.append("a repeated order was not recognised")
    report.day(day, settled)
    report.way_back(scenes, await way_back.customer())
    report.panel_day(steps)
    report.contacts(contacts)
    carts = await later.carts()
    report.carts(carts)
    mistakes += [scene.mistake for scene in carts if scene.mistake is not None]
    with report.bar() as show:
        landed = await later.backfill(show)
    report.backfill(landed)
    if landed["state"] != "complete" or not landed["sent"]:
        mistakes.append(f"the first transfer became {landed['state']}, with {landed['sent']} sent")
    ledger = (await http.get(f"{sandbox_url}/sandbox/ledger")).json()["entries"]
    report.verdict(len(day), repeated, len(ledger), mistakes)
    return not mistakes


async def _post(http: httpx.AsyncClient, gateway_url: str, keys: dict[str, str], moment: Moment) -> dict[str, Any]:
    answer = await http.post(
        f"{gateway_url}/v1/shops/{moment.shop}/{moment.path}",
        json=moment.body,
        headers={"Authorization": f"Bearer {keys[moment.shop]}"},
    )
    answer.raise_for_status()
    receipt: dict[str, Any] = answer.json()
    return receipt


async def _settled(http: httpx.AsyncClient, gateway_url: str, keys: dict[str, str], moment: Moment) -> dict[str, Any]:
    """The event once nothing more will happen to it."""
    headers = {"Authorization": f"Bearer {keys[moment.shop]}"}
    event: dict[str, Any] = {}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while event.get("state") not in SETTLED:
            await asyncio.sleep(0.02 if event else 0)
            url = f"{gateway_url}/v1/shops/{moment.shop}/events/{moment.body['event_id']}"
            event = (await http.get(url, headers=headers)).json()
    return event


def _mistakes(moment: Moment, event: dict[str, Any]) -> list[str]:
    """Where the day did not go as the rules say."""
    found = []
    name = f"{moment.shop}/{moment.body['event_id']}"
    reason = (event["reason"] or {}).get("code")
    if (event["state"], reason) != (moment.state, moment.reason):
        found.append(f"{name}: became {event['state']} ({reason}), expected {moment.state} ({moment.reason})")
    for kind, expected in (("add_tags", moment.tags_added), ("remove_tags", moment.tags_removed)):
        tags = report.tags_of(event, kind)
        if set(tags) != set(expected):
            found.append(f"{name}: {kind} {tags}, expected {list(expected)}")
    return found
