"""The callback gateway: SALESmanago tells the shop that somebody clicked."""

import hashlib
import re
import time
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from app.sandbox.authorities import authorities
from app.sandbox.salesmanago.memory.model import JsonObject

PLACEHOLDER = "$email$"
TIMEOUT_SECONDS = 10.0
REMEMBERED = 10_000
ANSWER_SHOWN = 500
_SHA1 = re.compile(r"sha1\(([^()]*)\)")


@dataclass(frozen=True)
class Templates:
    """The two URL templates of an account, as its admin types them in."""

    client_id: str
    opt_in: str | None = None
    opt_out: str | None = None
    encode_plus: bool = True
    """Nobody has published how SALESmanago encodes the e-mail, so that a plus sign can travel either way."""

    def url(self, email: str, *, opt_in: bool) -> str | None:
        template = self.opt_in if opt_in else self.opt_out
        return fill(template, email, encode_plus=self.encode_plus) if template else None


@dataclass(frozen=True)
class Delivery:
    """One callback that was fired, and what came back."""

    at: int
    client_id: str
    email: str
    opt_in: bool
    url: str
    http_status: int | None
    answer: str
    error: str | None
    duration_ms: int


@dataclass
class Callbacks:
    """Templates by account, and the callbacks fired so far. There is no second attempt: none is documented."""

    http: httpx.AsyncClient | None = None
    templates: dict[str, Templates] = field(default_factory=dict)
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    async def fire(self, client_id: str, email: str, *, opt_in: bool, now: int) -> Delivery | None:
        """Call the shop, when the account has a template for this direction."""
        templates = self.templates.get(client_id)
        url = templates.url(email, opt_in=opt_in) if templates else None
        if url is None:
            return None
        started = time.perf_counter()
        status, answer, error = await self._get(url)
        took = round((time.perf_counter() - started) * 1000)
        delivery = Delivery(now, client_id, email, opt_in, url, status, answer, error, took)
        self.deliveries.append(delivery)
        return delivery

    async def _get(self, url: str) -> tuple[int | None, str, str | None]:
        try:
            if self.http is not None:
                response = await self.http.get(url, timeout=TIMEOUT_SECONDS)
            else:
                async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, verify=authorities(trust_env=True)) as http:
                    response = await http.get(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, "", f"{type(error).__name__}: {error}"
        return response.status_code, response.text[:ANSWER_SHOWN], None

    def as_json(self) -> JsonObject:
        return {
            "templates": [dict(vars(one)) for one in self.templates.values()],
            "deliveries": [dict(vars(one)) for one in self.deliveries],
        }


def fill(template: str, email: str, *, encode_plus: bool = True) -> str:
    """The URL to call: every sha1(...) evaluated over the plain e-mail, then the e-mail itself put in, encoded."""
    with_keys = _SHA1.sub(lambda found: _sha1(found[1].replace(PLACEHOLDER, email)), template)
    return with_keys.replace(PLACEHOLDER, quote(email, safe="@" if encode_plus else "@+"))


def _sha1(text: str) -> str:
    # SALESmanago's choice of algorithm, not ours.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
