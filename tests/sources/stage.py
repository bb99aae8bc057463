"""A gateway with an IdoSell source on a real database, and a panel that answers what a test says."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet

from app.domain.delivery.outcomes import Delivered, Outcome, Unreachable
from app.domain.intake.inbox import InboxEvent
from app.domain.intake.pushes import PushLine
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, ConsentBoxSource, Panel, PanelKind, Shop, ShopSource, SourceKind
from app.domain.values import replace
from app.services.intake import Intake
from app.services.shops.directory import ShopDirectory
from app.services.shops.keyring import KeyRing, Pseudonyms
from app.sources.idosell.source import IdosellSource
from app.sources.taking import Pushes
from app.sources.telling import Teller
from app.sources.translating import Translator
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.samples import PRODUCT, Json
from tests.support.builders import a_shop

TOKEN = "authentication-bearer-token"
SECRET = "secret-hmac-key-1234"
RING = KeyRing([Fernet.generate_key().decode()])


def source_shop(shop_id: str = "shop1", number: int = 1, **settings: Any) -> Shop:
    source = ShopSource(kind=SourceKind.IDOSELL, name="1234", consent_box=ConsentBoxSource.WEBHOOK)
    panel = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example")
    return a_shop(
        **{"id": shop_id, "number": number, "source": source, "panel": panel, "location": f"{shop_id}_example", **settings}
    )


@dataclass
class FakePanel:
    """Answers by gate; what it has no answer for was not found."""

    answers: dict[str, Json] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    outcome: Outcome = Delivered()  # noqa: RUF009 - a value
    name: str = "https://panel.example"

    async def ask(
        self, method: str, gate: str, body: Mapping[str, Any] | None = None, parameters: Mapping[str, str] | None = None
    ) -> tuple[Outcome, Json]:
        self.asked.append(gate)
        answer = self.answers.get(gate, {})
        return self.outcome, answer if isinstance(self.outcome, Delivered) else {}

    def panel_of(self, shop_id: str) -> Any:
        return self


class Stage:
    def __init__(self, store: Store, clock: Clock, *shops: Shop) -> None:
        self.store, self.clock = store, clock
        self.shops = shops or (source_shop(),)
        self.directory = ShopDirectory(store, RING, clock)
        self.intake = Intake(store, clock, lambda: None)
        self.pseudonym = Pseudonyms("pepper")
        self.panel = FakePanel({"products/products/search": {"results": [PRODUCT]}})
        platforms = {SourceKind.IDOSELL: IdosellSource(store, self.panel, clock)}
        self.pushes = Pushes(store, self.directory, platforms, clock)
        self.teller = Teller(store, self.directory, self.intake, self.pseudonym)
        self.translator = Translator(store, self.directory, platforms, self.teller, clock, self.pseudonym)

    async def open(self) -> "Stage":
        account = Account(id="main", endpoint="http://127.0.0.1:9", client_id="c", owner="owner@example.com")
        tokens = {"source_token_0": RING.close(TOKEN), "source_secret_0": RING.close(SECRET)}
        secrets = {"api_secret": RING.close("s")}
        await self.directory.apply([StoredAccount(account, secrets)], [StoredShop(shop, tokens) for shop in self.shops])
        return self

    async def configure(self, shop: Shop) -> None:
        tokens = {"source_token_0": RING.close(TOKEN), "source_secret_0": RING.close(SECRET)}
        await self.directory.apply([], [StoredShop(shop, tokens)])

    async def push(self, event: str, body: Any, uid: str = "", **headers: str) -> None:
        """A genuine structured webhook."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.pushes.take("idosell", "1234", signed(event, raw, uid) | headers, raw)

    async def webhooki(self, body: Json) -> None:
        raw = json.dumps({"token": TOKEN, **body}).encode()
        await self.pushes.take("idosell", "1234", {"content-type": "application/json"}, raw)

    async def translated(self) -> list[PushLine]:
        """Every push, the oldest first, after the translator ran."""
        while await self.translator.step():
            pass
        return list(reversed(await self.pushes.lines()))

    async def events(self) -> list[InboxEvent]:
        async with self.store.work() as work:
            found, _ = await work.inbox.due(1000, 10**8)
        return sorted(found, key=lambda one: one.seq)


def signed(event: str, raw: bytes, uid: str = "") -> dict[str, str]:
    return {
        "authorization": f"Bearer {TOKEN}",
        "content-type": "application/json",
        "x-iai-signature": hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest(),
        "x-iai-event-type": event,
        "x-iai-event-uid": uid or hashlib.sha256(event.encode() + raw).hexdigest(),
        "x-iai-panel-id": "1234",
    }


def unreachable(stage: Stage) -> None:
    stage.panel.outcome = Unreachable("no answer")


__all__ = ["SECRET", "TOKEN", "FakePanel", "Stage", "replace", "signed", "source_shop", "unreachable"]
