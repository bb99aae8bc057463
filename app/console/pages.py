"""Pages that show: each asks the use cases and hands what they say to a template."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from app.console.charts import Chart, chart_of
from app.console.session import Visit, number_in
from app.domain.errors import NotFound
from app.domain.operations.history import Day
from app.domain.operations.open_items.items import OpenItem
from app.domain.operations.open_items.words import EVENT_KINDS, OpenKind
from app.domain.operations.replay import ParkedFilter, ParkedGroup
from app.domain.operations.request_log import RequestOutcome
from app.domain.operations.summary import is_in_salesmanago, summary_of
from app.domain.operations.trace import EventTrace
from app.domain.reasons import EXPLANATIONS, Reason
from app.domain.runs import reconciliation as rules
from app.domain.runs.backfill import state_of
from app.domain.shops.configuration import ADMIN_ROLE
from app.domain.shops.shop import Shop
from app.services.health.problems import ShopHealth
from app.services.operations.replay import Line
from app.services.runs.backfills import Progress
from app.sources.watching import SourceHealth

TROUBLE = (RequestOutcome.REFUSED, RequestOutcome.UNKNOWN_KEY, RequestOutcome.FAILED)
SHOWN = 100


async def overview(visit: Visit) -> Response:
    """How each shop is: freshness against the promise, what became of its events, the first transfer, requests refused."""
    uses = visit.uses
    report = await uses.health.recent()
    lines = await uses.operations.lines()
    days = await uses.history.days()
    undelivered: Counter[str] = Counter()
    for group in await uses.operations.parked(ParkedFilter()):
        undelivered[group.shop_id] += 0 if is_home(group) else group.number
    items = await uses.waits.of_shops()
    sources = await uses.sources.report()
    cards = [
        await _card(
            visit,
            shop,
            days.get(shop.shop_id, []),
            undelivered[shop.shop_id],
            BothSides.of(visit, shop.shop_id, lines, sources),
            [one for one in items if one.about == shop.shop_id],
        )
        for shop in report.shops
    ]
    return visit.page(
        "overview.html",
        cards=cards,
        not_sent=report.not_sent,
        ready=report.ready,
        troubled=_troubled(lines),
        WAITS_FOR_A_PERSON=WAITS_FOR_A_PERSON,
    )


@dataclass(frozen=True)
class BothSides:
    """Both sides of a shop: SALESmanago and what goes to the shop, and what its panel tells (R92)."""

    account: str
    """The destination of its account."""
    lines: list[Line]
    sources: list[SourceHealth]

    @classmethod
    def of(cls, visit: Visit, shop_id: str, lines: Sequence[Line], sources: Sequence[SourceHealth]) -> "BothSides":
        shop, directory = visit.uses.directory.shop(shop_id), visit.uses.directory
        account = f"account:{shop.account}" if shop is not None else ""
        theirs = (account, f"newsletter:{shop_id}", f"tags:{shop_id}")
        pushing = [one for one in sources if shop_id in [other.id for other in directory.shops_of_source(one.source)]]
        return cls(account, [line for line in lines if line.destination in theirs], pushing)


@dataclass(frozen=True)
class Card:
    health: ShopHealth
    shop: Shop
    transfer: Progress | None
    transfer_state: str
    comparison: rules.Reconciliation | None
    refused: int
    """Of the requests that are remembered."""
    undelivered: int
    """What a person has to see to, beside the manual tasks."""
    bars: list[tuple[str, int, float]]
    """State, number, per cent of all."""
    chart: Chart
    sides: BothSides
    items: list[OpenItem]

    @property
    def waits(self) -> list[OpenItem]:
        """For something else than a person: the card says by itself what waits for somebody."""
        return [one for one in self.items if one.kind in (*EVENT_KINDS, OpenKind.CLICK)]

    @property
    def is_calm(self) -> bool:
        """Nothing waits, and nothing is wrong with the panel."""
        return not self.items and not any(one.open_items() for one in self.sides.sources)

    @property
    def waits_for_a_person(self) -> bool:
        compared = self.comparison is not None and bool(self.comparison.left)
        return compared or self.transfer_state in WAITS_FOR_A_PERSON


async def _card(
    visit: Visit, health: ShopHealth, days: list[Day], undelivered: int, sides: BothSides, items: list[OpenItem]
) -> Card:
    uses, shop = visit.uses, visit.uses.directory.shop(health.shop_id)
    if shop is None:
        raise NotFound("shop")
    transfers = await uses.backfills.of_shop(shop.id)
    compared = rules.last_over(await uses.reconciliations.of_shop(shop.id))
    refused = await uses.requests.recent(shop.id, TROUBLE, limit=500)
    total = sum(health.events.values()) or 1
    order = ("sent", "planned", "received", "held", "parked", "withheld", "superseded")
    bars = [(state, health.events[state], 100 * health.events[state] / total) for state in order if health.events.get(state)]
    newest = transfers[0] if transfers else None
    state = state_of(newest.run, newest.tally) if newest else ""
    return Card(health, shop, newest, state, compared, len(refused), undelivered, bars, chart_of(days), sides, items)


def _troubled(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.takes_nothing]


# -- find ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What one shop knows of what was asked for."""

    shop: Shop
    person: Any
    summary: Any
    events: list[EventTrace]
    waits: dict[tuple[str, str], Any]

    @property
    def is_there(self) -> bool:
        """Is the person in SALESmanago, as far as anything of theirs arrived?"""
        return is_in_salesmanago(self.person, self.events)


