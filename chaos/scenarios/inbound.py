"""Rude senders, forged callbacks, leaks, and history repeating itself (I4, I6, I11, I13)."""

import hashlib
import http
import json
import random
import socket
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from chaos.ledger import Result, is_write, settle, stop, totals
from chaos.load import Crowd, Line
from chaos.proxy import Proxy, Way
from chaos.suite import Stage, scenario
from chaos.world import API_SECRET, CALLBACK_SECRET, World, until


@scenario("slow-senders")
def slow_senders(stage: Stage) -> Iterator[Result]:
    """Idle sockets and senders of one byte a second: everybody else is served as before (I11)."""
    with stage.world() as world:
        idle, slow = stage.size(400, 100), stage.size(100, 30)
        result = Result("slow-senders", f"{idle} idle sockets and {slow} that send a byte a second, beside ordinary senders")
        key = world.key()
        before = Crowd(world.url, key, name="sa", pause=0.02).start()
        time.sleep(stage.size(10, 3))
        before.stop()
        sockets = [socket.create_connection(("127.0.0.1", world.port)) for _ in range(idle + slow)]
        dripping = sockets[idle:]
        head = f"POST /v1/shops/shop1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 900\r\n\r\n"
        for at, one in enumerate(dripping):
            one.sendall(head.encode() if at % 2 else head[:40].encode())
        during = Crowd(world.url, key, name="sb", pause=0.02).start()
        for _ in range(stage.size(40, 4)):
            time.sleep(1)
            for one in dripping:
                with suppress(OSError):
                    one.sendall(b"{")
        during.stop()
        lags = [statistics.quantiles(crowd.latencies, n=20)[-1] for crowd in (before, during)]
        open_ = sum(1 for one in sockets if not _ended(one))
        for one in sockets:
            one.close()
        result.demand(
            lags[1] <= max(3 * lags[0], lags[0] + 0.25), f"an acknowledgement took {lags[1]:.2f} s instead of {lags[0]:.2f} s"
        )
        result.demand(during.silent == 0, f"{during.silent} requests of ordinary senders were not answered")
        result.notes.append(
            f"95 % answered in {lags[0] * 1000:.0f} ms, then {lags[1] * 1000:.0f} ms; {open_} of the sockets still open"
        )
        yield settle(world, [before, during], result, since=time.time())


def _ended(one: socket.socket) -> bool:
    """Did the gateway close it?"""
    one.setblocking(False)
    try:
        while data := one.recv(4096):
            del data
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


OTHERS_P99_SECONDS = 0.25
MEMORY_MB = 400


@scenario("worst-requests")
def worst_requests(stage: Stage) -> Iterator[Result]:
    """One shop sends the worst bodies that the limits allow: another is answered as fast, and memory stays bounded (I9, I11)."""
    with stage.world() as world:
        result = Result("worst-requests", "the worst bodies within the limits from one shop, beside ordinary senders of another")
        key, other = world.key(), world.key("shop2")
        quiet = Crowd(world.url, other, name="wq", shop="shop2", senders=1, pause=0.02, opt_outs=0).start()
        time.sleep(stage.size(8, 3))
        quiet.stop()
        before = world.gateway.peak_memory_mb()
        bodies = _worst_bodies(_NAME)  # made beforehand: the senders that are measured share this process
        during = Crowd(world.url, other, name="wo", shop="shop2", senders=1, pause=0.02, opt_outs=0).start()
        end, answers = time.monotonic() + stage.size(40, 6), Counter[int]()
        while time.monotonic() < end:
            name = f"w{sum(answers.values())}".encode()
            for path, body in bodies:
                answers[_status(world, key, path, body.replace(_NAME.encode(), name))] += 1
        during.stop()
        lags = [statistics.quantiles(crowd.latencies, n=100)[98] for crowd in (quiet, during)]
        memory = world.gateway.peak_memory_mb()
        slowest = f"another shop's slowest hundredth took {lags[1] * 1000:.0f} ms (quiet: {lags[0] * 1000:.0f} ms)"
        result.demand(lags[1] <= OTHERS_P99_SECONDS, f"I9: {slowest}")
        result.demand(memory <= MEMORY_MB, f"I11: the process held {memory:.0f} MB")
        result.demand(not any(status >= http.HTTPStatus.INTERNAL_SERVER_ERROR for status in answers), f"answered {dict(answers)}")
        result.demand(during.silent == 0, f"{during.silent} requests of ordinary senders were not answered")
        result.notes.append(f"{slowest}; answers {dict(answers)}; peak memory {before:.0f} to {memory:.0f} MB")
        result.acknowledged = quiet.count + during.count
        yield result


