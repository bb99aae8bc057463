"""The examples do what they say, as they stand, against a gateway that is served."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from app.domain.decisions.carts import cart_of
from app.routers.events.endpoints import EVENTS
from app.services.recovery_links import RecoveryLinks
from app.services.shops.keyring import KeyRing
from tests.support.builders import a_shop, an_item, cart_changed
from tests.support.running.processes import World, a_world, free_port, http
from tools.curl_examples import FOLDER as CURL
from tools.curl_examples import scripts

EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLES = Path(__file__).parents[1] / "sources" / "woocommerce" / "samples"
SECRET = "whsec_" + base64.b64encode(b"a secret of the examples").decode()
CALLBACK_SECRET = "Abcdefgh12345678"
BASKET = "https://sklep.example.com/basket?restore={token}"
PATIENCE_SECONDS = 30.0

needs_php = pytest.mark.skipif(shutil.which("php") is None, reason="PHP is not installed")
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

LANGUAGES = [
    pytest.param("python", [sys.executable, "shop.py", "day"], [sys.executable, "shop.py", "notices", "{port}"], id="python"),
    pytest.param("php", ["php", "shop.php", "day"], ["php", "-S", "127.0.0.1:{port}", "shop.php"], id="php", marks=needs_php),
]


def shop(name: str, number: int, *lines: str) -> str:
    return "\n".join(
        (
            f"[shops.{name}]",
            'account = "main"',
            f'host = "{name}.example.com"',
            f'location = "{name}_example"',
            f"number = {number}",
            'policy = "all_customers"',
            "integration_started_at = 2026-01-01T00:00:00+01:00",
            *lines,
            "",
        )
    )


def with_notices(name: str, number: int, port: int) -> str:
    signs = (
        'signing_secret = "env:EXAMPLE_SECRET"',
        'callback_secret = "env:EXAMPLE_CALLBACK"',
        'cart_url = "' + BASKET.replace("{token}", "{{token}}") + '"',
    )
    panel = (
        'kind = "webhook"',
        f'base_url = "http://127.0.0.1:{port}"',
        "allow_private_targets = true",
        'api_key = "env:EXAMPLE_SECRET"',
    )
    return shop(name, number, *signs, f"[shops.{name}.panel]", *panel)


ACCOUNT = """
[accounts.main]
endpoint = "{endpoint}"
client_id = "demo-client-id"
api_secret = "env:TEST_SECRET"
owner = "owner@example.com"
calls_per_second = 100
"""
PORTS = {"python": free_port(), "php": free_port()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    source = (
        "[shops.woo.source]",
        'kind = "woocommerce"',
        'secrets = ["env:EXAMPLE_SECRET"]',
        'consent_field = "_marketing_consent"',
    )
    shops = [
        ACCOUNT,
        with_notices("python", 1, PORTS["python"]),
        with_notices("php", 2, PORTS["php"]),
        shop("curl", 3),
        shop("signed", 4, 'signing_secret = "env:EXAMPLE_SECRET"'),
        shop("woo", 5, *source),
    ]
    secrets = {"EXAMPLE_SECRET": SECRET, "EXAMPLE_CALLBACK": CALLBACK_SECRET}
    with a_world(tmp_path_factory.mktemp("examples"), shops="\n".join(shops), secrets=secrets) as served:
        yield served


@cache
def key_of(world: World, shop: str) -> str:
    """One for all tests: a shop has no more than two."""
    return world.key(shop)


def environment(world: World, shop: str, **more: str) -> Mapping[str, str]:
    said = {"GATEWAY_URL": world.url, "SHOP": shop, "GATEWAY_KEY": key_of(world, shop), "NOTICE_SECRET": SECRET}
    return os.environ | said | more


def run(command: list[str], folder: Path, env: Mapping[str, str]) -> str:
    ran = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


# -- shops of one file ---------------------------------------------------------------------------------------------------


@contextmanager
def listening(command: list[str], folder: Path, port: int, out: Path) -> Iterator[None]:
    with out.open("wb") as log:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder,
            env=os.environ | {"NOTICE_SECRET": SECRET, "TMPDIR": str(out.parent)},
            stdout=log,
            stderr=subprocess.DEVNULL,
        )
    try:
        wait_for(lambda: _answers(port))
        yield
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return http.get(f"http://127.0.0.1:{port}/").status_code == 204
    except httpx.TransportError:
        return False


def wait_for(condition: Any) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize(("name", "day", "notices"), LANGUAGES)
def test_a_small_shop_sends_its_day_and_learns_of_an_opt_out(
    name: str, day: list[str], notices: list[str], world: World, tmp_path: Path
) -> None:
    folder, heard = EXAMPLES / name, tmp_path / "heard"
    told = run([*day, "7"], folder, environment(world, name, SIGNING_SECRET=SECRET))
    lines = told.splitlines()
    assert [line.partition(":")[0] for line in lines[:-1]] == [
        "registrations",
        "subscriptions",
        "carts",
        "orders",
        "tag-edits",
        "tag-edits",
        "order-returns",
        "unsubscriptions",
    ]
    assert {line.partition(": ")[2] for line in lines[:-1]} == {"accepted"}
    assert lines[-1].startswith("the order is sent: ")
    assert "add_event" in lines[-1]
    email = "jan-7@example.com"
    with listening(notices, folder, PORTS[name], heard):
        key = hashlib.sha1(f"{email}{CALLBACK_SECRET}".encode()).hexdigest()
        called = http.get(f"{world.url}/callbacks/shops/{name}/opt-out", params={"email": email, "key": key})
        assert called.text == "OK"
        wait_for(lambda: f"{email}: email is opt_out since " in heard.read_text())
        refuses_forgeries_and_repetitions(PORTS[name], heard)


def refuses_forgeries_and_repetitions(port: int, heard: Path) -> None:
    channels = {"email": {"status": "opt_in", "acted_at": "2026-11-23T10:15:00+00:00"}}
    body = json.dumps({"type": "newsletter.changed", "data": {"email": "ewa@example.com", "channels": channels}})
    at = datetime.now(UTC)
    right = {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": f"v1,x {Webhook(SECRET).sign('m1', at, body)}",
    }
    old = {**right, "webhook-timestamp": str(int(at.timestamp()) - 301)}
    sent = [(right, body + " "), (old, body), ({**right, "webhook-id": "m2"}, body), ({}, body), (right, body), (right, body)]
    answers = [http.post(f"http://127.0.0.1:{port}/", content=content, headers=headers).status_code for headers, content in sent]
    assert answers == [401, 401, 401, 401, 204, 204]
    assert heard.read_text().count("ewa@example.com") == 1


@pytest.mark.parametrize(("name", "day", "notices"), LANGUAGES)
def test_a_shop_that_does_not_sign_learns_why_nothing_was_stored(
    name: str, day: list[str], notices: list[str], world: World
) -> None:
    env = environment(world, name)
    ran = subprocess.run([*day, "8"], cwd=EXAMPLES / name, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "not signed as this shop signs" in ran.stderr


# -- a recovery link -----------------------------------------------------------------------------------------------------


def token_of(world: World, name: str) -> str:
    """As it stands in the link that SALESmanago shows the person."""
    links = RecoveryLinks(KeyRing([world.environment["GATEWAY_ENCRYPTION_KEYS"]]), lambda: datetime.now(UTC))
    cart = cart_of(cart_changed(items=(an_item("101", quantity=2), an_item("7"))))
    link = links.link(a_shop(id=name, cart_url=BASKET), cart)
    assert link is not None
    return link.partition("=")[2]


@pytest.mark.parametrize(
    ("there", "restored"),
    [
        ((), {"101: 2", "7: 1"}),
        (("55=1",), {"55: 1", "101: 2", "7: 1"}),
        (("101=1", "7=4"), {"101: 2", "7: 4"}),
        (("101=2", "7=1"), {"101: 2", "7: 1"}),
    ],
)
@pytest.mark.parametrize(("name", "day", "notices"), LANGUAGES)
def test_e9_a_restored_cart_adds_to_the_basket_that_is_there_and_twice_doubles_nothing(
    name: str, day: list[str], notices: list[str], there: tuple[str, ...], restored: set[str], world: World
) -> None:
    env = environment(world, name, SIGNING_SECRET=SECRET)
    shown = run([*day[:-1], "basket", token_of(world, name), *there], EXAMPLES / name, env)
    assert set(shown.splitlines()) == restored


@pytest.mark.parametrize(("name", "day", "notices"), LANGUAGES)
def test_e9_a_link_that_is_too_old_or_forged_leaves_the_basket_as_it_is(
    name: str, day: list[str], notices: list[str], world: World
) -> None:
    env = environment(world, name, SIGNING_SECRET=SECRET)
    shown = run([*day[:-1], "basket", token_of(world, name)[:-3] + "abc", "55=1"], EXAMPLES / name, env)
    assert shown.splitlines() == ["55: 1"]


# -- curl ----------------------------------------------------------------------------------------------------------------


def test_the_scripts_are_what_the_contract_shows() -> None:
    stale = [name for name, text in scripts().items() if (CURL / name).read_text() != text]
    assert stale == [], "run `make examples` and read the difference"
    assert {path.name for path in CURL.iterdir()} == {*scripts(), "signed.sh"}


@needs_curl
def test_every_script_is_taken(world: World) -> None:
    env = environment(world, "curl")
    answers = {}
    for path in sorted(CURL.glob("*.sh")):
        if path.name != "signed.sh":
            answers[path.stem] = json.loads(run(["sh", path.name], CURL, env))
    assert answers.keys() == {event.path for event in EVENTS} | {"events"}
    batch = answers.pop("events")
    assert batch["rejected"] == batch["conflict"] == 0
    assert {answer["result"] for answer in answers.values()} <= {"accepted", "duplicate"}
    assert {tuple(answer["warnings"]) for answer in answers.values()} == {()}


@needs_curl
@needs_openssl
def test_a_signed_script_is_taken_and_an_unsigned_one_is_not(world: World) -> None:
    env = environment(world, "signed", SIGNING_SECRET=SECRET)
    assert json.loads(run(["sh", "signed.sh"], CURL, env))["result"] == "accepted"
    refused = subprocess.run(["sh", "product-views.sh"], cwd=CURL, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (refused.returncode, json.loads(refused.stdout)["status"]) == (22, 401)


# -- WooCommerce ---------------------------------------------------------------------------------------------------------


class WooCommerce(BaseHTTPRequestHandler):
    """As much of a shop's REST API as adds webhooks."""

    webhooks: list[dict[str, Any]]

    def do_GET(self) -> None:
        self._answer(self.webhooks)

    def do_POST(self) -> None:
        made = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.webhooks.append(made)
        self._answer(made)

    def _answer(self, content: Any) -> None:
        known = self.headers["Authorization"] == "Basic " + base64.b64encode(b"ck_1:cs_1").decode()
        self.send_response(200 if known and self.path.startswith("/wp-json/wc/v3/webhooks") else 401)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_webhooks_are_added_once_and_what_they_deliver_is_taken(world: World) -> None:
    kind = type("OneShop", (WooCommerce,), {"webhooks": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        delivery = f"{world.url}/sources/woocommerce/woo"
        env = os.environ | {
            "WC_URL": f"http://127.0.0.1:{server.server_port}",
            "WC_KEY": "ck_1",
            "WC_SECRET": "cs_1",
            "DELIVERY_URL": delivery,
            "WEBHOOK_SECRET": SECRET,
        }
        folder = EXAMPLES / "woocommerce"
        first = run([sys.executable, "add_webhooks.py"], folder, env)
        second = run([sys.executable, "add_webhooks.py"], folder, env)
        server.shutdown()
    assert first.count("added") == second.count("was there") == 4
    webhooks = kind.webhooks  # type: ignore[attr-defined]
    assert [one["topic"] for one in webhooks] == ["order.created", "order.updated", "customer.created", "customer.updated"]
    body = (SAMPLES / "customer.json").read_bytes()
    added = webhooks[2]
    seal = base64.b64encode(hmac.digest(added["secret"].encode(), body, "sha256")).decode()
    for signature, status in ((seal, 202), (seal[::-1], 401)):
        headers = {"x-wc-webhook-topic": added["topic"], "x-wc-webhook-signature": signature, "Content-Type": "application/json"}
        assert http.post(added["delivery_url"], content=body, headers=headers).status_code == status


@needs_php
@pytest.mark.parametrize(("posted", "kept"), [("['marketing_consent' => '1']", "yes"), ("[]", "no")])
def test_the_consent_box_keeps_an_answer_with_every_order(posted: str, kept: str) -> None:
    stage = """
        function add_action($hook, $does) { global $hooks; $hooks[$hook] = $does; }
        function woocommerce_form_field($name, $field) { echo $name, ' ', $field['type'], PHP_EOL; }
        class Order { function update_meta_data($key, $value) { echo "$key=$value"; } }
        require 'consent-box.php';
        $hooks['woocommerce_review_order_before_submit']();
        $_POST = POSTED;
        $hooks['woocommerce_checkout_create_order'](new Order());
    """.replace("POSTED", posted)
    said = run(["php", "-r", stage], EXAMPLES / "woocommerce", os.environ)
    assert said.splitlines() == ["marketing_consent checkbox", f"_marketing_consent={kept}"]
