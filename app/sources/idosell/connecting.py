"""Walk a merchant through connecting a shop (R85): the rights of the key gate by gate, what to enter in the panel, what to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from app.domain.consent import Policy
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unreachable, message_of
from app.domain.errors import NotFound, NotPossible
from app.domain.intake.pushes import SourceName
from app.domain.shops.shop import ConsentBoxSource, Shop, SourceKind
from app.domain.values import Words
from app.services.shops.directory import ShopDirectory
from app.sources.idosell.rows.reading import Row, rows, whole
from app.sources.idosell.source import Panel, Panels

EVENTS = (
    "clientCreated",
    "clientUpdated",
    "orderCreated",
    "orderUpdated",
    "orderPaid",
    "orderStatusUpdated",
    "orderCanceled",
    "returnCreated",
    "returnUpdated",
    "returnConfirmed",
)
"""What is to be chosen in the panel's webhooks (contract 3.1)."""

NATIVE_MODULE = Words(
    "Switch the panel's own SALESmanago module off (Marketing > automation > SALESmanago): with both, every contact and every "
    "purchase is counted twice.",
    "Wyłącz w panelu wbudowany moduł SALESmanago (Marketing > automatyzacja > SALESmanago): gdy działają oba, każdy kontakt i "
    "każdy zakup liczy się podwójnie.",
)
_ONE: dict[str, Any] = {"resultsPage": 0, "resultsLimit": 1}
_ONE_SNAKE: dict[str, Any] = {"results_page": 0, "results_limit": 1}


@dataclass(frozen=True)
class Check:
    """A right of the key, tried out."""

    what: Words
    area: str
    level: str
    good: bool
    words: str
    """What was answered, where it is not good."""


@dataclass(frozen=True)
class Connection:
    shop_id: str
    panel: str
    """The panel's number; empty if neither the configuration nor the panel says it."""
    address: str
    events: tuple[str, ...]
    checks: tuple[Check, ...]
    notes: tuple[Words, ...]
    tokens: tuple[str, ...] = field(repr=False)
    """For the administrator alone."""

    @property
    def good(self) -> bool:
        return all(one.good for one in self.checks)


class Connecting:
    """`base`: how the panel reaches this gateway."""

    def __init__(self, directory: ShopDirectory, panels: Panels, base: str) -> None:
        self._directory = directory
        self._panels = panels
        self._base = base.rstrip("/")

    async def check(self, shop_id: str) -> Connection:
        """Try the key and say what is to be done. Raises `NotFound`, `NotPossible` with what is missing."""
        shop = self._directory.shop(shop_id)
        if shop is None:
            raise NotFound("shop")
        panel = self._panels.panel_of(shop_id)
        if panel is None:
            raise NotPossible(f'Write [shops.{shop_id}.panel] with kind = "idosell", base_url and api_key first, and apply it.')
        checks, shown = await _rights(panel)
        number = shop.source.name or shown.get("number", "")
        known = self._directory.source_secrets(SourceName(SourceKind.IDOSELL.value, shop.source.name))
        is_source = shop.source.kind is SourceKind.IDOSELL
        return Connection(
            shop_id=shop_id,
            panel=number,
            address=f"{self._base}/sources/idosell/{number}" if number else "",
            events=EVENTS,
            checks=tuple(checks),
            notes=tuple(_notes(shop, shown, self._base, is_source=is_source)),
            tokens=known.tokens if is_source else (),
        )


