"""What waits for somebody, put into a gateway that has nothing else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.domain.intake.pushes import NewPush, PushState, Settled, SourceName
from app.domain.person.contact import Contact
from app.routers.events.examples import EXAMPLES
from app.services.ports.storage import Work
from tests.sources.stage import TOKEN
from tests.support.gateways import Door, open_door, shop_entry

NOW = datetime.now(UTC)
JAN = EXAMPLES["order"]["customer"]["email"]
PANEL = SourceName("idosell", "1234")


@asynccontextmanager
async def working(door: Door) -> AsyncIterator[Work]:
    async with door.gateway.delivery._store.work() as work:
        yield work
        await work.commit()


CALM = {"en": "Nothing waits", "pl": "Nic nie czeka"}


@asynccontextmanager
async def a_shop_with_everything(folder: Path) -> AsyncIterator[Door]:
    """A shop with a panel that is read and scanned."""
    (folder / "token").write_text(TOKEN)
    (folder / "panel-key").write_text("k")
    source = {"kind": "idosell", "panel": 1234, "tokens": [f"file:{folder}/token"], "scan": True}
    panel = {"kind": "idosell", "base_url": "http://127.0.0.1:9", "api_key": f"file:{folder}/panel-key"}
    shop = shop_entry("sklep.example.com", 1, "all_customers", source=source, panel=panel)
    async with open_door(folder, {"shop1": shop}) as opened:
        yield opened


async def a_person(door: Door, contact: Contact) -> None:
    async with working(door) as work:
        await work.contacts.add([("shop1", contact, None)], NOW)


async def a_push(door: Door, *, state: PushState | None, number: int = 1, at: datetime = NOW) -> None:
    async with working(door) as work:
        await work.pushes.add(
            [NewPush(source=PANEL, uid=f"{n}", kind="orderCreated", content_type="", body=b"") for n in range(number)], at
        )
        due = await work.pushes.due(at, number)
        await work.pushes.settle([Settled(one.id, state, words="the body is no JSON object") for one in due] if state else [], at)
