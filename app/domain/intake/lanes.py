"""Lanes: how several workers decide at once (decision 22).

Every address belongs to a lane, and the holder of a lane alone decides about its people, in order. Where an event turns out to
concern somebody of another lane, everybody waits while one worker decides alone, in the order of acceptance.
"""

from collections.abc import Sequence
from hashlib import blake2b

from app.domain.event_kinds.subjects import cart_id_of, customer_id_of, email_of, previous_email_of
from app.domain.events import Event
from app.domain.values import value

LANES = 16


@value(kw_only=True)
class Spread:
    """When, and in which portions, waiting events are divided."""

    from_events: int = 500
    """Fewer are decided by one worker in less time than it takes to divide them."""
    window: int = 4_000
    """Events ahead of which a worker takes its part: no lane gets further ahead of the others."""
    lanes_at_once: int = 2
    """Lanes of one round."""
    whole_if_alone: bool = True
    """A worker that meets no other decides without lanes: its rounds are as large as they can be."""


def lane_of_address(email: str) -> int:
    return blake2b(email.encode(), digest_size=1).digest()[0] % LANES


def lane_of(event: Event) -> int | None:
    """None: it names no address, or two of them, and is decided alone."""
    email = email_of(event)
    if email is None or previous_email_of(event) is not None:
        return None
    return lane_of_address(email)


def link_of(shop_id: str, event: Event) -> str | None:
    """What beside the address and the order says that two events are about the same: an account of the shop, a cart."""
    cart_id = cart_id_of(event)
    if cart_id is not None:
        return f"{shop_id} cart {cart_id}"
    customer_id = customer_id_of(event)
    return None if customer_id is None else link_of_customer(shop_id, customer_id)


def link_of_customer(shop_id: str, customer_id: str) -> str:
    return f"{shop_id} customer {customer_id}"


@value(kw_only=True)
class Ahead:
    """Of the events that are decided next, those of one kind."""

    lane: int | None
    urgent: bool
    background: bool
    number: int
    first: int
    last: int
    """Numbers of events."""


@value(kw_only=True)
class Whole:
    """One worker decides, in order of acceptance; the others wait."""

    limit: int | None = None
    """Events of the round; None: as many as usual."""
    is_needed: bool = False
    """Nobody has work until it is done."""


@value(kw_only=True)
class Apart:
    """Each worker decides lanes of its own."""

    lanes: Sequence[int]
    """Those with most work first."""
    background: bool
    before: int
    """The number of the first event that is left for later."""


def way_of(ahead: Sequence[Ahead], spread: Spread) -> Whole | Apart:
    """Acts that take permission away overtake everything, so they are decided alone, and with them nothing else that could wait."""
    if sum(one.number for one in ahead) < spread.from_events:
        return Whole()
    urgent = sum(one.number for one in ahead if one.urgent)
    if urgent:
        return Whole(limit=urgent, is_needed=True)
    return apart(ahead) or Whole(is_needed=True)


def apart(ahead: Sequence[Ahead]) -> Apart | None:
    """The part of it that can be divided: of what is not urgent, all before the first event without a lane."""
    if not ahead or any(one.urgent for one in ahead):
        return None
    background = all(one.background for one in ahead)
    now = [one for one in ahead if one.background == background]
    end = max(one.last + 1 for one in now)
    before = min((one.first for one in now if one.lane is None), default=end)
    busy = sorted((-one.number, one.lane) for one in now if one.lane is not None and one.first < before)
    return Apart(lanes=[lane for _, lane in busy], background=background, before=before) if busy else None


@value(kw_only=True)
class Undecided:
    """What names an event of another lane that is not decided yet."""

    shop_id: str
    subject: str
    link: str | None
    order_id: str | None
