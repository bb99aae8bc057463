"""The page of everything that waits, by cause, each with what to do (R91)."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from app.console.pages import WAITS_FOR_A_PERSON, is_home, transfers_of, zones
from app.console.session import Visit
from app.domain.decisions.discrepancies import Conflict, ConflictKind, conflicts_of
from app.domain.intake.pushes import PushLine, PushState, SourceName
from app.domain.operations.open_items.words import OpenKind
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import EXPLANATIONS
from app.domain.runs import reconciliation as rules
from app.domain.shops.shop import Shop

SHOWN = 50


@dataclass(frozen=True)
class Disputed:
    shop: Shop
    email: str
    conflict: Conflict


async def stuck(visit: Visit) -> Response:
    """Everything that waits for somebody or something, by cause; calm only if nothing does."""
    uses, only = visit.uses, visit.shop()
    report = await uses.health.quick_report()
    parked = await uses.operations.parked(ParkedFilter(shop_id=only))
    waiting = await uses.operations.waiting(only)
    shops = [shop for shop in uses.directory.shops() if only in (None, shop.id)]
    by_hand = [(shop, await uses.manual_tasks.of_shop(shop.id)) for shop in shops]
    tasks = [(shop, task) for shop, found in by_hand for task in found.items]
    listed = [(shop, await uses.disputes.disputed(shop.id)) for shop in shops]
    disputed = [
        Disputed(shop, person.contact.email or ", ".join(one.about), one)
        for shop, found in listed
        for person in found.people
        for one in conflicts_of(person, shop)
    ]
    last = [(shop, rules.last_over(await uses.reconciliations.of_shop(shop.id))) for shop in shops]
    compared = [(shop, run) for shop, run in last if run is not None and run.left]
    transfers = [one for one in await transfers_of(visit, shops) if one[2] in WAITS_FOR_A_PERSON]
    health = [one for one in report.shops if only in (None, one.shop_id)]
    notable = [one for one in health if one.late or one.receipt_missing or one.consent_box_seems_hidden or not one.enabled]
    own = [group for group in parked if not is_home(group)]
    items = await uses.waits.items(only)
    calm = not (own or waiting or tasks or disputed or compared or transfers or notable or items)
    return visit.page(
        "stuck.html",
        groups=own,
        waiting=waiting,
        tasks=tasks,
        tasks_more=[shop.id for shop, found in by_hand if found.has_more],
        disputed=[one for one in disputed if one.conflict.seen_at is None],
        disputed_more=[shop.id for shop, found in listed if found.has_more],
        seen=[one for one in disputed if one.conflict.seen_at is not None],
        ConflictKind=ConflictKind,
        compared=compared,
        transfers=transfers,
        notable=notable,
        items=[one for one in items if one.kind not in _SHOWN_APART],
        clicks=[(shop, one.contact) for shop in shops for one in await uses.disputes.unconfirmed(shop.id, SHOWN)],
        pushes=await _not_understood(visit, shops) if any(one.kind is OpenKind.PUSH_NOT_UNDERSTOOD for one in items) else [],
        OpenKind=OpenKind,
        calm=calm,
        only=only,
        why_of=EXPLANATIONS.__getitem__,
        words_of=rules.WORDS,
        cause_of=rules.Cause,
        zone=zones(visit),
    )


_SHOWN_APART = (OpenKind.MANUAL_TASK, OpenKind.CONFLICT, OpenKind.TRANSFER, OpenKind.DIFFERENCE)
"""Each has a section of its own, with all that is known of it."""


async def _not_understood(visit: Visit, shops: Sequence[Shop]) -> list[PushLine]:
    """The newest of them, of the sources of these shops."""
    theirs = {SourceName(shop.source.kind.value, shop.source.name) for shop in shops}
    found = await visit.uses.pushes.lines(state=PushState.NOT_UNDERSTOOD, limit=SHOWN)
    return [one for one in found if one.source in theirs]
