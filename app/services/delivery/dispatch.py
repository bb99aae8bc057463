"""A dispatch: the claim of one contact on its way, what is to be sent of it, and the outcome of each part."""

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.commands import AddEvent, ConfirmOptOut, UpsertContact
from app.domain.consent import is_opt_in
from app.domain.delivery.answers import Answer, Attempted, Tried, without_call
from app.domain.delivery.coalesce import CoalescedCommands, coalesce, newest_versions
from app.domain.delivery.outbox import Claim, WaitingCommand
from app.domain.delivery.outcomes import (
    PARKED_CONTACT_PAUSE,
    Delivered,
    NeedsPerson,
    NotNeeded,
    Outcome,
    Park,
    Refused,
    RetryAt,
    Throttled,
    Unknown,
    Unreachable,
    is_of_the_item,
    verdict,
)
from app.domain.delivery.revocation import opt_outs_of
from app.domain.delivery.verify import email_stood_since, phone_stood_since
from app.domain.event_parts import Origin
from app.domain.events import DriftFound, StatusObserved, StatusRejected
from app.domain.intake.gateway_events import heard
from app.domain.intake.inbox import NewEvent
from app.domain.reasons import Reason
from app.domain.values import replace


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
        """The commands that were tried, each with its answer; None = a look-up found that it arrived."""

    @abstractmethod
    def fail(self, answer: Answer) -> None:
        """Nothing more is sent of this dispatch now: parts without an answer get this one."""

    def news(self, attempted: Attempted) -> list[NewEvent]:  # noqa: ARG002 - for those who have some
        """What the neighbour told, or was not told after all, to be stored together with the record."""
        return []

    def looks_first(self, command: WaitingCommand, follows: RetryAt) -> bool:
        """Must SALESmanago be read before the command is tried again?"""
        return follows.look_first or (self.stopped is not None and command.maybe_sent)

    def judged(self, now: datetime, jitter: float) -> Attempted:
        """Every command that was tried, with its own outcome and what follows from it."""
        claim = self.claim
        number, since = claim.attempts + 1, min(claim.first_tried_at or now, now)  # a clock that was ahead may have said when
        tried = []
        for command, answer in self.outcomes():
            outcome: Outcome = answer.outcome if answer is not None else Delivered()
            follows = verdict(outcome, number, since, now, jitter)
            if isinstance(follows, RetryAt):
                follows = RetryAt(follows.at, look_first=self.looks_first(command, follows))
            tried.append(Tried(command, outcome, follows, answer.call if answer is not None else None))
        retries = [one.verdict.at for one in tried if isinstance(one.verdict, RetryAt)]
        parked = any(isinstance(one.verdict, Park) for one in tried)
        pause = self.pause_behind_parked if parked else (self.waits or timedelta(0))
        due_at = max(retries, default=now + pause)
        failing, failing_since = claim.attempts, claim.first_tried_at  # if nobody came to it, that was no failure of its own
        if tried:
            failing, failing_since = (number, since) if len(retries) == len(tried) else (0, None)
        return Attempted(claim, tuple(tried), due_at, failing, failing_since, now)


@dataclass
class SequentialDispatch(Dispatch):
    """Commands sent one by one, in order. After a failure the rest waits."""

    pause_behind_parked = timedelta(0)  # each says how things should be, whatever became of the one before

    claim: Claim
    given: dict[int, Answer] = field(default_factory=dict)
    """By id of the command."""
    heard: list[NewEvent] = field(default_factory=list)

    def answer(self, command: WaitingCommand, answer: Answer) -> None:
        self.given[command.id] = answer

    def outcomes(self) -> list[tuple[WaitingCommand, Answer | None]]:
        return [(command, self.given[command.id]) for command in self.claim.commands if command.id in self.given]

    def fail(self, answer: Answer) -> None:
        for command in self.claim.commands:
            self.given.setdefault(command.id, answer)

    def news(self, attempted: Attempted) -> list[NewEvent]:
        """A reported opt-out that could never be confirmed counts: the doubt does not favour an opt-in (R06)."""
        parked = (one.command for one in attempted.tried if isinstance(one.verdict, Park))
        return [*self.heard, *(opted_out(self.claim, one) for one in parked if isinstance(one.command, ConfirmOptOut))]


TRIED_AGAIN = 2
"""How often an event is tried before it is parked though its contact is gone."""


