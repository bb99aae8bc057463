"""The one sentence about a person or an order: where they stand in SALESmanago, why, and what to do (R90)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from app.domain.commands import as_upsert, is_for_the_shop
from app.domain.decisions.discrepancies import UNCONFIRMED
from app.domain.delivery.outbox import CommandState
from app.domain.intake.inbox import EventState
from app.domain.operations.open_items.words import OPEN, OpenKind
from app.domain.operations.trace import EventTrace
from app.domain.operations.waiting import Waiting
from app.domain.person.contact import Contact
from app.domain.reasons import EXPLANATIONS, Explanation, Reason
from app.domain.values import value


class Verdict(StrEnum):
    UNKNOWN = "unknown"
    """No event about them was ever received."""
    ERASED = "erased"
    REFUSED = "refused"
    """Something is parked: a person has to act."""
    WAITS = "waits"
    WAITS_FOR_CLICK = "waits_for_click"
    """Known there; a subscription to the newsletter waits for the person's click (B6)."""
    UP_TO_DATE = "up_to_date"
    """Known there, and nothing is left to send."""
    NOT_THERE = "not_there"
    """Known here and not there, for a reason."""
    OVER = "over"
    """Everything ended; nothing is known of the person any more."""


@value(kw_only=True)
class Summary:
    verdict: Verdict
    explanation: Explanation | None = None
    waiting: Waiting | None = None
    event_id: str | None = None
    """The event that decides the verdict, where it is one."""
    number: int = 0
    """Events that wait, or are refused."""
    is_manual_task: bool = False
    """What is parked is a change in the shop: a person makes it there, and no retry would."""


def summary_of(contact: Contact | None, events: Sequence[EventTrace], waits: Mapping[tuple[str, str], Waiting]) -> Summary:
    """`events`: oldest first. `contact`: None if nothing is held of the person, or for an order."""
    if contact is not None and contact.erased:
        return Summary(verdict=Verdict.ERASED, explanation=EXPLANATIONS[Reason.ERASED])
    parked = [one for one in events if one.state is EventState.PARKED]
    if parked:
        newest = parked[-1]
        return Summary(
            verdict=Verdict.REFUSED,
            explanation=_why(newest),
            event_id=newest.event_id,
            number=len(parked),
            is_manual_task=_is_manual_task(newest),
        )
    waiting = [one for one in events if (one.shop_id, one.event_id) in waits]
    if waiting:
        why = waits[waiting[0].shop_id, waiting[0].event_id]
        return Summary(
            verdict=Verdict.WAITS,
            explanation=why.explanation,
            waiting=why,
            event_id=waiting[0].event_id,
            number=len(waiting),
        )
    if not events and contact is None:
        return Summary(verdict=Verdict.UNKNOWN)
    if contact is not None and contact.is_transferred:
        if contact.unconfirmed_since is not None:
            return Summary(verdict=Verdict.WAITS_FOR_CLICK, explanation=_click(asked=contact.was_asked_to_confirm))
        return Summary(verdict=Verdict.UP_TO_DATE)
    if any(one.state is EventState.SENT for one in events):
        return Summary(verdict=Verdict.UP_TO_DATE)
    held_back = [one for one in events if one.reason is not None]
    if not held_back:
        return Summary(verdict=Verdict.OVER)
    withheld = [one for one in held_back if one.state is EventState.WITHHELD] or held_back
    return Summary(verdict=Verdict.NOT_THERE, explanation=_why(withheld[-1]), event_id=withheld[-1].event_id)


def _click(*, asked: bool) -> Explanation:
    why, why_pl = UNCONFIRMED[asked]
    of_all = OPEN[OpenKind.CLICK]
    return Explanation(of_all.rule, why, of_all.what_to_do, why_pl, of_all.what_to_do_pl)


def is_in_salesmanago(contact: Contact, events: Sequence[EventTrace]) -> bool:
    """Facts count as sent from the moment they are queued; what was to make the contact may wait, or have been refused."""
    commands = ((one.state, as_upsert(one.command)) for event in events for one in event.commands)
    upserts = [(state, upsert) for state, upsert in commands if upsert is not None]
    introduced = any(upsert.introduces for _, upsert in upserts)
    arrived = any(state == CommandState.SENT.value for state, _ in upserts)
    return contact.is_transferred and (arrived or not introduced)


def _is_manual_task(event: EventTrace) -> bool:
    parked = [one for one in event.commands if one.state == CommandState.PARKED.value]
    return bool(parked) and all(is_for_the_shop(one.command) for one in parked)


def _why(event: EventTrace) -> Explanation | None:
    """The event's own reason, or the one of what was to be sent for it."""
    reasons = [event.reason, *(command.reason for command in reversed(event.commands))]
    return next((EXPLANATIONS[reason] for reason in reasons if reason is not None), None)