_NAME = "worst0name"


def _worst_bodies(name: str) -> list[tuple[str, bytes]]:
    """Just within what the door takes: sections, tags, long texts, odd values, many values, a full batch."""
    at, person = datetime.now(UTC).isoformat(), {"email": f"{name}@example.com"}
    items = [{"product_id": f"{n}", "name": "ż" * 200, "menu_paths": [f"a{n}x{m}/b{m}" for m in range(100)]} for n in range(480)]
    order: dict[str, Any] = {"id": name, "currency": "PLN", "value": "1.00"}
    sections: dict[str, Any] = {
        "occurred_at": at,
        "customer": person,
        "transfer_consent": "given",
        "order": {**order, "items": items},
    }
    tags: dict[str, Any] = {"occurred_at": at, **person, "tags": [f"{n}{'漢' * 300}" for n in range(1_000)]}
    odd = {**sections, "order": order, **{f"unknown{n}": n for n in range(50_000)}}
    deep = {**sections, "order": {**order, "items": [{"product_id": "1", "name": "x", "menu_paths": [[1] * 500_000]}]}}
    batch = [{**sections, "type": "order", "event_id": f"{name}b{n}", "order": {**order, "items": items[:1]}} for n in range(1_000)]
    singles = [("orders", sections), ("tag-edits", tags), ("orders", odd), ("orders", deep)]
    bodies = [(path, {"event_id": f"{name}-{n}", **one}) for n, (path, one) in enumerate(singles)]
    told = [(f"/v1/shops/shop1/{path}", json.dumps(one, ensure_ascii=False).encode()) for path, one in bodies]
    return [*told, ("/v1/shops/shop1/events", json.dumps(batch, ensure_ascii=False).encode())]


@scenario("rude-requests")
def rude_requests(stage: Stage) -> Iterator[Result]:
    """Bodies too large, too deep, half sent; callbacks forged, repeated, replayed: refused, or one effect (I4, I6)."""
    with stage.world() as world:
        result = Result("rude-requests", "oversize, streamed, nested and cut bodies; forged, doubled and replayed callbacks")
        key = world.key()
        crowd = Crowd(world.url, key, name="ru", people=stage.size(40, 10), opt_outs=0).start()
        orders = "/v1/shops/shop1/orders"
        deep = b"[" * 200_000
        for words, path, body, expected in (
            ("2 MB", orders, b'{"x": "' + b"a" * 2_000_000 + b'"}', {413}),
            ("6 MB batch", "/v1/shops/shop1/events", b"[" + b" " * 6_000_000 + b"]", {413}),
            ("200,000 levels", orders, deep, {400, 415, 422}),
            ("half a document", orders, b'{"event_id": "x"', {400, 415, 422}),
            ("bytes that are no text", orders, bytes(range(128, 256)), {400, 415, 422}),
        ):
            status = _status(world, key, path, body)
            result.demand(status in expected, f"{words}: answered {status}, expected {sorted(expected)}")
        result.demand(_streamed(world, key) in (413, 0), "an endless body in chunks was not refused with 413")
        crowd.done()
        until(lambda: world.waiting("ru") == 0, 40)
        _callbacks(world, crowd, result)
        yield settle(world, [crowd], result, since=time.time())


