"""The tags that staff put on a customer, as the panel shows them (contract 2.1). Nothing pushes them: they are read."""

from collections.abc import Collection, Sequence
from datetime import datetime

from app.clients.idosell.answers import tags
from app.domain.events import TagsEdited
from app.domain.shops.shop import Shop
from app.domain.tags import TO_PANEL, canonical
from app.sources.findings import Finding, SourceEvent, Translation, fingerprint
from app.sources.idosell.rows.reading import Row, stamp


def tags_seen(answer: Row, number: int, numbers: Collection[int], shops: Sequence[Shop], now: datetime) -> Translation:
    """What a reading of a customer's tags says to the shops in which the account is active: the full set.

    SALESmanago's tags among them are no news by themselves (R29); the teller sees whether staff took one off.
    `now`: when the reading began.
    """
    shown = sorted({one.name for one in tags(answer)})
    names = [name for name in shown if not canonical(name).startswith(TO_PANEL)]
    mirrored = tuple(name for name in shown if canonical(name).startswith(TO_PANEL))
    state = fingerprint(names)
    event = TagsEdited(at=now, customer_id=str(number), all_tags=tuple(names), mirrored=mirrored)
    events = (SourceEvent(f"ido:tags:{number}:{stamp(now)}:{state}", event),)
    return Translation(
        tuple(
            Finding(shop.id, f"tags:{number}", state, now, first=events if names else (), again=events)
            for shop in shops
            if shop.number in numbers
        )
    )
