"""What waits, in numbers: of a shop's events by what they wait for (R91)."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.intake.inbox import EventState
from app.domain.operations.open_items.words import EVENT_KINDS, OPEN, OpenKind
from app.domain.reasons import Explanation, Reason
from app.domain.values import value


@value(kw_only=True)
class OpenItem:
    """Things of one kind that wait. `about`: a shop, or a source by its title. `is_at_least`: not all of them were counted."""

    kind: OpenKind
    about: str
    number: int
    since: datetime | None = None
    is_at_least: bool = False
    cause: str = ""
    """What the other side last said."""

    @property
    def explanation(self) -> Explanation:
        return OPEN[self.kind]


@value(kw_only=True)
class OpenEvents:
    """Events of a shop that have not ended and wait for the same thing."""

    state: EventState
    reason: Reason | None
    is_cart: bool
    has_commands: bool
    """Something that follows of them is not delivered yet."""
    number: int
    since: datetime
    is_at_least: bool = False

    @property
    def kind(self) -> OpenKind:
        match self.state:
            case EventState.RECEIVED:
                return OpenKind.DECISION
            case EventState.HELD:
                return OpenKind.HELD
            case EventState.PLANNED:
                if self.reason is Reason.WAITS_FOR_ORDER:
                    return OpenKind.ORDER
                return OpenKind.CART if self.is_cart and not self.has_commands else OpenKind.DELIVERY
            case EventState.SENT | EventState.WITHHELD | EventState.SUPERSEDED | EventState.PARKED:
                raise ValueError(f"an event that is {self.state} does not wait")


def items_of_events(shop_id: str, events: Sequence[OpenEvents]) -> list[OpenItem]:
    """One item for each kind, in the order of `OpenKind`."""
    kinds = {kind: [one for one in events if one.kind is kind] for kind in EVENT_KINDS}
    return [
        OpenItem(
            kind=kind,
            about=shop_id,
            number=sum(one.number for one in alike),
            since=min(one.since for one in alike),
            is_at_least=any(one.is_at_least for one in alike),
        )
        for kind, alike in kinds.items()
        if alike
    ]
