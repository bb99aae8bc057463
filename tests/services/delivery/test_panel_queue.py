"""Shops of one panel share one queue and one lock."""

import asyncio
import json
from collections.abc import Sequence

import httpx

from app.bootstrap.salesmanago import Upstreams
from app.bootstrap.senders import Senders
from app.bootstrap.shop_sides import ShopSides
from app.domain.commands import SetSubscription, ShopCommand
from app.domain.consent import TimedStatus
from app.domain.delivery.outbox import to_newsletter, to_tags
from app.domain.delivery.outcomes import Delivered
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, Panel, PanelKind, Shop
from app.services.delivery.loop import Delivery
from app.services.delivery.senders.sender import Sender
from app.services.delivery.senders.shop_sender import ShopSender
from tests.support.world import (
    JAN,
    World,
    at,
)
from tests.support.worlds.changes import (
    OUT,
    ended,
    resigned,
    said_at_home,
    shop,
)


class OnePanel:
    """One customer in two shops, whose hosts answer at different speeds."""

    def __init__(self) -> None:
        self.agreed = {1, 2}
        self.at_once = self.most_at_once = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.03 if request.method == "PUT" and "sklep2" in request.url.host else 0.005)
        self.at_once -= 1
        return httpx.Response(200, json=self._answer(request))

    def _answer(self, request: httpx.Request) -> dict:
        if request.url.path.endswith("clients/crm/search"):
            return {"resultsPage": 0, "clientsResults": [{"clientId": 7, "clientEmail": JAN}]}
        if request.method == "GET":
            dates = [{"shopId": one, "newsletterEmailApprovalDate": "2025-01-01 00:00:00"} for one in sorted(self.agreed)]
            active = [{"shopId": one} for one in (1, 2)]
            named = {"clientId": 7, "clientLogin": "jan", "clientEmail": JAN, "clientActiveInShops": active}
            return {"results": [{**named, "newsletterEmailApprovalsData": dates}]}
        for row in json.loads(request.content)["params"]["clients"][0]["newsletterEmailApprovalsData"]:
            (self.agreed.add if row["inNewsletterEmailApproval"] == "y" else self.agreed.discard)(row["shopId"])
        return {"results": [{"resultStatus": True}]}


def on_a_panel(number: int) -> Shop:
    base_url = f"https://sklep{number}.example"
    return shop(number, panel=Panel(kind=PanelKind.IDOSELL, base_url=base_url, calls_per_second=100.0))


async def on_panels(world: World, keys: Sequence[str]) -> None:
    """Shops under hosts of their own, each with the key of its panel."""
    account = Account(id="main", endpoint="https://a.example", client_id="c", owner="o@a.example")
    stored = [StoredShop(on_a_panel(number), {"panel_api_key": world.ring.close(key)}) for number, key in enumerate(keys, start=1)]
    await world.directory.apply([StoredAccount(account, {"api_secret": world.ring.close("s")})], stored)


async def test_two_shops_of_one_panel_share_one_queue_and_one_lock_whatever_their_hosts(world: World) -> None:
    panel = OnePanel()
    await on_panels(world, ["one-key", "one-key", "another-key"])
    async with httpx.AsyncClient(transport=httpx.MockTransport(panel)) as http:
        sides = ShopSides(world.directory, http, http, world.clock)
        upstreams = Upstreams(world.store, world.directory, http, world.clock)
        senders = Senders(world.store, world.directory, upstreams, sides, world.clock, lambda: False)
        places = (to_newsletter("shop1"), to_newsletter("shop2"), to_tags("shop1"), to_tags("shop2"))
        turns = {senders(place).lock for place in places}
        assert len(turns) == 1
        assert None not in turns
        assert not any("one-key" in turn for turn in turns)
        assert senders(to_newsletter("shop3")).lock not in turns
        out = SetSubscription(email=JAN, email_news=TimedStatus(OUT, at(1)))
        answers = await asyncio.gather(*(sides(f"shop{number}").set_subscription(out, number) for number in (1, 2)))
    assert [type(answer.outcome) for answer in answers] == [Delivered, Delivered]
    assert panel.most_at_once == 1
    assert panel.agreed == set()  # neither write restored what the other had read


async def test_while_one_worker_serves_a_shop_of_a_panel_no_other_serves_another_shop_of_it(world: World) -> None:
    await on_panels(world, ["one-key", "one-key", "another-key"])
    async with httpx.AsyncClient() as http:
        turn = ShopSides(world.directory, http, http, world.clock).lock_of

    def sender(destination: str) -> Sender:
        name = destination.partition(":")[2]
        return ShopSender(world.sides[name], [], [name], world.store, world.clock, turn(name))

    one, other = (Delivery(world.store, sender, world.directory.shop, world.clock, lambda: 1.0) for _ in range(2))
    served = {}

    async def meanwhile(command: ShopCommand) -> None:
        world.sides["shop1"].before_answer = None
        for name in ("shop2", "shop3"):
            served[name] = await other.deliver_due(to_newsletter(name))

    for name in ("shop1", "shop2", "shop3"):
        await world.post(resigned(1), shop=name)
    await world.plan()
    world.sides["shop1"].before_answer = meanwhile
    assert await one.deliver_due(to_newsletter("shop1")) == 1
    assert served == {"shop2": 0, "shop3": 1}
    world.clock.advance(seconds=61)
    assert await other.deliver_due(to_newsletter("shop2")) == 1
    assert [said_at_home(world, shop_id=name) for name in ("shop1", "shop2", "shop3")] == [[OUT]] * 3
    await ended(world)
