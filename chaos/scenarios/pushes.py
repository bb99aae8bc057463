"""A panel that pushes in a storm: repeated, forged, out of order, while the gateway is killed (R80, R82)."""

import hashlib
import hmac
import http
import json
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from chaos.ledger import Result, stop
from chaos.suite import Stage, scenario
from chaos.world import PANEL, PANEL_SECRET, PANEL_TOKEN, World, until

SENDERS = 24
P99_SECONDS = 3.0
TRIES = 40


class Storm:
    """Pushes of accounts, each under its uid; what was acknowledged is kept."""

    def __init__(self, world: World) -> None:
        self._url = f"{world.url}/sources/idosell/{PANEL}"
        self._local = threading.local()
        self.acknowledged: set[str] = set()
        self.forged_taken = 0
        self.answers: Counter[int] = Counter()
        self.latencies: list[float] = []

    def push(self, number: int, *, version: int = 0, forged: bool = False) -> None:
        """As the panel does it: repeated until it is acknowledged."""
        body = json.dumps({"results": [_client(number, version)]}).encode()
        uid = f"u{number}-{version}{'-forged' if forged else ''}"
        secret = b"nobody's secret at all" if forged else PANEL_SECRET.encode()
        headers = {
            "authorization": f"Bearer {PANEL_TOKEN}",
            "content-type": "application/json",
            "x-iai-event-type": "clientUpdated",
            "x-iai-event-uid": uid,
            "x-iai-signature": hmac.new(secret, body, hashlib.sha256).hexdigest(),
        }
        for _ in range(TRIES):
            began = time.monotonic()
            try:
                status = self._http().post(self._url, content=body, headers=headers).status_code
            except httpx.TransportError:
                self.answers[0] += 1
                time.sleep(0.25)
                continue
            self.latencies.append(time.monotonic() - began)
            self.answers[status] += 1
            if status == http.HTTPStatus.ACCEPTED:
                self.acknowledged.add(uid)
                self.forged_taken += forged
                return
            if forged:
                return
            time.sleep(0.25)

    def _http(self) -> httpx.Client:
        if not hasattr(self._local, "http"):
            self._local.http = httpx.Client(timeout=10)
        client: httpx.Client = self._local.http
        return client


def _client(number: int, version: int) -> dict[str, Any]:
    return {
        "clientId": number,
        "clientEmail": f"p{number}@example.com",
        "isUnregistered": "n",
        "clientsLastModificationDate": f"2026-02-01 10:00:0{version}",
        "clientRegistrationDate": "2026-02-01",
        "clientBillingAddress": {"clientFirstName": f"Anna {version}"},
        "clientActiveInShops": [{"shopId": 1}],
    }


@scenario("pushes")
def pushes(stage: Stage) -> Iterator[Result]:
    """10,000 pushes in a minute, some forged, repeated or late, and kill -9 in the middle: none is lost or doubled (R80)."""
    number, seconds = stage.size(10_000, 900), stage.size(60, 6)
    with stage.world() as world:
        result = Result("pushes", f"{number} pushes in {seconds} s; 2 % forged, 5 % repeated, 10 % late; kill -9 in the middle")
        storm, dice = Storm(world), random.Random(11)
        began = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as pool:
            late: list[int] = []
            for at in range(1, number + 1):
                time.sleep(max(0.0, began + at * seconds / number - time.monotonic()))
                if dice.random() < 0.1:
                    late.append(at)
                else:
                    pool.submit(storm.push, at)
                if dice.random() < 0.05:
                    pool.submit(storm.push, at)
                if dice.random() < 0.02:
                    pool.submit(storm.push, at, forged=True)
                if dice.random() < 0.1:
                    pool.submit(storm.push, at, version=1)
                if at == number // 2:
                    world.gateway.kill()
                    result.kills += 1
                    threading.Thread(target=world.serve, kwargs={"wait": False}, daemon=True).start()
            for at in late:
                pool.submit(storm.push, at)
        sent = time.monotonic() - began
        translated = until(lambda: not world.rows("SELECT 1 FROM pushes WHERE state = 'waiting' LIMIT 1"), 180, pause=0.3)
        result.drain = time.monotonic() - began - sent
        kept = {str(uid) for (uid,) in world.rows("SELECT uid FROM pushes")}
        registered = [str(one) for (one,) in world.rows("SELECT event_id FROM inbox WHERE type = 'registration'")]
        p99 = statistics.quantiles(storm.latencies, n=100)[98]
        result.acknowledged, result.lost = len(storm.acknowledged), len(storm.acknowledged - kept)
        result.doubled = len(registered) - len(set(registered))
        result.demand(result.lost == 0, f"I1: {result.lost} acknowledged pushes are not there")
        result.demand(result.doubled == 0, f"I2: {result.doubled} registrations are there twice")
        result.demand(len(set(registered)) == number, f"R82: {len(set(registered))} of {number} registrations became events")
        result.demand(translated, "R80: pushes still wait to be translated")
        result.demand(storm.forged_taken == 0, f"I4: {storm.forged_taken} forged pushes were taken")
        result.demand(not any(uid.endswith("forged") for uid in kept), "I4: a forged push was stored")
        result.demand(p99 <= P99_SECONDS, f"R80: the slowest hundredth waited {p99:.2f} s for its answer")
        server_errors = sum(count for status, count in storm.answers.items() if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR)
        result.demand(server_errors == 0, f"answered {dict(storm.answers)}")
        answered = f"99 % answered within {p99 * 1000:.0f} ms; answers {dict(sorted(storm.answers.items()))}"
        result.notes.append(f"sent in {sent:.0f} s; {answered}")
        stop(result, world)
        yield result
