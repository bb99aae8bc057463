"""How an event ends: what becomes of it by the outcomes of its commands."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, assert_never

from app.domain.delivery.answers import Attempted
from app.domain.delivery.outcomes import Done, Drop, Park, RetryAt
from app.domain.intake.inbox import EventState, end_unsent
from app.domain.reasons import Reason


class Dropped(NamedTuple):
    """An event of which a command need not be sent any more, and the state it ends in if nothing else of it was."""

    event_seq: int
    state: EventState
    reason: Reason


class Endings(NamedTuple):
    delivered: Mapping[int, int]
    """Event -> how many of its commands arrived."""
    dropped: Collection[Dropped]
    parked: Mapping[Reason, set[int]]
    """Reason -> events of which a command waits for an operator."""


def endings(attempted: Iterable[Attempted]) -> Endings:
    """What becomes of events by what was just tried. Commands to be tried again, and those no event waits for, change nothing."""
    delivered, dropped = Counter[int](), list[Dropped]()
    parked = defaultdict[Reason, set[int]](set)
    for one in attempted:
        for tried in one.tried:
            if not tried.command.counted:
                continue
            seq = tried.command.event_seq
            match tried.verdict:
                case Done():
                    delivered[seq] += 1
                case Drop(reason=reason):
                    dropped.append(Dropped(seq, end_unsent(reason), reason))
                case Park(reason=reason):
                    parked[reason].add(seq)
                case RetryAt():
                    pass
                case _:
                    assert_never(tried.verdict)
    return Endings(delivered, dropped, parked)