async def _rights(panel: Panel) -> tuple[list[Check], dict[str, str]]:
    """Every gate that is needed, read; and written, with what stands there. Also what the panel says of itself."""
    checks: list[Check] = []

    async def tried(
        what: Words,
        area: str,
        level: str,
        method: str,
        gate: str,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> Row:
        outcome, answer = await panel.ask(method, gate, body, parameters)
        checks.append(_check(what, area, level, outcome))
        return answer

    shops = await tried(Words("the panel's number and shops", "numer i sklepy panelu"), "SYSTEM", "r", "GET", "system/shopsData")
    listed = await tried(
        Words("accounts", "konta klientów"),
        "CRM",
        "r",
        "GET",
        "clients/clients",
        parameters={"resultsPage": "0", "resultsLimit": "1"},
    )
    await tried(
        Words("the e-mail newsletter", "newsletter e-mail"),
        "CRM",
        "r",
        "POST",
        "clients/newsletter/email/search",
        {"params": _ONE_SNAKE},
    )
    await tried(
        Words("the SMS newsletter", "newsletter SMS"), "CRM", "r", "POST", "clients/newsletter/sms/search", {"params": _ONE_SNAKE}
    )
    await tried(Words("orders", "zamówienia"), "OMS", "r", "POST", "orders/orders/search", {"params": _ONE})
    await tried(
        Words("returns", "zwroty"), "OMS", "r", "GET", "returns/returns", parameters={"results_page": "0", "results_limit": "1"}
    )
    await tried(
        Words("products and their menus", "towary i ich menu"),
        "PIM",
        "r",
        "POST",
        "products/products/search",
        {"params": {**_ONE, "returnElements": ["menu"]}},
    )
    account = next(iter(rows(listed.get("results"))), None)
    number = whole(account.get("clientId")) if account is not None else None
    if account is not None and number is not None:
        tags = await tried(Words("tags", "tagi"), "CRM", "r", "GET", "clients/tags", parameters={"clientId": str(number)})
        outcome, _ = await panel.ask(*_harmless_write(account, number, tags))
        checks.append(_check(Words("writing opt-outs and tags", "zapis rezygnacji i tagów"), "CRM", "rw", outcome))
    known = ", ".join(str(one) for row in rows(shops.get("shops")) if (one := whole(row.get("shop_id"))))
    return checks, {"number": str(whole(shops.get("client_id")) or ""), "shops": known}


def _harmless_write(account: Row, number: int, tags: Row) -> tuple[str, str, dict[str, Any]]:
    """A write of what stands there already: the value of a tag, or an account without a single change."""
    for tag in rows(tags.get("results")):
        tag_id, value = whole(tag.get("tagId")), whole(tag.get("tagValue"))
        if tag_id is not None and value:
            same = {"tagId": tag_id, "operation": "set", "tagValue": value}
            return "PUT", "clients/tags", {"params": {"clientId": number, "clientTags": [same]}}
    quiet = {"clientSettingSendMail": False, "clientSettingSendSms": False}
    unchanged = {"clientLogin": str(account.get("clientLogin") or ""), "requestReference": "gateway-connect"}
    return "PUT", "clients/clients", {"params": {"clients": [unchanged]}, "clientsSettings": quiet}


def _check(what: Words, area: str, level: str, outcome: Outcome) -> Check:
    """Only a refusal by the front, and silence, are bad: what a gate says of its rows has nothing to do with rights."""
    bad = isinstance(outcome, Refused | Unreachable | Throttled)
    words = "" if isinstance(outcome, Delivered) or not bad else message_of(outcome) or type(outcome).__name__
    return Check(what, area, level, not bad, words)


def _notes(shop: Shop, shown: Mapping[str, str], base: str, *, is_source: bool) -> list[Words]:
    found = [NATIVE_MODULE]
    if not is_source:
        block = f"[shops.{shop.id}.source]"
        found.insert(
            0,
            Words(
                f"Write {block} into the configuration and apply it; the block stands below.",
                f"Dopisz {block} do konfiguracji i zastosuj ją; blok jest poniżej.",
            ),
        )
    if is_local(base) and not is_local(shop.panel.base_url or ""):
        found.append(
            Words(
                f"The panel cannot reach {base}: set GATEWAY_PUBLIC_URL to the https address of this gateway.",
                f"Panel nie połączy się z {base}: wpisz w GATEWAY_PUBLIC_URL adres https tej bramki.",
            )
        )
    if is_source and shown["number"] and shown["number"] != shop.source.name:
        number, written = shown["number"], shop.source.name
        found.append(
            Words(
                f"The panel says that its number is {number}, the configuration says {written}.",
                f"Panel podaje numer {number}, a w konfiguracji jest {written}.",
            )
        )
    if shown["shops"] and str(shop.number) not in shown["shops"].split(", "):
        found.append(
            Words(
                f"The panel has the shops {shown['shops']}; `number` of this shop is {shop.number}.",
                f"W panelu są sklepy {shown['shops']}, a `number` tego sklepu to {shop.number}.",
            )
        )
    if not shop.shadow and shop.enabled:
        found.append(
            Words(
                "The shop is not in shadow mode: what comes is sent. `shadow = true` decides and shows without sending.",
                "Sklep nie jest w trybie testowym (shadow): to, co przyjdzie, zostanie wysłane. Z `shadow = true` widać decyzje, "
                "a nic nie jest wysyłane.",
            )
        )
    return [*found, *limits_of(shop)]


def is_local(url: str) -> bool:
    """Does it lead to this very machine?"""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - nothing listens here


def limits_of(shop: Shop) -> list[Words]:
    """What an IdoSell panel does not report, said rather than guessed (R84)."""
    found = []
    if shop.policy is Policy.ORDER_CONSENT:
        source = _BOX_SOURCES[shop.source.consent_box]
        found.append(
            Words(
                f"The panel shows the consent box of an order nowhere; {source.en}, and without it an order is not sent.",
                f"Panel nigdzie nie pokazuje zgody z zamówienia; {source.pl}, a bez niej zamówienie nie zostanie wysłane.",
            )
        )
    removal = _REMOVAL_COUNTS if shop.propagate_unconfirmed_removals else _REMOVAL_IS_NOT_SENT
    found.append(
        Words(
            "The panel's newsletter list does not tell a resignation by the link from a removal by staff: what only the scan "
            f"finds {removal.en}. The Webhooki `newsletter_email` with `confirmed` tells them apart.",
            "Lista newslettera w panelu nie odróżnia rezygnacji przez link od wypisania przez obsługę: to, co widać tylko "
            f"przy odczycie panelu, {removal.pl}. Rozróżnia je Webhook `newsletter_email` z polem `confirmed`.",
        )
    )
    return found


_BOX_SOURCES = {
    ConsentBoxSource.WEBHOOK: Words("it is reported by the Webhooki `order_consent`", "przekazuje ją Webhook `order_consent`"),
    ConsentBoxSource.REST: Words(
        "it is reported by orders your shop posts itself", "przekazują ją zamówienia, które sklep wysyła sam"
    ),
    ConsentBoxSource.NOBODY: Words("nothing reports it", "nikt jej nie przekazuje"),
}
_REMOVAL_COUNTS = Words("counts as a resignation", "liczy się jako rezygnacja")
_REMOVAL_IS_NOT_SENT = Words("is not sent (R52)", "nie jest wysyłane (R52)")
