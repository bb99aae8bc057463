"""What calls came to, and the end of an attempt."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from app.domain.commands import Command, ShopStateCommand, as_event, as_shop_state, as_upsert
from app.domain.consent import Status
from app.domain.delivery.outbox import (
    Claim,
    WaitingCommand,
)
from app.domain.delivery.outcomes import (
    Outcome,
    Park,
    Unknown,
    Verdict,
    is_done,
    is_parked,
    message_of,
    name_of,
    retry_at,
    without_words,
)
from app.domain.delivery.verify import RemoteContact
from app.domain.reasons import Reason
from app.domain.values import replace, value


@value()
class Call:
    """One call to a foreign API, for the trace: never a body, never an address."""

    path: str
    started_at: datetime
    milliseconds: int
    outcome: str
    detail: str
    items: int


@value()
class Answer:
    """What a call came to, and the call itself for the trace."""

    outcome: Outcome
    call: Call


def without_call(outcome: Outcome, now: datetime) -> Answer:
    """What was found out without a call."""
    return Answer(outcome, Call("", now, 0, name_of(outcome), message_of(outcome), 0))


@value()
class LookupResult:
    """What SALESmanago shows for some addresses; unknown ones are missing. `answer` is `Delivered` if it could be read."""

    contacts: Mapping[str, RemoteContact]
    answer: Answer


@value()
class Modified:
    """One page of the addresses SALESmanago changed in a window of time."""

    emails: tuple[str, ...]
    has_more: bool
    answer: Answer


@value()
class Tried:
    """The end of an attempt for one command, and what follows from it."""

    command: WaitingCommand
    outcome: Outcome
    verdict: Verdict
    call: Call | None
    """None if the verification showed that nothing was left to send."""

    @property
    def number(self) -> int:
        return self.command.attempts + 1


@value()
class Attempted:
    """The end of a claim: every command of it with its outcome; untried ones are missing and go on waiting."""

    claim: Claim
    tried: tuple[Tried, ...]
    due_at: datetime
    """When the contact's remaining commands may be claimed again."""
    failing: int
    """Attempts in a row that brought nothing forward, with this one if anything was tried in it."""
    failing_since: datetime | None
    tried_at: datetime

    def without_words(self) -> "Attempted":
        """The same without any text of the foreign API, in case the database does not accept it (R73)."""
        tried = tuple(
            replace(one, outcome=without_words(one.outcome), call=one.call and replace(one.call, milliseconds=0, detail=""))
            for one in self.tried
        )
        return replace(self, tried=tried)

    def not_recorded(self, why: str) -> "Attempted":
        """Parked as a whole: what it came to could not be written down, in whatever form (R73)."""
        answer = without_call(Unknown(why), self.tried_at)
        parked = Park(Reason.DEFECT)
        tried = tuple(Tried(one, answer.outcome, parked, answer.call) for one in self.claim.commands)
        return replace(self, tried=tried, failing=0, failing_since=None)

    def opt_ins_sent(self) -> list[WaitingCommand]:
        """Commands that just sent an opt-in to SALESmanago."""
        done = [(one.command, as_upsert(one.command.command)) for one in self.tried if is_done(one.verdict)]
        return [one for one, upsert in done if upsert is not None and Status.OPT_IN in (upsert.email_status, upsert.phone_status)]

    def not_renamed(self) -> dict[str, str]:
        """Addresses a refused rename was to give -> those that stay."""
        refused = [as_upsert(one.command.command) for one in self.tried if is_parked(one.verdict)]
        return {one.new_email: one.email for one in refused if one is not None and one.new_email is not None}

    def readdressed(self) -> dict[int, Command]:
        """Events that were queued before a rename and stay behind it: from now on the contact has the new address."""
        done = [as_upsert(one.command.command) for one in self.tried if is_done(one.verdict)]
        moved = {one.email: one.address_after for one in done if one is not None}
        left = {one.command.id for one in self.tried if retry_at(one.verdict) is None}
        waiting = [(one.id, as_event(one.command)) for one in self.claim.commands if one.id not in left]
        return {
            number: replace(event, email=moved[event.email])
            for number, event in waiting
            if event is not None and moved.get(event.email, event.email) != event.email
        }

    def shop_states(self) -> list[tuple[int, ShopStateCommand]]:
        """How things should be at the shop's side, as settled now, whether written or left to a person; by id of the command."""
        settled = [one.command for one in self.tried if is_done(one.verdict) or is_parked(one.verdict)]
        return [(one.id, state) for one in settled if (state := as_shop_state(one.command)) is not None]


def addressed_as_before(waiting: Iterable[WaitingCommand], names: Mapping[str, str]) -> dict[int, Command]:
    """Commands that wait behind a refused rename, for the address that stays: they must make no second contact (R72)."""
    there = [(one.id, as_upsert(one.command) or as_event(one.command)) for one in waiting]
    return {
        number: replace(command, email=names[command.email])
        for number, command in there
        if command is not None and command.email in names
    }
