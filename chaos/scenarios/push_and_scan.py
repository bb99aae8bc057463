"""A panel whose webhooks are lost, repeated, forged, held back and switched off, which is down for a while itself, and a gateway
that is killed: what arrives is what happened in the panel (R80, R82).
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from chaos.ledger import FINAL, Result, stop
from chaos.suite import Stage, scenario
from chaos.world import PANEL, PANEL_SECRET, PANEL_TOKEN, World, until

HANDS = 8
"""Customers who act at once."""
BEHAVIOURS = ["send"] * 6 + ["lose"] * 3 + ["twice"] * 2 + ["forge"] * 2 + ["hold"] * 2
PRODUCT, PRICE, DELIVERY = 334, 199.0, 12.0
SECOND = 1.05
"""The panel dates its changes by the second: what happens to one thing happens so far apart."""


class Customers:
    """Everybody registers, orders and changes something; every third cancels, every third subscribes."""

    def __init__(self, world: World, number: int, pause: float) -> None:
        """`pause`: between what one of the hands does and what it does next, in seconds."""
        self._url = world.sandbox.panel_url
        self._pause = pause
        self._local = threading.local()
        self._numbers = range(number)
        self._dice = random.Random(5)
        self._hook = self.do("webhooks", url=f"{world.url}/sources/idosell/{PANEL}", token=PANEL_TOKEN, secret=PANEL_SECRET)["id"]
        self.do("webhooks", url=f"{world.url}/sources/idosell/{PANEL}", token=PANEL_TOKEN, programmable=True)
        self.ids: dict[int, int] = {}
        self.orders: dict[int, int] = {}
        self.quantities: dict[int, int] = {}
        self.cancelled = {number for number in self._numbers if number % 3 == 0}
        self.subscribed = {number for number in self._numbers if number % 3 == 1}

    def do(self, what: str, **said: Any) -> dict[str, Any]:
        if not hasattr(self._local, "http"):
            self._local.http = httpx.Client(base_url=f"{self._url}/sandbox/", timeout=120)
        answer = self._local.http.post(what, json=said).raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def live(self) -> None:
        for act in (self._register, self._order, self._change, self._end):
            following = self._dice.choices(BEHAVIOURS, k=len(self._numbers) * 2)
            self.do(f"webhooks/{self._hook}", next=following, active=True)
            with ThreadPoolExecutor(HANDS) as pool:
                list(pool.map(lambda number, act=act: self._slowly(act, number), self._numbers))
            time.sleep(SECOND)

    def _slowly(self, act: Callable[[int], None], number: int) -> None:
        act(number)
        time.sleep(self._pause)

    def switch_on(self) -> None:
        """The merchant finds the webhook switched off."""
        self.do(f"webhooks/{self._hook}", active=True)

    def goes_down(self, seconds: float) -> None:
        """The panel answers nobody who asks it."""
        self.do("faults", kind="unavailable", times=None, path="/api/")
        time.sleep(seconds)
        self.do("faults/clear")

    def _register(self, number: int) -> None:
        self.ids[number] = self.do("customers", login=f"c{number}", email=f"c{number}@example.com", first_name="Anna")["id"]

    def _order(self, number: int) -> None:
        placed = self.do("orders", login=f"c{number}", lines=[{"product": PRODUCT}])
        self.orders[number] = placed["orderSerialNumber"]

    def _change(self, number: int) -> None:
        self.quantities[number] = number % 4 + 1
        self.do(f"orders/{self.orders[number]}", lines=[{"product": PRODUCT, "quantity": self.quantities[number]}])
        self.do(f"edits/c{number}", first_name=f"Ewa {number}")

    def _end(self, number: int) -> None:
        if number in self.cancelled:
            self.do(f"orders/{self.orders[number]}", status="canceled")
        if number in self.subscribed:
            self.do(f"customers/c{number}/approvals", shop=1, channel="email", given=True)

    def missing(self, world: World) -> list[str]:
        """What happened in the panel and neither arrived in SALESmanago, nor is said to be impossible there."""
        contacts = {one["email"]: one for one in world.sandbox.get("contacts")["contacts"]}
        events = world.sandbox.get("events")["events"]
        purchases = {one["externalId"]: one["value"] for one in events if one["type"] == "PURCHASE"}
        gone = {one["externalId"] for one in events if one["type"] == "CANCELLATION"}
        fixed, found = _not_updatable(world), []
        for number in self._numbers:
            contact, order = contacts.get(f"c{number}@example.com"), str(self.orders[number])
            value = PRICE * self.quantities[number] + DELIVERY
            found += [f"c{number}: the last name"] if contact is None or contact["name"] != f"Ewa {number}" else []
            found += [f"c{number}: the opt-in"] if number in self.subscribed and (contact is None or contact["opted_out"]) else []
            # Of an order that changed and was cancelled before anybody looked, the panel shows the end alone.
            if number in self.cancelled:
                found += [f"order {order}: the cancellation"] if order in purchases and order not in gone else []
            elif purchases.get(order) != value and order not in fixed:
                found.append(f"order {order}: the purchase of {value}, there is {purchases.get(order)}")
        return found


def _not_updatable(world: World) -> set[str]:
    """Orders whose purchase left in a batch before they were changed: a batch tells no ids, and the gateway says so (R18)."""
    return {str(one) for (one,) in world.rows("SELECT order_id FROM inbox WHERE reason = 'order_not_updatable'")}


def _doubled(world: World) -> list[str]:
    events = world.sandbox.get("events")["events"]
    counted = Counter((one["type"], one["externalId"]) for one in events if one["type"] in ("PURCHASE", "CANCELLATION"))
    return [f"{kind} {order}" for (kind, order), times in counted.items() if times > 1]


@scenario("push-and-scan", in_short=True)
def push_and_scan(stage: Stage) -> Iterator[Result]:
    """Webhooks lost, repeated, forged, disordered; the panel down; kill -9: what happened arrives once, on both databases (R82)."""
    yield _played(stage, "push-and-scan", {})
    if not stage.short:
        yield _played(stage, "push-and-scan, PostgreSQL", {"database_url": stage.postgres.create()})


def _played(stage: Stage, name: str, setting: dict[str, Any]) -> Result:
    number, kills = stage.size(160, 16), stage.size(8, 1)
    did = f"{number} customers in a panel; 20 % of its webhooks lost, 13 % each twice, forged, late; {kills} kill -9"
    did += "" if stage.short else "; the panel down"
    result, dice = Result(name, did), random.Random(3)
    with stage.world(panel=True, environment={"GATEWAY_SCAN_SECONDS": str(stage.size(5, 1))}, **setting) as world:
        customers = Customers(world, number, stage.size(3, 0) / 10)
        over = threading.Event()
        killing = threading.Thread(target=_killed, args=(world, result, kills, stage.size(5, 1), dice.random, over))
        killing.start()
        merchant = threading.Thread(target=_tended, args=(customers, over, not stage.short))
        merchant.start()
        customers.live()
        over.set()
        killing.join()
        merchant.join()
        since = time.monotonic()
        missing: list[str] = []

        def arrived() -> bool:
            nonlocal missing
            missing = customers.missing(world)
            return not missing and not world.waiting()

        until(arrived, stage.size(600, 30), pause=0.5)
        time.sleep(stage.size(8, 1))  # one more round of scans: what it told again would be there twice
        until(lambda: not world.waiting(), stage.size(120, 30), pause=0.2)  # tags on their way back into the panel
        result.drain = time.monotonic() - since
        registered = Counter(
            str(one) for (one,) in world.rows("SELECT event_id FROM inbox WHERE event_id LIKE 'ido:client:%:registered'")
        )
        open_ = {state: many for state, many in world.states().items() if state not in FINAL}
        result.acknowledged, result.delivered = sum(world.states().values()), len(world.sandbox.get("events")["events"])
        result.lost, result.doubled = len(missing), len(doubled := _doubled(world))
        result.demand(not missing, f"R82: {len(missing)} did not arrive, as {missing[:3]}")
        result.demand(not doubled, f"R82: {len(doubled)} arrived twice, as {doubled[:3]}")
        expected = {f"ido:client:{one}:registered" for one in customers.ids.values()}
        result.demand(
            registered.keys() == expected, f"R20: {len(expected ^ registered.keys())} registrations are missing or strange"
        )
        result.demand(not open_, f"I2: {open_} in no final state")
        forged = world.rows("SELECT count(*) FROM pushes WHERE state = 'not_understood'")[0][0]
        result.demand(forged == 0, f"I4: {forged} pushes were not understood")
        taken = world.rows("SELECT count(*) FROM pushes")[0][0]
        hooks = httpx.get(f"{world.sandbox.panel_url}/sandbox/webhooks", timeout=10).json()
        went = Counter(f"{one['behaviour']} {one['status']}" for one in hooks["deliveries"])
        said = f"{taken} pushes taken; of the last deliveries {dict(sorted(went.items()))}"
        result.notes.append(f"{len(_not_updatable(world))} orders not updatable there; {said}")
        stop(result, world)
    return result


def _tended(customers: Customers, over: threading.Event, goes_down: bool) -> None:
    if goes_down:
        over.wait(5)
        customers.goes_down(10)
    while not over.wait(2):
        customers.switch_on()


def _killed(world: World, result: Result, kills: int, pause: float, chance: Callable[[], float], over: threading.Event) -> None:
    for _ in range(kills):
        if over.wait(0.5 + pause * chance()):
            return
        world.gateway.kill()
        result.kills += 1
        world.serve(wait=False)