def _status(world: World, key: str, path: str, body: bytes) -> int:
    line = Line(world.url, key)
    try:
        return line.post(path, body)[0]
    except OSError:
        return 413  # the connection was closed while we still sent: refused all the same
    finally:
        line.close()


def _streamed(world: World, key: str) -> int:
    def endless() -> Iterator[bytes]:
        for _ in range(400):
            yield b" " * 65536

    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        return httpx.post(f"{world.url}/v1/shops/shop1/orders", content=endless(), headers=headers, timeout=20).status_code
    except httpx.TransportError:
        return 0


def _callbacks(world: World, crowd: Crowd, result: Result) -> None:
    """Forged ones store nothing; of one that is repeated, the effect is the first one's."""
    people = sorted({one.email for one in crowd.acknowledged.happenings.values()})[:5]
    rows = int(world.rows("SELECT count(*) FROM inbox")[0][0])
    for person in people:
        for forged in ("0" * 40, "", _sign(person, "AnotherSecret016"), _sign("x" + person, CALLBACK_SECRET)):
            status = _call_back(world, person, forged, "opt-out")
            result.demand(status in (400, 403), f"I6: a forged callback was answered {status}")
    result.demand(int(world.rows("SELECT count(*) FROM inbox")[0][0]) == rows, "a forged callback was stored")
    writes = len(_writes(world))
    for person in people:
        for _ in range(5):
            status = _call_back(world, person, _sign(person, CALLBACK_SECRET), "opt-out")
            result.demand(status == 200, f"a callback was answered {status}")
    until(lambda: world.waiting() == 0, 20)
    # An old opt-in callback, replayed: the signature is as good as ever, SALESmanago's own record must decide.
    for person in people:
        httpx.post(f"{world.sandbox.url}/sandbox/contacts/{person}/unsubscribe", timeout=10).raise_for_status()
        status = _call_back(world, person, _sign(person, CALLBACK_SECRET), "opt-in")
        result.demand(status == 200, f"a callback was answered {status}")
    until(lambda: world.waiting() == 0, 20)
    time.sleep(1)
    opted_in = [
        one["email"] for one in world.sandbox.get("contacts")["contacts"] if one["email"] in people and not one["opted_out"]
    ]
    result.demand(not opted_in, f"I6: a replayed opt-in callback opted {opted_in[:2]} in")
    result.notes.append(f"{len(_writes(world)) - writes} writes after 30 callbacks")


def _sign(email: str, secret: str) -> str:
    return hashlib.sha1(f"{email}{secret}".encode(), usedforsecurity=False).hexdigest()


def _call_back(world: World, email: str, key: str, direction: str) -> int:
    where = f"{world.url}/callbacks/shops/shop1/{direction}"
    return httpx.get(where, params={"email": email, "key": key}, timeout=20).status_code


def _writes(world: World) -> list[dict[str, Any]]:
    return [entry for entry in world.sandbox.entries() if is_write(entry)]


CANARIES = {
    "an address": "canary-person@kanarek.example",
    "a name": "Kanarkowski-Zolty",
    "a street": "Kanarkowa 17",
    "a phone": "+48600999111",
    "a product": "Kanarek-w-klatce",
    "a reason": "bo-kanarek-spiewa",
    "an order number": "KANAREK-ORDER-1",
}


