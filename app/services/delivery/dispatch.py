"""What a claim becomes on its way: what is sent of it, what was answered, what that comes to (`contact_dispatch.py` as well)."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from app.domain.commands import ConfirmOptOut, as_reported_opt_out
from app.domain.delivery.answers import Answer, Attempted, Tried
from app.domain.delivery.circuit_breaker import LONGEST_REST
from app.domain.delivery.outbox import Claim, WaitingCommand
from app.domain.delivery.outcomes import (
    LONGEST_BACKOFF,
    PARKED_CONTACT_PAUSE,
    Delivered,
    Done,
    Drop,
    NeedsPerson,
    NotNeeded,
    Outcome,
    Park,
    Refused,
    RetryAt,
    Throttled,
    Unknown,
    Unreachable,
    Waits,
    is_of_the_item,
    is_parked,
    retry_at,
    verdict,
)
from app.domain.event_parts import Origin
from app.domain.events import StatusObserved
from app.domain.intake.gateway_events import gateway_event
from app.domain.intake.inbox import NewEvent


class Dispatch(ABC):
    """What is sent of one claim, and the outcome of each part."""

    claim: Claim
    pause_behind_parked: timedelta = PARKED_CONTACT_PAUSE
    """How long what comes after a parked command waits."""
    waits: timedelta | None = None
    """It waits for somebody else to be served first, and is not tried before so long."""
    stopped: Answer | None = None
    """Nothing of this dispatch may be sent now: what had to be read first could not be read."""

    @abstractmethod
    def outcomes(self) -> list[tuple[WaitingCommand, Answer | None]]:
        """The commands that were tried, each with its answer; None = verification found that it arrived."""

    @abstractmethod
    def fail(self, answer: Answer) -> None:
        """Nothing more is sent of this dispatch now: parts without an answer get this one."""

    def news(self, attempted: Attempted) -> list[NewEvent]:  # noqa: ARG002 - for those who have some
        """Events that follow from the answers, to be stored together with the record."""
        return []

    def verifies_first(self, command: WaitingCommand, follows: RetryAt) -> bool:
        """Must SALESmanago be read before the command is tried again?"""
        return follows.verify_first or (self.stopped is not None and command.maybe_sent)

    def judged(self, now: datetime, jitter: float, *, is_down: bool = False) -> Attempted:
        """Every command that was tried, with its own outcome and what follows from it.

        `is_down`: the destination took nothing before either. That it takes nothing now, or gives no clear answer, is no failure of
        the contact's, then: it does not count, and the contact waits no longer than the destination rests (R11).
        """
        claim = self.claim
        number, since = claim.attempts + 1, min(claim.first_tried_at or now, now)  # a clock that was ahead may have said when
        tried = []
        for command, answer in self.outcomes():
            outcome: Outcome = answer.outcome if answer is not None else Delivered()
            longest = LONGEST_REST if is_down and is_no_answer(outcome) else LONGEST_BACKOFF
            follows = verdict(outcome, number, since, now, jitter, longest)
            match follows:
                case RetryAt():
                    follows = RetryAt(follows.at, verify_first=self.verifies_first(command, follows))
                case Done() | Park() | Drop():
                    pass
                case _:
                    assert_never(follows)
            tried.append(Tried(command, outcome, follows, answer.call if answer is not None else None))
        retries = [at for one in tried if (at := retry_at(one.verdict)) is not None]
        parked = any(is_parked(one.verdict) for one in tried)
        pause = self.pause_behind_parked if parked else (self.waits or timedelta(0))
        due_at = max(retries, default=now + pause)
        failing, failing_since = claim.attempts, claim.first_tried_at  # if nobody came to it, that was no failure of its own
        if tried:
            counted = claim.attempts if is_down and all(is_no_answer(one.outcome) for one in tried) else number
            failing, failing_since = (counted, since) if len(retries) == len(tried) else (0, None)
        return Attempted(claim, tuple(tried), due_at, failing, failing_since, now)


@dataclass
class SequentialDispatch(Dispatch):
    """Commands sent one by one, in order. After a failure the rest waits."""

    pause_behind_parked = timedelta(0)  # each says how things should be, whatever became of the one before

    claim: Claim
    given: dict[int, Answer] = field(default_factory=dict)
    """By id of the command."""
    new_events: list[NewEvent] = field(default_factory=list)

    def answer(self, command: WaitingCommand, answer: Answer) -> None:
        self.given[command.id] = answer

    def outcomes(self) -> list[tuple[WaitingCommand, Answer | None]]:
        return [(command, self.given[command.id]) for command in self.claim.commands if command.id in self.given]

    def fail(self, answer: Answer) -> None:
        for command in self.claim.commands:
            self.given.setdefault(command.id, answer)

    def news(self, attempted: Attempted) -> list[NewEvent]:
        """A reported opt-out that could never be confirmed counts: the doubt does not favour an opt-in (R06)."""
        parked = [(one.command.id, as_reported_opt_out(one.command.command)) for one in attempted.tried if is_parked(one.verdict)]
        return [*self.new_events, *(opted_out(self.claim, number, one) for number, one in parked if one is not None)]


class FailedDispatch(SequentialDispatch):
    """A claim over which something of ours failed before anything could be sent of it."""


def opted_out(claim: Claim, number: int, asked: ConfirmOptOut) -> NewEvent:
    """The opt-out a callback reported, as an act. `number`: of the command that asked."""
    act = StatusObserved(at=asked.at, email=asked.email, email_out=True, acted=True, origin=Origin.CLICK_OR_STAFF)
    return gateway_event(claim.shop_id, "opt-out-confirmed", act, f"opt-out-{number}-{secrets.token_hex(8)}")


def is_delivered(answer: Answer | None) -> bool:
    return answer is not None and isinstance(answer.outcome, Delivered)


def stops_batch(outcome: Outcome) -> bool:
    """The destination accepts nothing now: whatever has not been sent yet waits."""
    match outcome:
        case Throttled() | Unreachable():
            return True
        case Refused(account_wide=wide):
            return wide
        case Delivered() | Unknown() | NeedsPerson() | NotNeeded() | Waits():
            return False


def is_no_answer(outcome: Outcome) -> bool:
    """It says nothing of what was asked, so of a destination that is down it says nothing of the contact either."""
    match outcome:
        case Unknown():
            return True
        case Throttled() | Unreachable() | Refused() | Delivered() | NeedsPerson() | NotNeeded() | Waits():
            return stops_batch(outcome)


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """What speaks for letting the account rest. An unclear answer does only where nothing at all got through."""
    unclear = [] if any(isinstance(one, Delivered) for one in outcomes) else [one for one in outcomes if isinstance(one, Unknown)]
    return [one for one in outcomes if stops_batch(one)] + unclear


def is_refused_whole(outcomes: list[Outcome]) -> bool:
    """A batch was refused as one, for what some item in it says: halving will find the culprit."""
    return is_of_the_item(outcomes[0]) and all(one == outcomes[0] for one in outcomes)
