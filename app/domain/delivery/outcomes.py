"""The outcomes of a call to a foreign API, and what follows from each."""

from datetime import datetime, timedelta
from typing import assert_never

from app.domain.reasons import Reason
from app.domain.values import value

# -- what a call may come to ---------------------------------------------------------------------------------------------


@value()
class Delivered:
    upstream_id: str | None = None
    detail: str = ""


@value()
class Throttled:
    """Asked to slow down; nothing was applied."""

    retry_after: float | None = None
    """Seconds, if the answer names them."""


@value()
class Unreachable:
    """It certainly did not arrive."""

    cause: str


@value()
class Unknown:
    """It may have been applied or not: time-out after sending, truncated or unknown answer. Verify before sending again."""

    cause: str


@value()
class Refused:
    """A definite no. `account_wide`: not this item's fault (bad signature, inactive account), so nothing is parked for it."""

    message: str
    account_wide: bool = False


@value()
class NeedsPerson:
    """The destination has no way to do it: a person must (R56)."""

    reason: Reason
    detail: str = ""


@value()
class NotNeeded:
    """It turned out that there is nothing to do."""

    reason: Reason


@value()
class Waits:
    """It was not tried: something else of ours goes first."""

    cause: str


Outcome = Delivered | Throttled | Unreachable | Unknown | Refused | NeedsPerson | NotNeeded | Waits


def is_of_the_item(outcome: Outcome) -> bool:
    """A definite no to what was asked, which says nothing of anything else."""
    match outcome:
        case Refused():
            return not outcome.account_wide
        case Delivered() | Throttled() | Unreachable() | Unknown() | NeedsPerson() | NotNeeded() | Waits():
            return False
        case _:
            assert_never(outcome)


def pause_asked(outcome: Outcome) -> timedelta:
    """How long the answer asks us to wait (Retry-After), never longer than our own longest wait; zero if it does not."""
    match outcome:
        case Throttled(retry_after=seconds):
            return min(timedelta(seconds=seconds or 0.0), LONGEST_DELAY)
        case Delivered() | Unreachable() | Unknown() | Refused() | NeedsPerson() | NotNeeded() | Waits():
            return timedelta(0)
        case _:
            assert_never(outcome)


def is_settled(outcome: Outcome) -> bool:
    """It is done, or need not be: what comes behind it may go."""
    match outcome:
        case Delivered() | NotNeeded():
            return True
        case Throttled() | Unreachable() | Unknown() | Refused() | NeedsPerson() | Waits():
            return False
        case _:
            assert_never(outcome)


def is_definite(outcome: Outcome) -> bool:
    """A yes or a no of the destination itself."""
    match outcome:
        case Delivered() | Refused():
            return True
        case Throttled() | Unreachable() | Unknown() | NeedsPerson() | NotNeeded() | Waits():
            return False
        case _:
            assert_never(outcome)


def name_of(outcome: Outcome) -> str:
    """As it stands in traces and logs, whatever the class is called."""
    match outcome:
        case Delivered():
            return "delivered"
        case Throttled():
            return "throttled"
        case Unreachable():
            return "unreachable"
        case Unknown():
            return "unknown"
        case Refused():
            return "refused"
        case NeedsPerson():
            return "by_hand"
        case NotNeeded():
            return "moot"
        case Waits():
            return "waits"
        case _:
            assert_never(outcome)


def message_of(outcome: Outcome) -> str:
    """The text of the answer, for the trace."""
    match outcome:
        case (
            Delivered(detail=words) | Unreachable(cause=words) | Unknown(cause=words) | Refused(message=words) | Waits(cause=words)
        ):
            return words
        case Throttled(retry_after=seconds):
            return "" if seconds is None else f"asked to wait {seconds:g} s"
        case NeedsPerson(detail=words):
            return words
        case NotNeeded(reason=reason):
            return reason.value