@scenario("canaries")
def canaries(stage: Stage) -> Iterator[Result]:
    """Marked words in payloads, keys and refusals: none of them in a log, a metric or a problem (I13)."""
    proxy = Proxy()
    with stage.world(proxy=proxy) as world:
        result = Result(
            "canaries", "personal data and secrets in good, bad and refused requests; then a search of everything said aloud"
        )
        key = world.key()
        said: list[str] = []
        bad = f"bad contact {CANARIES['an address']} {CANARIES['a phone']}"
        world.sandbox.fault("refuse", times=None, email=CANARIES["an address"], message=bad)
        proxy.behave(Way.HTML_200, times=1, path="ExtEvent")
        crowd = Crowd(world.url, key, name="ca", people=stage.size(40, 6))
        with httpx.Client(base_url=world.url, headers={"Authorization": f"Bearer {key}"}, timeout=20) as http:
            for number, (kind, body) in enumerate(_canary_requests()):
                answer = http.post(f"/v1/shops/shop1/{kind}", content=body, headers={"Content-Type": "application/json"})
                said += [answer.text] if answer.is_error else []
                result.demand(answer.status_code < 500, f"request {number} was answered {answer.status_code}")
            address, name = CANARIES["an address"], CANARIES["a name"]
            said.append(http.get("/callbacks/shops/shop1/opt-out", params={"email": address, "key": "0" * 40}).text)
            said.append(http.get(f"/v1/shops/shop1/{name}").text)
            said.append(http.post("/v1/shops/shop1/orders", headers={"Authorization": f"Bearer {name}"}, json={}).text)
            crowd.start().done()
            until(lambda: world.waiting() == 0, 30)
            time.sleep(1)
            said += [http.get("/metrics").text, http.get("/readyz").text]
            _metrics_tell_the_truth(world, said[-2], result)
        settle(world, [crowd], result, since=time.time(), final=False)
        totals(result, world)
        stop(result, world)
        said += [program.log.read_text(errors="replace") for program in world.programs]
        secrets = {
            "the account's secret": API_SECRET,
            "the callback secret": CALLBACK_SECRET,
            "the encryption key": world.environment["GATEWAY_ENCRYPTION_KEYS"],
            "the shop's key": key,
            "an address of a sender": crowd.name + "s0x0@example.com",
        }
        for what, word in {**CANARIES, **secrets}.items():
            found = sum(1 for one in said if word.lower() in one.lower())
            result.demand(not found, f"I13: {what} stands in {found} of the things that were said aloud")
        yield result


def _canary_requests() -> list[tuple[str, bytes]]:
    """Good, refused and broken ones, each full of marked words."""
    at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="seconds")
    customer = {
        "email": CANARIES["an address"],
        "first_name": CANARIES["a name"],
        "phone": CANARIES["a phone"],
        "address": {"street": CANARIES["a street"]},
        "newsletter": {"email": True},
    }
    item = {"product_id": "1", "name": CANARIES["a product"]}
    order: dict[str, Any] = {"id": CANARIES["an order number"], "currency": "PLN", "value": "10.00", "items": [item]}
    good: dict[str, Any] = {
        "event_id": "cn-1",
        "occurred_at": at,
        "customer": customer,
        "order": order,
        "transfer_consent": "given",
    }
    out = {
        "event_id": "cn-2",
        "occurred_at": at,
        "email": CANARIES["an address"],
        "confirmed": True,
        "reason": CANARIES["a reason"],
    }
    name, mail = CANARIES["a name"], CANARIES["an address"]
    bodies: list[tuple[str, Any]] = [
        ("orders", good),
        ("unsubscriptions", out),
        ("orders", {**good, "event_id": "cn-1", "order": {**order, "value": "11.00"}}),  # another content under a known id
        ("orders", {**good, "event_id": "cn-3", "customer": {**customer, "email": f"{name}@@{mail}"}}),
        ("orders", {**good, "event_id": "cn-4", "occurred_at": name}),
        ("orders", {**good, "event_id": "cn-5", "transfer_consent": name}),
        ("orders", {**good, "event_id": "cn-6", "order": {**order, "value": name, "currency": mail}}),
        ("orders", {**good, "event_id": "cn-7", "customer": mail, mail: name}),
        ("orders", [mail, name]),
    ]
    raw = [(kind, json.dumps(body).encode()) for kind, body in bodies]
    return [*raw, ("orders", f'{{"event_id": "{mail}", "{name}'.encode())]


