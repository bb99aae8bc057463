"""Acknowledging senders: what a good shop does. An event is sent again until it is answered 202, a person's events in order."""

import http.client
import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlsplit


class Kind(Enum):
    ORDER = "order"
    WITHHELD = "order of somebody who did not agree"
    OPT_OUT = "opt-out"


@dataclass(frozen=True)
class Happening:
    """One event of a person, and what it is for the check."""

    event_id: str
    kind: Kind
    email: str
    path: str
    body: dict[str, Any]


@dataclass
class Acknowledged:
    """What senders were told. `times`: event id -> when its 202 was read."""

    happenings: dict[str, Happening] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    """Posted, and given up before a 202 came: stored or not, both are right."""

    def of(self, kind: Kind) -> list[Happening]:
        return [one for one in self.happenings.values() if one.kind is kind]


class Lives:
    """Endless people, each with a few orders; some resign from the newsletter in between, some never agree to the transfer."""

    def __init__(self, name: str, seed: int, *, opt_outs: float = 0.4, strangers: float = 0.1) -> None:
        self._name = name
        self._chance = random.Random(seed)
        self._numbers = itertools.count()
        self._opt_outs = opt_outs
        self._strangers = strangers
        self._begin = datetime.now(UTC) - timedelta(hours=1)

    def person(self) -> list[Happening]:
        number, chance = next(self._numbers), self._chance
        email = f"{self._name}{number}@example.com"
        count = chance.randint(3, 9)
        stranger = chance.random() < self._strangers
        resigns_at = chance.randint(1, count - 1) if not stranger and chance.random() < self._opt_outs else None
        events: list[Happening] = []
        for at in range(count):
            if at == resigns_at:
                events.append(self._opt_out(email, number, at))
            opted_in = (resigns_at is None or at < resigns_at) and not stranger
            events.append(self._order(email, number, at, newsletter=opted_in, agreed=not stranger))
        return events

    def _when(self, at: int) -> str:
        return (self._begin + timedelta(seconds=at * 10)).isoformat(timespec="seconds")

    def _order(self, email: str, person: int, at: int, *, newsletter: bool, agreed: bool) -> Happening:
        number = f"{self._name}-{person:05d}-{at:03d}"
        customer: dict[str, Any] = {"email": email, "first_name": "Jan", "last_name": "Kowalski"}
        if newsletter:
            customer["newsletter"] = {"email": True}
        body = {
            "event_id": number,
            "occurred_at": self._when(at * 2 + 1),
            "customer": customer,
            "order": {
                "id": number,
                "currency": "PLN",
                "value": "10.00",
                "items": [{"product_id": "101", "name": "x", "menu_paths": [f"Dział {person % 7}", f"Dział {at}"]}],
            },
            "transfer_consent": "given" if agreed else "not_given",
        }
        return Happening(number, Kind.ORDER if agreed else Kind.WITHHELD, email, "orders", body)

    def _opt_out(self, email: str, person: int, at: int) -> Happening:
        number = f"{self._name}-{person:05d}-{at:03d}-out"
        body = {"event_id": number, "occurred_at": self._when(at * 2), "email": email, "confirmed": True}
        return Happening(number, Kind.OPT_OUT, email, "unsubscriptions", body)


class Line:
    """One keep-alive connection to the gateway."""

    def __init__(self, url: str, key: str, timeout: float = 15.0) -> None:
        parts = urlsplit(url)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path: str, body: Any) -> tuple[int, dict[str, str], bytes]:
        """Raises `OSError` or `http.client.HTTPException` when the connection does not hold."""
        try:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self._http.request("POST", path, raw, self._headers)
            answer = self._http.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except BaseException:
            self._http.close()
            raise

    def close(self) -> None:
        self._http.close()


class Crowd:
    """Several senders at once, until told to stop or until so many people have lived."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        name: str = "p",
        shop: str = "shop1",
        seed: int = 1,
        senders: int = 4,
        pause: float = 0.0,
        people: int | None = None,
        opt_outs: float = 0.4,
        strangers: float = 0.1,
    ) -> None:
        self.name = name
        self.acknowledged = Acknowledged()
        self.answers: Counter[int] = Counter()
        self.latencies: list[float] = []
        self.refusals: list[float] = []
        """Seconds until a 503 was answered."""
        self.silent = 0
        """Requests that nobody answered in time, or whose connection broke."""
        self.wrong: list[str] = []
        """Answers that a sender cannot make sense of: neither 202 nor 503 with a time to come back."""
        self._url = url
        self._key = key
        self._shop = shop
        self._pause = pause
        self._stop = threading.Event()
        self._abandon = threading.Event()
        self._left = people
        self._lock = threading.Lock()
        self._lives = [
            Lives(f"{name}s{sender}x", seed * 1000 + sender, opt_outs=opt_outs, strangers=strangers) for sender in range(senders)
        ]
        self._threads = [threading.Thread(target=self._send, args=(lives,), daemon=True) for lives in self._lives]

    def start(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def done(self, seconds: float = 60.0) -> "Crowd":
        """Wait for the people to have lived, and for every event to be acknowledged."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        self._abandon.set()
        for thread in self._threads:
            thread.join(30)
        return self

    def stop(self, seconds: float = 60.0) -> "Crowd":
        self._stop.set()
        return self.done(seconds)

    @property
    def count(self) -> int:
        return len(self.acknowledged.times)

    def _next(self) -> bool:
        """May one more person begin?"""
        with self._lock:
            if self._left is None:
                return not self._stop.is_set()
            self._left -= 1
            return self._left >= 0 and not self._stop.is_set()

    def _events(self, lives: Lives) -> Iterator[Happening]:
        """Eight people at a time, one event each in turn."""
        active: list[Iterator[Happening]] = []
        while True:
            while len(active) < 8 and self._next():
                active.append(iter(lives.person()))
            if not active:
                return
            for one in list(active):
                happening = next(one, None)
                if happening is None:
                    active.remove(one)
                else:
                    yield happening
                if self._stop.is_set():
                    return

    def _send(self, lives: Lives) -> None:
        line = Line(self._url, self._key)
        for happening in self._events(lives):
            self.acknowledged.happenings[happening.event_id] = happening
            if not self._until_acknowledged(line, happening):
                self.acknowledged.unsure.add(happening.event_id)
                break
            if self._pause:
                time.sleep(self._pause)
        line.close()

    def _until_acknowledged(self, line: Line, happening: Happening) -> bool:
        path = f"/v1/shops/{self._shop}/{happening.path}"
        while not self._abandon.is_set():
            began = time.monotonic()
            try:
                status, headers, body = line.post(path, happening.body)
            except (OSError, http.client.HTTPException):
                self.silent += 1
                time.sleep(0.05)
                continue
            self.answers[status] += 1
            if status == http.HTTPStatus.ACCEPTED:
                self.latencies.append(time.monotonic() - began)
                self.acknowledged.times[happening.event_id] = time.time()
                return True
            if status == http.HTTPStatus.SERVICE_UNAVAILABLE and headers.get("retry-after", "").isdigit():
                self.refusals.append(time.monotonic() - began)
                time.sleep(0.1)  # less patient than it was asked to be: the check gains by it
                continue
            self.wrong.append(f"{status} {body[:120].decode(errors='replace')}")
            time.sleep(0.1)
        return False