class TakenAddress(NamedTuple):
    email: str
    command_id: int
    """Of the command by which it is taken."""


def _takes(upsert: UpsertContact) -> bool:
    return upsert.introduces or upsert.new_email is not None


class FailedDispatch(SequentialDispatch):
    """A claim over which something of ours failed before anything could be sent of it."""


@dataclass
class ContactDispatch(Dispatch):
    """What goes to SALESmanago for one contact, in its shortest form."""

    claim: Claim
    bundle: CoalescedCommands
    upsert: Answer | None = None
    upsert_settled: bool = False
    """No upsert is left to send: there was none, or it arrived."""
    arrived: list[Answer] = field(default_factory=list)
    """Answers to parts of the upsert that others were to follow."""
    opt_outs: Answer | None = None
    """The answer to the opt-outs of a refused upsert, sent alone (R06a)."""
    interrupted: bool = False
    """Something is to be taken back, or looked at, before anything more leaves: the next claim does it (I6)."""
    events: dict[int, Answer] = field(default_factory=dict)
    """By position in the bundle."""
    found: set[int] = field(default_factory=set)
    """Positions of events that a look-up found."""
    carried: dict[int, int] = field(default_factory=dict)
    """Position of a newer version of an order -> that of the purchase that leaves in this version."""
    unsure: set[int] = field(default_factory=set)
    """Positions of events that may have arrived at an earlier attempt."""
    deletion: Answer | None = None
    stopped: Answer | None = None
    waits: timedelta | None = None
    missed: Answer | None = None
    """A look that did not show the contact after an event was refused."""
    heard: list[NewEvent] = field(default_factory=list)

    @classmethod
    def of(cls, claim: Claim) -> "ContactDispatch":
        perhaps_sent = any(one.maybe_sent for one in claim.commands)
        bundle = coalesce([one.command for one in claim.commands], perhaps_sent=perhaps_sent)
        told = [one for one in claim.commands if isinstance(one.command, AddEvent)]
        unsure = {position for position, one in enumerate(told) if one.maybe_sent}
        events, carried = newest_versions(bundle.events, unsure)
        upsert = _unless_told(bundle.upsert, claim)
        return cls(claim, replace(bundle, upsert=upsert, events=events), carried=carried, unsure=unsure)

    @property
    def takes_address(self) -> "TakenAddress | None":
        """The address at which the contact newly appears over there."""
        taking = [one.id for one in self.claim.commands if isinstance(one.command, UpsertContact) and _takes(one.command)]
        upsert = self.bundle.upsert
        return TakenAddress(upsert.address_after, max(taking)) if taking and upsert is not None and _takes(upsert) else None

    @property
    def to_send(self) -> list[int]:
        """Positions of events that still have to leave."""
        settled = {*self.found, *self.events, *self.carried}
        return [position for position in range(len(self.bundle.events)) if position not in settled]

    def id_of_purchase(self, position: int) -> str | None:
        """SALESmanago's id of the purchase that an event of the bundle is a newer version of, as far as it was heard."""
        update = self.bundle.events[position]
        for earlier in range(position - 1, -1, -1):
            one, answer = self.bundle.events[earlier], self.events.get(earlier)
            same = (one.kind, one.external_id) == (update.kind, update.external_id)
            if same and answer is not None and isinstance(answer.outcome, Delivered) and answer.outcome.upstream_id:
                return answer.outcome.upstream_id
        return update.overwrites

    def leave_out_opt_ins(self, upsert: UpsertContact, now: datetime) -> None:
        """SALESmanago shows an opt-out: what is left of the upsert goes without the opt-ins."""
        meant = self.bundle.upsert
        if meant is not None and meant != upsert:
            self.bundle = replace(self.bundle, upsert=upsert)
            self.heard.append(_not_taken(self.claim, meant, upsert, now, shown_out=True))

    @property
    def stuck_at(self) -> str | None:
        """The address the contact keeps over there, since a rename was refused."""
        upsert, answer = self.bundle.upsert, self.upsert
        refused = upsert is not None and upsert.new_email is not None and answer is not None and isinstance(answer.outcome, Refused)
        return upsert.email if refused and upsert is not None else None

    @property
    def refused_events(self) -> list[int]:
        """Positions of events that were refused, each perhaps because its contact is gone."""
        return [at for at, answer in self.events.items() if is_of_the_item(answer.outcome)]

    @property
    def may_be_gone(self) -> bool:
        """Was it missed for the first time? Introduced anew, and missed again, it is a matter for a person."""
        events = [one for one in self.claim.commands if isinstance(one.command, AddEvent)]
        return self.missed is not None and all(events[at].attempts < TRIED_AGAIN for at in self.refused_events)

    def contact_is_gone(self, look: Answer, now: datetime) -> None:
        """The contact is introduced anew first, whole; what happened to it waits for that (R72)."""
        email = self.bundle.events[self.refused_events[0]].email
        for position in self.refused_events:
            words = "SALESmanago has no such contact any more: it is introduced anew first"
            self.events[position] = replace(look, outcome=Unreachable(words))
        gone = DriftFound(at=now, email=email, needed=True)
        self.heard.append(heard(self.claim.shop_id, "drift-found", gone, f"gone-{secrets.token_hex(12)}"))

    @property
    def _in_part(self) -> bool:
        """A part of the upsert arrived and another did not. The next claim looks: a tag that is sent twice counts twice (R28)."""
        return bool(self.arrived) and not self.upsert_settled

    def looks_first(self, command: WaitingCommand, follows: RetryAt) -> bool:
        return (self._in_part and isinstance(command.command, UpsertContact)) or super().looks_first(command, follows)

    def news(self, attempted: Attempted) -> list[NewEvent]:
        """What SALESmanago was not told after all: it refused what carried a status, or we gave up."""
        parked = [one for one in attempted.tried if isinstance(one.verdict, Park)]
        upserts = [one.command.command for one in parked if isinstance(one.command.command, UpsertContact)]
        stuck = self.stuck_at if upserts else None
        if stuck is not None and not self.arrived:
            named = StatusRejected(at=attempted.tried_at, email=upserts[-1].address_after, still_as=stuck)
            return [*self.heard, heard(self.claim.shop_id, "status-not-taken", named, f"not-renamed-{secrets.token_hex(12)}")]
        told = [one for one in upserts if one.email_status is not None or one.phone_status is not None]
        told = [] if self.arrived else told  # a status travels with the first part
        refused = [(one, silent) for one in told if (silent := self._without_refused_statuses(one)) != one]
        at = attempted.tried_at
        return [*self.heard, *(_not_taken(self.claim, meant, sent, at, shown_out=False) for meant, sent in refused)]

    @property
    def is_quiet(self) -> bool:
        """Must it set nothing off (R63)? Then it is an upsert and nothing else."""
        return self.bundle.upsert is not None and self.bundle.upsert.quiet

    @property
    def may_go(self) -> bool:
        return self.stopped is None and not self.interrupted

    @property
    def events_may_go(self) -> bool:
        return self.upsert_settled and all(isinstance(answer.outcome, Delivered | NotNeeded) for answer in self.events.values())

    def drop_expired(self, now: datetime) -> None:
        """What would come too late is not sent at all (R41)."""
        for position, event in enumerate(self.bundle.events):
            if event.expires_at is not None and now >= event.expires_at and position not in self.found:
                self.events[position] = without_call(NotNeeded(Reason.CART_STALE), now)

    def fail(self, answer: Answer) -> None:
        """Nothing more is sent of this dispatch now: parts without an answer get this one."""
        if self.upsert is None and not self.upsert_settled:
            self.stopped = self.stopped or answer
            return
        for position in range(len(self.bundle.events)):
            if position not in self.found:
                self.events.setdefault(position, answer)

    def outcomes(self) -> list[tuple[WaitingCommand, Answer | None]]:
        """The commands of the claim that were tried, each with its answer; None = a look-up found that it arrived."""
        whole = self.stopped or self.deletion
        if whole is not None:
            return [(command, whole) for command in self.claim.commands]
        tried: list[tuple[WaitingCommand, Answer | None]] = []
        position = 0
        for command in self.claim.commands:
            if isinstance(command.command, UpsertContact):
                tried += [(command, answer)] if (answer := self._answer_to(command.command)) is not None else []
            elif isinstance(command.command, AddEvent):
                tried += self._event_outcome(command, position)
                position += 1
        return tried

    def _without_refused_statuses(self, upsert: UpsertContact) -> UpsertContact:
        """Opt-outs that went alone were told, whatever was refused."""
        alone = opt_outs_of(self.bundle.upsert) if self.bundle.upsert is not None and is_delivered(self.opt_outs) else None
        return replace(
            upsert,
            email_status=upsert.email_status if alone is not None and alone.email_status is not None else None,
            phone_status=upsert.phone_status if alone is not None and alone.phone_status is not None else None,
        )

    def _answer_to(self, upsert: UpsertContact) -> Answer | None:
        """What carries an opt-out is done with once that arrived alone; until then it is tried again, refused rest and all."""
        opt_outs = opt_outs_of(upsert)
        if self.opt_outs is None or opt_outs is None:
            return self._of_the_upsert
        return self._of_the_upsert if is_delivered(self.opt_outs) and opt_outs != upsert else self.opt_outs

    @property
    def _of_the_upsert(self) -> Answer | None:
        if self._in_part and (self.upsert is None or is_delivered(self.upsert)):
            return Answer(Unreachable("the rest of it was not sent"), self.arrived[-1].call)
        return self.upsert

    def _event_outcome(self, command: WaitingCommand, position: int) -> list[tuple[WaitingCommand, Answer | None]]:
        position = self.carried.get(position, position)
        if position in self.found:
            return [(command, None)]
        if position in self.events:
            return [(command, self.events[position])]
        upsert = self._of_the_upsert
        if upsert is not None and not isinstance(upsert.outcome, Delivered | Refused):
            # The contact did not get through, so the event was not sent and waits with it.
            return [(command, Answer(Unreachable("waits for its contact"), upsert.call))]
        return []