def _metrics_tell_the_truth(world: World, metrics: str, result: Result) -> None:
    """Asked twice: a state that nothing is in any more must not keep its old number."""
    counted: dict[tuple[str, str], int] = {}
    for line in metrics.splitlines():
        if line.startswith("gateway_events{"):
            labels = dict(part.split("=") for part in line[line.index("{") + 1 : line.index("}")].replace('"', "").split(","))
            counted[labels["shop"], labels["state"]] = int(float(line.rsplit(" ", 1)[1]))
    status = {(shop["shop"], state): number for shop in world.status()["shops"] for state, number in shop["events"].items()}
    wrong = {name: number for name, number in counted.items() if number != status.get(name, 0)}
    result.demand(not wrong, f"/metrics differs from `gateway status` in {wrong}")


@scenario("stale-metrics")
def stale_metrics(stage: Stage) -> Iterator[Result]:
    """/metrics asked during a backlog and after it: what waits no more is not counted any more (I2)."""
    proxy = Proxy()
    with stage.world(proxy=proxy) as world:
        result = Result("stale-metrics", "/metrics read while events wait behind an outage, and again after the drain")
        proxy.down()
        crowd = Crowd(world.url, world.key(), name="sm", people=10).start().done()
        until(lambda: world.states("sm").get("received", 0) == 0, 20)
        httpx.get(f"{world.url}/metrics", timeout=20)
        proxy.up()
        since = time.time()
        settle(world, [crowd], result, since=since, final=False)
        _metrics_tell_the_truth(world, httpx.get(f"{world.url}/metrics", timeout=20).text, result)
        totals(result, world)
        stop(result, world)
        yield result


@scenario("replay", in_short=True)
def replay(stage: Stage) -> Iterator[Result]:
    """The whole history is posted again, shuffled, and one id fifty times at once: nothing changes anywhere (I3, I4)."""
    with stage.world() as world:
        result = Result("replay", "every event once more in any order, one of them 50 times at once")
        key = world.key()
        crowd = Crowd(world.url, key, name="re", people=stage.size(120, 8)).start().done()
        until(lambda: world.waiting("re") == 0, 60)
        rows = int(world.rows("SELECT count(*) FROM inbox")[0][0])
        writes = len(_writes(world))
        again = list(crowd.acknowledged.happenings.values())
        random.Random(7).shuffle(again)
        line = Line(world.url, key)
        for one in again:
            status, _, said = line.post(f"/v1/shops/shop1/{one.path}", one.body)
            good = status == 202 and json.loads(said)["result"] == "duplicate"
            result.demand(good, f"I4: a repetition was answered {status} {said[:60]!r}")
        line.close()
        answers = _at_once(world, key, again[0].body, again[0].path, 50)
        result.demand(len(answers) == 1, f"I4: 50 posts of one id at once were answered in {len(answers)} ways")
        time.sleep(0.5 if stage.short else 1.5)
        stored = int(world.rows("SELECT count(*) FROM inbox")[0][0])
        result.demand(stored == rows, f"I4: {stored - rows} events stored again")
        more = len(_writes(world)) - writes
        result.demand(more == 0, f"I3: {more} writes at SALESmanago for a history it knows")
        result.broken = list(dict.fromkeys(result.broken))[:6]
        yield settle(world, [crowd], result, since=time.time())


def _at_once(world: World, key: str, body: Any, path: str, times: int) -> set[tuple[int, bytes]]:
    def post(_number: int) -> tuple[int, bytes]:
        line = Line(world.url, key)
        try:
            status, _, said = line.post(f"/v1/shops/shop1/{path}", body)
        finally:
            line.close()
        return status, said

    with ThreadPoolExecutor(16) as pool:
        return set(pool.map(post, range(times)))
