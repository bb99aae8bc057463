"""A small shop: tells the gateway what happens, and takes the gateway's notices. Standard library only.

    python shop.py day [number]      a day of the shop, event by event; its ids have the number, else the time
    python shop.py notices 8090      take notices on port 8090, and print each once
    python shop.py basket TOKEN [GOODS=QUANTITY …]
                                     what a basket with these goods holds after a recovery link of the gateway was followed

GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. SIGNING_SECRET: signs requests, if the shop has one.
NOTICE_SECRET: checks notices.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# -- signatures (Standard Webhooks): the same for what we send and for what we are sent ----------------------------------


def signature(secret, message_id, timestamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_genuine(secret, headers, body):
    """Over the raw body, before anything is read from it; not older than five minutes; in constant time."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
        return False
    wanted = signature(secret, message_id, timestamp, body)
    said = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one, wanted) for one in said)


# -- what happens in the shop --------------------------------------------------------------------------------------------


class Gateway:
    """Posts events. A real shop writes them into a table of its own first and posts them from there."""

    def __init__(self, url, shop, key, signing_secret=""):
        self._shop_url = f"{url}/v1/shops/{shop}"
        self._key = key
        self._signing_secret = signing_secret

    @classmethod
    def of_environment(cls):
        env = os.environ
        return cls(env["GATEWAY_URL"], env["SHOP"], env["GATEWAY_KEY"], env.get("SIGNING_SECRET", ""))

    def tell(self, path, event):
        """The receipt. The same event may be told again whenever its answer is missing: it has one effect."""
        body = json.dumps(event).encode()
        pause = 1
        while True:
            try:
                return self._ask(urllib.request.Request(f"{self._shop_url}/{path}", body, self._headers(event["event_id"], body)))
            except urllib.error.HTTPError as error:
                problem = error.read().decode()
                if error.code not in (429, 503):
                    raise SystemExit(f"{path} was refused: {problem}") from None  # it must be mended first
                pause = int(error.headers.get("Retry-After", pause))
            except OSError as error:
                print(f"no answer ({error}), again in {pause} s", file=sys.stderr)
            time.sleep(pause)
            pause = min(2 * pause, 60)

    def goods_of(self, token):
        """{id of a product: quantity} behind a recovery link; nothing if the link is too old, or none of ours."""
        body = json.dumps({"token": token}).encode()
        request = urllib.request.Request(f"{self._shop_url}/recovered-carts", body, self._headers(f"basket-{token[-40:]}", body))
        try:
            return {item["product_id"]: Decimal(item["quantity"]) for item in self._ask(request)["items"]}
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise

    def read(self, path):
        return self._ask(urllib.request.Request(f"{self._shop_url}/{path}", headers={"Authorization": f"Bearer {self._key}"}))

    def _ask(self, request):
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _headers(self, event_id, body):
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if self._signing_secret:
            now = str(int(time.time()))
            signed = signature(self._signing_secret, event_id, now, body)
            headers |= {"webhook-id": event_id, "webhook-timestamp": now, "webhook-signature": signed}
        return headers


def a_day(number):
    """(path, event) of a day. `number` makes its ids those of this day."""
    minute = 0

    def event(name, **content):
        nonlocal minute
        minute += 1
        at = datetime.now(UTC) - timedelta(minutes=60 - minute)
        return {"event_id": f"{name}-{number}", "occurred_at": at.isoformat(timespec="seconds"), **content}

    jan, ewa = f"jan-{number}@example.com", f"ewa-{number}@example.com"
    customer = {
        "id": f"c{number}",
        "email": jan,
        "first_name": "Jan",
        "last_name": "Kowalski",
        "phone": "600 100 200",
        "address": {"street": "Polna 1", "postal_code": "00-001", "city": "Warszawa", "country": "PL"},
        "newsletter": {"email": True},
    }
    shoes = {"product_id": "101", "name": "Buty do biegania", "unit_price": "199.99", "menu_paths": ["Obuwie/Męskie/Sportowe"]}
    order = {"id": f"o{number}", "currency": "PLN", "value": "214.98", "items": [shoes], "pickup_point": "Paczkomat WAW01A"}
    yield "registrations", event("registered", customer=customer, source="google")
    yield (
        "subscriptions",
        event("subscribed", email=ewa, has_account=False, consent={"text_version": "2026-03", "ip": "192.0.2.10"}),
    )
    yield "carts", event("cart", email=jan, cart={"id": f"b{number}", "currency": "PLN", "value": "199.99", "items": [shoes]})
    yield "orders", event("ordered", customer=customer, order=order, transfer_consent="given")
    yield "tag-edits", event("tagged", email=jan, added=["vip"])
    yield "tag-edits", event("renamed", email=jan, renamed=[{"from": "vip", "to": "vip 2026"}])
    back = {"items": [{"product_id": "101", "name": shoes["name"], "quantity": 1}], "value": "199.99", "currency": "PLN"}
    yield "order-returns", event("returned", order_id=order["id"], return_id=f"r{number}", email=jan, **back)
    yield "unsubscriptions", event("left", email=ewa, confirmed=True)


def day(gateway, number):
    """Tell the day, and show what became of it. Ends once the order was passed on."""
    for path, event in a_day(number):
        receipt = gateway.tell(path, event)
        print(f"{path}: {receipt['result']}", *receipt["warnings"], flush=True)
    for _ in range(300):
        found = gateway.read(f"events/ordered-{number}")
        if found["state"] not in ("received", "planned"):
            break
        time.sleep(0.1)
    print(f"the order is {found['state']}:", *(command["command"] for command in found["commands"]))


# -- a recovery link ------------------------------------------------------------------------------------------------------


def restored(basket, goods):
    """What the basket holds once the link was followed: nothing of it is lost, and following the link twice doubles nothing."""
    return basket | {product: max(quantity, basket.get(product, 0)) for product, quantity in goods.items()}


# -- what the gateway tells the shop -------------------------------------------------------------------------------------


SEEN = set()
"""Ids of notices that were taken. A real shop keeps them in its database, with what it did about them."""


class Notices(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not is_genuine(os.environ["NOTICE_SECRET"], self.headers, body):
            self._answer(401)
            return
        message_id = self.headers["webhook-id"]
        if message_id not in SEEN:
            take(json.loads(body))
            SEEN.add(message_id)
        self._answer(204)

    def do_GET(self):
        """For whoever looks whether somebody is there."""
        self._answer(204)

    def _answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        """Nothing: requests hold addresses of people."""


def take(notice):
    data = notice["data"]
    if notice["type"] == "newsletter.changed":
        for channel, said in data["channels"].items():
            print(f"{data['email']}: {channel} is {said['status']} since {said['acted_at']}", flush=True)
    elif notice["type"] == "tags.changed":
        print(f"{data['email']}: tags", *(f"{tag['name']}={tag['points']}" for tag in data["tags"]), flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["day", *numbers]:
            day(Gateway.of_environment(), int(numbers[0]) if numbers else int(time.time()))
        case ["basket", token, *goods]:
            there = {product: Decimal(quantity) for product, _, quantity in (one.partition("=") for one in goods)}
            for product, quantity in restored(there, Gateway.of_environment().goods_of(token)).items():
                print(f"{product}: {quantity:f}")
        case ["notices", port]:
            ThreadingHTTPServer(("127.0.0.1", int(port)), Notices).serve_forever()
        case _:
            sys.exit(__doc__)