def without_words(outcome: Outcome) -> Outcome:
    """The same outcome without the text of the answer."""
    match outcome:
        case Delivered():
            return Delivered()
        case Unreachable():
            return Unreachable("")
        case Unknown():
            return Unknown("")
        case Refused(account_wide=wide):
            return Refused("", account_wide=wide)
        case NeedsPerson(reason=reason):
            return NeedsPerson(reason)
        case Throttled() | NotNeeded() | Waits():
            return outcome


# -- what follows from an answer -----------------------------------------------------------------------------------------

FIRST_DELAY = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(minutes=15)
"""What only some calls suffer from ends without a sign, so a contact that is tried in vain is never put off for longer (R11)."""
LONGEST_DELAY = timedelta(hours=12)
"""However long an answer asks us to wait."""
PATIENCE = timedelta(days=7)
LONGEST_BEHIND_ANOTHER = timedelta(minutes=5)
"""Until what waits for another command is looked at again, however long that one has taken: its own way there is short (R11)."""
SETTLING = timedelta(seconds=30)
"""As long as an answer is waited for: a call that timed out may still be executed, and a check before that would miss it."""
PARKED_CONTACT_PAUSE = timedelta(minutes=15)
"""How long the later commands of a contact wait behind a parked one (decision 5)."""


@value()
class Done:
    pass


@value()
class RetryAt:
    at: datetime
    verify_first: bool
    """Read SALESmanago before sending again."""


@value()
class Park:
    reason: Reason


@value()
class Drop:
    """Settled without being sent."""

    reason: Reason


Verdict = Done | RetryAt | Park | Drop


def is_done(verdict: Verdict) -> bool:
    """The destination has it."""
    match verdict:
        case Done():
            return True
        case RetryAt() | Park() | Drop():
            return False
        case _:
            assert_never(verdict)


def is_parked(verdict: Verdict) -> bool:
    match verdict:
        case Done() | RetryAt() | Drop():
            return False
        case Park():
            return True
        case _:
            assert_never(verdict)


def retry_at(verdict: Verdict) -> datetime | None:
    """When it is tried again; None if it is settled."""
    match verdict:
        case Done() | Park() | Drop():
            return None
        case RetryAt():
            return verdict.at
        case _:
            assert_never(verdict)


def verdict(
    outcome: Outcome, attempt: int, first_tried_at: datetime, now: datetime, jitter: float, longest: timedelta = LONGEST_BACKOFF
) -> Verdict:
    """What to do after attempt number `attempt` (from 1). `jitter` is a fraction of 0 to 1: full jitter over the backoff.

    `longest`: the backoff is no longer than this, whatever the number.
    """
    match outcome:
        case Delivered():
            return Done()
        case Refused(account_wide=False):
            return Park(Reason.REFUSED)
        case NeedsPerson(reason=reason):
            return Park(reason)
        case NotNeeded(reason=reason):
            return Drop(reason)
        case Unknown():
            wait, is_unknown = max(_jittered(attempt, jitter, longest), SETTLING), True
        case Throttled() | Unreachable() | Refused():
            # Retry-After may lengthen a wait, never shorten it; beyond our longest wait we ask again ourselves.
            wait, is_unknown = max(_jittered(attempt, jitter, longest), pause_asked(outcome)), False
        case Waits():
            wait, is_unknown = behind_another(now - first_tried_at), False
        case _:
            assert_never(outcome)
    if now - first_tried_at >= PATIENCE:
        return Park(Reason.GAVE_UP)
    return RetryAt(now + wait, verify_first=is_unknown)


def behind_another(waited: timedelta) -> timedelta:
    """How long what waits for another command goes on waiting: no failure of its own makes it longer and longer."""
    return min(max(waited / 10, SETTLING), LONGEST_BEHIND_ANOTHER)


def _jittered(attempt: int, jitter: float, longest: timedelta) -> timedelta:
    return min(backoff(attempt) * jitter, longest)


def backoff(attempt: int) -> timedelta:
    """5 s, 10 s, 20 s ... 15 min."""
    doublings: int = min(attempt - 1, 20)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_BACKOFF)