def _unless_told(upsert: UpsertContact | None, claim: Claim) -> UpsertContact | None:
    """An opt-out of ours that perhaps arrived explains one that is shown, unless an opt-in was seen to stand there since."""
    told = [(one.command, one.maybe_sent) for one in claim.commands if isinstance(one.command, UpsertContact)]
    if upsert is None or not any(maybe_sent for _, maybe_sent in told):
        return upsert
    return replace(upsert, email_stood=email_stood_since(upsert, told), phone_stood=phone_stood_since(upsert, told))


def _not_taken(claim: Claim, meant: UpsertContact, sent: UpsertContact, now: datetime, *, shown_out: bool) -> NewEvent:
    by_email, by_phone = meant.email_status != sent.email_status, meant.phone_status != sent.phone_status
    event = StatusRejected(
        at=now,
        email=meant.address_after,
        by_email=by_email,
        by_phone=by_phone,
        shown_out=shown_out,
        email_stood=meant.email_stood if shown_out and by_email and is_opt_in(meant.email_stood) else None,
        phone_stood=meant.phone_stood if shown_out and by_phone and is_opt_in(meant.phone_stood) else None,
    )
    return heard(claim.shop_id, "status-not-taken", event, f"not-taken-{secrets.token_hex(12)}")


def opted_out(claim: Claim, asked: WaitingCommand) -> NewEvent:
    """The opt-out a callback reported, as an act."""
    assert isinstance(asked.command, ConfirmOptOut)
    at, origin = asked.command.at, Origin.CLICK_OR_STAFF
    act = StatusObserved(at=at, email=asked.command.email, email_out=True, acted=True, origin=origin)
    return heard(claim.shop_id, "opt-out-confirmed", act, f"opt-out-{asked.id}-{secrets.token_hex(8)}")


def is_delivered(answer: Answer | None) -> bool:
    return answer is not None and isinstance(answer.outcome, Delivered)


def stops_batch(outcome: Outcome) -> bool:
    """The neighbour as a whole takes nothing now: whatever has not left yet waits."""
    match outcome:
        case Throttled() | Unreachable():
            return True
        case Refused(account_wide=wide):
            return wide
        case Delivered() | Unknown() | NeedsPerson() | NotNeeded():
            return False


def failures(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """What speaks for letting the account rest. An unclear answer does only where nothing at all got through."""
    unclear = [] if any(isinstance(one, Delivered) for one in outcomes) else [one for one in outcomes if isinstance(one, Unknown)]
    return [one for one in outcomes if stops_batch(one)] + unclear


def is_refused_whole(outcomes: list[Outcome]) -> bool:
    """A batch was refused as one, for what some item in it says: halving will find the culprit."""
    return is_of_the_item(outcomes[0]) and all(one == outcomes[0] for one in outcomes)
