"""How an event ends: what becomes of it by the outcomes of its commands.

`after_delivery`, `after_drop` and `after_parked` are the rule. `storage/inbox_endings` carries the first two out as one statement
each, without reading the event; a test holds the statements equal to the functions.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, assert_never

from app.domain.commands import Command, as_upsert, is_for_the_shop
from app.domain.delivery.answers import Attempted
from app.domain.delivery.outbox import CommandState
from app.domain.delivery.outcomes import Done, Drop, Park, RetryAt
from app.domain.event_kinds.traits import kind_of
from app.domain.events import Event
from app.domain.intake.inbox import EventState, end_unsent
from app.domain.reasons import Reason


class Standing(NamedTuple):
    """An event, as far as it matters for its end."""

    state: EventState
    reason: Reason | None
    """Of one that is planned: why it is withheld itself, though facts in it are sent."""
    open_commands: int
    """How many of its commands have not ended."""
    has_payload: bool = True


def after_delivery(event: Standing, number: int) -> Standing:
    """So many commands of the event arrived. With the last one it is sent; or withheld, if only facts in it were to travel."""
    event = event._replace(open_commands=event.open_commands - number)
    if event.open_commands > 0 or event.state is not EventState.PLANNED:
        return event
    return event._replace(state=EventState.SENT if event.reason is None else EventState.WITHHELD)


def after_drop(event: Standing, reason: Reason, *, was_sent: bool) -> Standing:
    """A command of the event need not be sent. With the last one the event ends: sent, if another of its commands was.

    Facts that travelled along are no part of an order's newer version that cannot be sent (R18). What was not sent at all ends
    for the reason of this command, which comes before one it had, and gives up its payload.
    """
    is_last = event.open_commands <= 1
    event = event._replace(open_commands=event.open_commands - 1)
    if not is_last or event.state is not EventState.PLANNED:
        return event
    if was_sent and reason is not Reason.ORDER_NOT_UPDATABLE:
        return event._replace(state=EventState.SENT)
    return event._replace(state=end_unsent(reason), reason=reason, has_payload=False)


def after_parked(event: Standing, commands: Mapping[CommandState, int], reason: Reason | None) -> Standing:
    """A command that the event was parked for is settled. `commands`: how many the event waits, or waited, for, by state.

    It stays parked for another one, and goes on with what waits. `reason`: why the settled one was not sent after all; it is the
    event's own if none of its commands was sent, or if it is something the event was not permitted.
    """
    if event.state is not EventState.PARKED or commands.get(CommandState.PARKED):
        return event
    if waiting := commands.get(CommandState.WAITING, 0):
        return event._replace(state=EventState.PLANNED, reason=None, open_commands=waiting)
    if reason is None or (commands.get(CommandState.SENT) and end_unsent(reason) is EventState.SUPERSEDED):
        return event._replace(state=EventState.SENT, reason=None, open_commands=0)
    return event._replace(state=end_unsent(reason), reason=reason, has_payload=False)


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


def is_awaited(event: Event, command: Command) -> bool:
    """Does the event end only when the command has?

    An order is sent once SALESmanago has it; what its sections bring to the panel is no part of that promise (R11).
    """
    upsert = as_upsert(command)
    if upsert is not None and upsert.repeats:
        return False
    return kind_of(event).is_done_at_the_shop or not is_for_the_shop(command)


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