async def find(visit: Visit) -> Response:
    """A person, an order or an event. An address is posted: it never stands in a URL."""
    about = (visit.form.get("about") or visit.request.query_params.get("about") or "").strip()
    if "@" in about and visit.request.method != "POST":
        about = ""
    found = [one for shop in visit.uses.directory.shops() if about and (one := await _known(visit, shop, about)) is not None]
    return visit.page("find.html", about=about, found=found, is_person="@" in about)


async def _known(visit: Visit, shop: Shop, about: str) -> Found | None:
    trace = visit.uses.trace
    person = None
    if "@" in about:
        person = await trace.person(shop.id, about.lower())
        events = await trace.of_person(shop.id, about.lower())
    else:
        events = await trace.of_order(shop.id, about)
    if person is None and not events:  # some shops put an address into the id of an event
        try:
            events = [await trace.of_event(shop.id, about)]
        except NotFound:
            return None
    waits = await trace.waiting(events)
    return Found(shop, person, summary_of(person, events, waits), events, waits)


async def event(visit: Visit) -> Response:
    shop = visit.uses.directory.shop(visit.request.path_params["shop"])
    if shop is None:
        raise NotFound("shop")
    one = await visit.uses.trace.of_event(shop.id, visit.request.path_params["event_id"])
    waits = await visit.uses.trace.waiting([one])
    return visit.page("event.html", found=Found(shop, None, summary_of(None, [one], waits), [one], waits))


async def shadow(visit: Visit) -> Response:
    """What shops in test mode would have sent."""
    shops = [shop for shop in visit.uses.directory.shops() if shop.shadow and visit.shop() in (None, shop.id)]
    found = [Found(shop, None, None, await visit.uses.trace.shadowed(shop.id, SHOWN), {}) for shop in shops]
    return visit.page("shadow.html", found=found)


# -- runs ----------------------------------------------------------------------------------------------------------------


async def transfers(visit: Visit) -> Response:
    shops = [shop for shop in visit.uses.directory.shops() if visit.shop() in (None, shop.id)]
    runs = await transfers_of(visit, shops)
    moving = any(not one.run.is_over for _, one, _ in runs)
    return visit.page("transfers.html", possible=shops, runs=runs, moving=moving, reasons=_reasons())


WAITS_FOR_A_PERSON = ("awaiting_approval", "paused")
"""States of a first transfer."""


async def transfers_of(visit: Visit, shops: Sequence[Shop]) -> list[tuple[Shop, Progress, str]]:
    """With the state of each in one word."""
    return [(shop, one, state_of(one.run, one.tally)) for shop in shops for one in await visit.uses.backfills.of_shop(shop.id)]


def _reasons() -> dict[str, Any]:
    return {reason.value: EXPLANATIONS[reason] for reason in Reason}


async def comparisons(visit: Visit) -> Response:
    shops = [shop for shop in visit.uses.directory.shops() if visit.shop() in (None, shop.id)]
    runs = {shop.id: (await visit.uses.reconciliations.of_shop(shop.id))[:5] for shop in shops}
    all_runs = [run for some in runs.values() for run in some]
    return visit.page(
        "comparisons.html",
        possible=shops,
        runs=runs if all_runs else {},
        samples={run.id: await visit.uses.reconciliations.people(run) for run in all_runs},
        moving=any(not run.is_over for run in all_runs),
        words_of=rules.WORDS,
        cause_of=rules.Cause,
    )


def is_home(group: ParkedGroup) -> bool:
    """Manual tasks have a list of their own."""
    return group.destination is not None and group.destination.partition(":")[0] in ("newsletter", "tags")


def zones(visit: Visit) -> dict[str, str]:
    """Shop -> its time zone."""
    return {shop.id: shop.time_zone for shop in visit.uses.directory.shops()}


# -- setup, requests, audit ----------------------------------------------------------------------------------------------


async def setup(visit: Visit) -> Response:
    """Accounts, shops and keys as configured, without secrets; the addresses of callbacks hold one, and are for administrators."""
    directory = visit.uses.directory
    keys = sorted(directory.all_keys(), key=lambda key: (key.revoked_at is not None, key.created_at))
    return visit.page(
        "setup.html",
        accounts=directory.accounts(),
        keys=keys,
        used=await visit.uses.key_use.last(),
        codes=[(shop.id, one) for shop in directory.shops() for one in visit.uses.tracking_codes(shop)],
        callbacks=visit.uses.callbacks() if visit.who.may(ADMIN_ROLE) else [],
    )


async def requests(visit: Visit) -> Response:
    asked = visit.request.query_params.get("outcome", "")
    outcomes = TROUBLE if asked == "trouble" else [one for one in RequestOutcome if one == asked]
    found = await visit.uses.requests.recent(visit.shop(), outcomes, limit=SHOWN)
    newest = [one for _, one in reversed(found)]
    return visit.page("requests.html", found=newest, asked=asked, only=visit.shop(), zone=zones(visit))


async def audit(visit: Visit) -> Response:
    found = await visit.uses.audit.newest(visit.shop(), number_in(visit.request.query_params.get("before")))
    return visit.page("audit.html", found=found, zone=zones(visit))
