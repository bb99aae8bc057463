"""One contact's commands on their way to SALESmanago: coalesced, verified first, judged by what was answered."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never

from app.domain.commands import (
    AddEvent,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
    as_event,
    as_upsert,
)
from app.domain.consent import is_opt_in
from app.domain.delivery.answers import Answer, Attempted, without_call
from app.domain.delivery.coalesce import CoalescedCommands, coalesce, newest_versions
from app.domain.delivery.outbox import Claim, WaitingCommand
from app.domain.delivery.outcomes import (
    Delivered,
    NotNeeded,
    Refused,
    RetryAt,
    Unreachable,
    is_definite,
    is_of_the_item,
    is_parked,
    is_settled,
)
from app.domain.delivery.revocation import opt_outs_of
from app.domain.delivery.verify import email_stood_since, phone_stood_since
from app.domain.events import DriftFound, StatusRejected
from app.domain.intake.gateway_events import gateway_event
from app.domain.intake.inbox import NewEvent
from app.domain.reasons import Reason
from app.domain.values import replace
from app.services.delivery.dispatch import Dispatch, is_delivered

TRIED_AGAIN = 2
"""How often an event is tried before it is parked though its contact is gone."""


class TakenAddress(NamedTuple):
    email: str
    command_id: int
    """Of the command by which it is taken."""


def _takes(upsert: UpsertContact) -> bool:
    return upsert.introduces or upsert.new_email is not None


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
    """Something must be revoked or verified before anything more is sent: the next claim does it (I6)."""
    events: dict[int, Answer] = field(default_factory=dict)
    """By position in the bundle."""
    found: set[int] = field(default_factory=set)
    """Positions of events that the verification found."""
    carried: dict[int, int] = field(default_factory=dict)
    """Position of a newer version of an order -> that of the purchase that leaves in this version."""
    unsure: set[int] = field(default_factory=set)
    """Positions of events that may have arrived at an earlier attempt."""
    deletion: Answer | None = None
    stopped: Answer | None = None
    waits: timedelta | None = None
    missed: Answer | None = None
    """A read that did not show the contact after an event was refused."""
    new_events: list[NewEvent] = field(default_factory=list)

    @classmethod
    def of(cls, claim: Claim) -> "ContactDispatch":
        perhaps_sent = any(one.maybe_sent for one in claim.commands)
        bundle = coalesce([one.command for one in claim.commands], perhaps_sent=perhaps_sent)
        queued = [one for one in claim.commands if as_event(one.command) is not None]
        unsure = {position for position, one in enumerate(queued) if one.maybe_sent}
        events, carried = newest_versions(bundle.events, unsure)
        upsert = _with_what_stood(bundle.upsert, claim)
        return cls(claim, replace(bundle, upsert=upsert, events=events), carried=carried, unsure=unsure)

    @property
    def takes_address(self) -> "TakenAddress | None":
        """The new address of the contact in SALESmanago."""
        upserts = [(one.id, as_upsert(one.command)) for one in self.claim.commands]
        taking = [number for number, one in upserts if one is not None and _takes(one)]
        upsert = self.bundle.upsert
        return TakenAddress(upsert.address_after, max(taking)) if taking and upsert is not None and _takes(upsert) else None

    @property
    def to_send(self) -> list[int]:
        """Positions of events that still have to leave."""
        settled = {*self.found, *self.events, *self.carried}
        return [position for position in range(len(self.bundle.events)) if position not in settled]

    def id_of_purchase(self, position: int) -> str | None:
        """SALESmanago's id of the purchase of which an event is a newer version, if it is known."""
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
            self.new_events.append(_not_taken(self.claim, meant, upsert, now, shown_out=True))

    @property
    def stuck_at(self) -> str | None:
        """The address the contact keeps in SALESmanago because a rename was refused."""
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
        events = [one for one in self.claim.commands if as_event(one.command) is not None]
        return self.missed is not None and all(events[at].attempts < TRIED_AGAIN for at in self.refused_events)

    def contact_is_gone(self, reading: Answer, now: datetime) -> None:
        """The contact is introduced anew first, whole; what happened to it waits for that (R72)."""
        email = self.bundle.events[self.refused_events[0]].email
        for position in self.refused_events:
            words = "SALESmanago has no such contact any more: it is introduced anew first"
            self.events[position] = replace(reading, outcome=Unreachable(words))
        gone = DriftFound(at=now, email=email, needed=True)
        self.new_events.append(gateway_event(self.claim.shop_id, "drift-found", gone, f"gone-{secrets.token_hex(12)}"))

    @property
    def _in_part(self) -> bool:
        """A part of the upsert arrived and another did not. The next claim verifies: a tag sent twice counts twice (R28)."""
        return bool(self.arrived) and not self.upsert_settled

    def verifies_first(self, command: WaitingCommand, follows: RetryAt) -> bool:
        return (self._in_part and as_upsert(command.command) is not None) or super().verifies_first(command, follows)

    def news(self, attempted: Attempted) -> list[NewEvent]:
        """Statuses that were not sent after all: SALESmanago refused the upsert, or the attempts are over."""
        parked = [as_upsert(one.command.command) for one in attempted.tried if is_parked(one.verdict)]
        upserts = [one for one in parked if one is not None]
        stuck = self.stuck_at if upserts else None
        if stuck is not None and not self.arrived:
            named = StatusRejected(at=attempted.tried_at, email=upserts[-1].address_after, still_as=stuck)
            return [
                *self.new_events,
                gateway_event(self.claim.shop_id, "status-not-taken", named, f"not-renamed-{secrets.token_hex(12)}"),
            ]
        with_status = [one for one in upserts if one.email_status is not None or one.phone_status is not None]
        with_status = [] if self.arrived else with_status  # a status travels with the first part
        refused = [(one, silent) for one in with_status if (silent := self._without_refused_statuses(one)) != one]
        at = attempted.tried_at
        return [*self.new_events, *(_not_taken(self.claim, meant, sent, at, shown_out=False) for meant, sent in refused)]

    @property
    def is_quiet(self) -> bool:
        """Must it set nothing off (R63)? Then it is an upsert and nothing else."""
        return self.bundle.upsert is not None and self.bundle.upsert.quiet

    @property
    def may_go(self) -> bool:
        return self.stopped is None and not self.interrupted

    @property
    def events_may_go(self) -> bool:
        return self.upsert_settled and all(is_settled(answer.outcome) for answer in self.events.values())

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
        """The commands of the claim that were tried, each with its answer; None = verification found that it arrived."""
        whole = self.stopped or self.deletion
        if whole is not None:
            return [(command, whole) for command in self.claim.commands]
        tried: list[tuple[WaitingCommand, Answer | None]] = []
        position = 0
        for command in self.claim.commands:
            match command.command:
                case UpsertContact() as upsert:
                    tried += [(command, answer)] if (answer := self._answer_to(upsert)) is not None else []
                case AddEvent():
                    tried += self._event_outcome(command, position)
                    position += 1
                case DeleteContact():
                    pass  # `deletion` is the answer to all
                case ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
                    raise AssertionError("a command for another destination")
                case _:
                    assert_never(command.command)
        return tried

    def _without_refused_statuses(self, upsert: UpsertContact) -> UpsertContact:
        """Opt-outs that were sent alone count as sent, whatever was refused."""
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
        if upsert is not None and not is_definite(upsert.outcome):
            # The contact did not get through, so the event was not sent and waits with it.
            return [(command, Answer(Unreachable("waits for its contact"), upsert.call))]
        return []


def _with_what_stood(upsert: UpsertContact | None, claim: Claim) -> UpsertContact | None:
    """An opt-out of ours that perhaps arrived explains one that is shown, unless an opt-in was seen to stand there since."""
    found = ((as_upsert(one.command), one.maybe_sent) for one in claim.commands)
    upserts = [(one, maybe_sent) for one, maybe_sent in found if one is not None]
    if upsert is None or not any(maybe_sent for _, maybe_sent in upserts):
        return upsert
    return replace(upsert, email_stood=email_stood_since(upsert, upserts), phone_stood=phone_stood_since(upsert, upserts))


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
    return gateway_event(claim.shop_id, "status-not-taken", event, f"not-taken-{secrets.token_hex(12)}")
