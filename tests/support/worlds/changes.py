"""Changes in SALESmanago, and what of them arrives in the shop."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select

from app.domain.commands import SetSubscription, ShopCommand, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.outbox import ManualTask
from app.domain.delivery.outcomes import Delivered, NeedsPerson, Outcome, Refused, Unreachable
from app.domain.event_parts import Customer, NewsletterBox
from app.domain.events import AccountChanged, OptInClaimed, StatusObserved
from app.domain.person.act_origin import origin_of
from app.domain.person.contact import Contact
from app.domain.reasons import Reason
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, FanOut, Panel, PanelKind, Shop
from app.services.from_salesmanago.polling import Poller
from app.services.outbox.manual_tasks import ManualTaskList
from app.storage.engine.tables import inbox, outbox
from tests.support.world import (
    JAN,
    TERMINAL,
    World,
    a_shop,
    at,
    registers,
)

IN, OUT = Status.OPT_IN, Status.OPT_OUT


PANEL = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example")


AT_ONCE = timedelta(0)


def shop(number: int = 1, **settings: object) -> Shop:
    hosted = {"host": f"sklep{number}.example", "location": f"sklep{number}_example", "number": number}
    return a_shop(f"shop{number}", **{**hosted, **settings})


async def configured(world: World, *shops: Shop, own_secret: bool = False, fan_out: FanOut = FanOut.ALL) -> None:
    """Shops of one account; with `own_secret` the first of them has callback addresses of its own."""
    account = Account(id="main", endpoint="https://a.example", client_id="c", owner="o@a.example", fan_out=fan_out)
    secret = {"callback_0": world.ring.close("0123456789abcdef")} if own_secret else {}
    stored = [StoredShop(one, secret if one is shops[0] else {}) for one in shops]
    await world.directory.apply([StoredAccount(account, {"api_secret": world.ring.close("s")})], stored)


def resigned(minutes: float = 1, email: str = JAN) -> StatusObserved:
    """As a callback says it."""
    return StatusObserved(at=at(minutes), email=email, email_out=True, acted=True)


def agreed(minutes: float = 1, email: str = JAN) -> StatusObserved:
    """As a reading confirmed it."""
    return StatusObserved(at=at(minutes), email=email, email_out=False, acted=True)


def reported(minutes: float = 1, email: str = JAN) -> OptInClaimed:
    return OptInClaimed(at=at(minutes), email=email)


def changes(commands: Sequence[ShopCommand], email: str = JAN) -> list[TimedStatus | None]:
    """E-mail newsletter states, in the order in which the shop's side was asked to store them."""
    return [one.email_news for one in commands if isinstance(one, SetSubscription) and one.email == email]


def statuses(world: World, email: str = JAN) -> list[Status]:
    """Newsletter statuses told to SALESmanago."""
    upserts = world.upstream.sent(UpsertContact)
    return [one.email_status for one in upserts if one.address_after == email and one.email_status is not None]


def down(command: ShopCommand) -> Outcome:
    return Unreachable("down")


def fine(command: ShopCommand) -> Outcome:
    return Delivered()


async def happened(world: World, shop_id: str = "shop1") -> list[tuple[str, str, str | None]]:
    """(type, state, reason) of every event of a shop, also of those that nobody posted."""
    async with world.database.transaction() as connection:
        rows = await connection.execute(select(inbox).where(inbox.c.shop_id == shop_id).order_by(inbox.c.seq))
        return [(row.type, row.state, row.reason) for row in rows]


async def ended(world: World) -> None:
    """I2, with events that nobody posted: all have ended, and nothing waits."""
    async with world.database.transaction() as connection:
        states = set((await connection.execute(select(inbox.c.state))).scalars())
        waiting = (await connection.execute(select(func.count()).where(outbox.c.state == "waiting"))).scalar_one()
    assert states <= TERMINAL
    assert waiting == 0


async def person(world: World, email: str = JAN, shop_id: str = "shop1") -> Contact:
    async with world.store.work() as work:
        (stored,) = await work.contacts.in_shops([shop_id], [email])
    return stored.contact


async def origins(world: World, email: str = JAN, shop_id: str = "shop1") -> list[tuple[str, str | None]]:
    """Of each line of the person's ledger: what was done, and who did it as far as anybody says it."""
    async with world.store.work() as work:
        (stored,) = await work.contacts.in_shops([shop_id], [email])
        chain = (await work.consents.of([stored.id]))[stored.id]
    return [(entry.kind.value, origin_of(entry)) for entry in chain]


async def manual_tasks(world: World, shop_id: str = "shop1") -> list[ManualTask]:
    return (await ManualTaskList(world.store, world.clock).of_shop(shop_id)).items


async def run(world: World) -> None:
    """What a reading confirms is an event, to be decided and carried home in its turn."""
    await world.run()
    await world.run()


def pulling(world: World, grace: timedelta = timedelta(0)) -> Poller:
    return Poller(world.store, world.directory, lambda account_id: world.upstream, world.clock, lambda: None, grace)


async def looked(world: World, pull: Poller | None = None) -> int:
    """Pull once and carry out what follows; answers how many events it brought."""
    world.clock.advance(seconds=1)
    found = await (pull or pulling(world)).pull_changed("main", AT_ONCE)
    await world.run()
    return found


DAY = 60 * 24


def listed(minutes: float, since: float, email: str = JAN, *, sms: bool = False, **customer: object) -> AccountChanged:
    """As a list of customers brings it: mere state, with the date of the opt-in."""
    ticked = NewsletterBox(ticked=True, since=at(since))
    boxes = {"newsletter_sms": ticked} if sms else {"newsletter_email": ticked}
    return AccountChanged(at=at(minutes), customer=Customer(email=email, **boxes, **customer))


def said_at_home(world: World, email: str = JAN, shop_id: str = "shop1") -> list[Status]:
    return [said.status for said in changes(world.sides[shop_id].done, email) if said is not None]


def upserts_refused(method: str, items: list) -> Outcome:
    return Refused("bad phone") if method.startswith("upsert") else Delivered()


def upserts_unreachable(method: str, items: list) -> Outcome:
    return Unreachable("down") if method.startswith("upsert") else Delivered()


def unreachable(method: str, items: list) -> Outcome:
    return Unreachable("down")


def delivered(method: str, items: list) -> Outcome:
    return Delivered()


async def up_again(world: World) -> None:
    """The neighbours answer again, and everybody's pause is over."""
    world.upstream.respond, world.side.respond = delivered, fine
    world.clock.advance(hours=1)
    world.restart()
    await run(world)


async def two_shops(world: World, *, looked_at: bool = False) -> None:
    await configured(world, shop(1), shop(2))
    if looked_at:
        for name in ("shop1", "shop2"):
            await world.post(registers(), shop=name)
        await world.run()
        await looked(world)


async def not_taken(world: World) -> list[tuple[str, str | None]]:
    return [(state, reason) for kind, state, reason in await happened(world) if kind == "status-not-taken"]


def no_account(command: ShopCommand) -> Outcome:
    return NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)


OLD, NEW = "jan@old.example", "jan@new.example"
