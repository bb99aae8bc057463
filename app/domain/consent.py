"""Consent: the acts of a person, and what they permit (R01-R07, R50-R52, R57).

Two different things are kept apart on purpose. The *transfer consent* says whether a person may be sent at all. A *channel*
says whether the person wants the e-mail (or SMS) newsletter. Neither ever changes the other.

Acts carry the time at which the person acted, so learning them in any order gives the same answer; the stricter act wins a tie.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from app.domain.values import replace, value


class ConsentAnswer(StrEnum):
    """The consent box of the order form (R04)."""

    GIVEN = "given"
    NOT_GIVEN = "not_given"
    NOT_ASKED = "not_asked"


class Policy(StrEnum):
    """Who may be sent: one setting per shop (R01, R02)."""

    ORDER_CONSENT = "order_consent"
    ALL_CUSTOMERS = "all_customers"


class Status(StrEnum):
    """Newsletter state of one channel (R57)."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"


@value()
class TimedStatus:
    """A newsletter status and the time of the act it came from."""

    status: Status
    at: datetime

    def supersedes(self, other: "TimedStatus | None") -> bool:
        """The newest act decides and an opt-out wins a tie (R06). The same act again outweighs nothing."""
        if other is None or self.at > other.at:
            return True
        return self.at == other.at and self.status is Status.OPT_OUT and other.status is Status.OPT_IN


def is_opt_in(said: TimedStatus | None) -> bool:
    return said is not None and said.status is Status.OPT_IN


def is_opt_out(said: TimedStatus | None) -> bool:
    return said is not None and said.status is Status.OPT_OUT


def newer_status(one: TimedStatus | None, other: TimedStatus | None) -> TimedStatus | None:
    return one if one is not None and one.supersedes(other) else other


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)


def _after(floor: datetime, act: datetime | None) -> datetime | None:
    return act if act is not None and act > floor else None


@value()
class TransferConsent:
    """May this person be sent at all? The latest act decides; a withdrawal wins a tie."""

    granted_first: datetime | None = None
    granted_last: datetime | None = None
    withdrawn: datetime | None = None

    def grant(self, at: datetime) -> "TransferConsent":
        first = at if self.granted_first is None else min(at, self.granted_first)
        return replace(self, granted_first=first, granted_last=later(self.granted_last, at))

    def withdraw(self, at: datetime) -> "TransferConsent":
        return replace(self, withdrawn=later(self.withdrawn, at))

    def forgotten(self, at: datetime) -> "TransferConsent":
        """After an erasure: acts that took permission away stand, as bare times, and of the others those that are newer."""
        first, last = _after(at, self.granted_first), _after(at, self.granted_last)
        return replace(self, granted_first=first or last, granted_last=last)

    def taking_over(self, former: "TransferConsent") -> "TransferConsent":
        """As `Channel.taking_over`: a withdrawal of either stands, unless a grant for this address came after it."""
        withdrawn = later(self.withdrawn, former.withdrawn)
        if self.is_withdrawn:
            return replace(self, withdrawn=withdrawn)
        firsts = [at for at in (self.granted_first, former.granted_first) if at is not None]
        return TransferConsent(min(firsts, default=None), later(self.granted_last, former.granted_last), withdrawn)

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn is not None and (self.granted_last is None or self.granted_last <= self.withdrawn)

    @property
    def is_given(self) -> bool:
        return self.granted_last is not None and not self.is_withdrawn

    @property
    def since(self) -> datetime | None:
        """From when the present consent counts. If a withdrawal lies between grants, the last one: rather later than too early."""
        if not self.is_given:
            return None
        if self.withdrawn is None or (self.granted_first is not None and self.granted_first > self.withdrawn):
            return self.granted_first
        return self.granted_last

    def covers(self, policy: Policy, at: datetime) -> bool:
        """May something that happened at a time travel, given that the person may? Not from before the consent (R07)."""
        if policy is Policy.ALL_CUSTOMERS and self.withdrawn is None:
            return True
        return self.since is not None and at >= self.since

    def permits(self, policy: Policy) -> bool:
        """Under `order_consent` only a standing consent permits it; a withdrawal forbids it under either policy (R01-R04)."""
        return self.is_given if policy is Policy.ORDER_CONSENT else not self.is_withdrawn


@value()
class Channel:
    """The newsletter of one channel, e-mail or SMS: the last opt-in act and the last opt-out act of the person.

    Acts for an address the person had before are kept apart: an opt-in is brought along to a new address, but never onto one
    that resigned (R72).
    """

    opted_in: datetime | None = None
    opted_out: datetime | None = None
    brought_in: datetime | None = None
    """Opt-in and opt-out for the addresses before the present one."""
    brought_out: datetime | None = None

    def opt_in(self, at: datetime) -> "Channel":
        """The one place where an opt-in is learned. `at` is the time of the person's own act (R06)."""
        return replace(self, opted_in=later(self.opted_in, at))

    def opt_out(self, at: datetime) -> "Channel":
        return replace(self, opted_out=later(self.opted_out, at))

    def forgotten(self, at: datetime) -> "Channel":
        """After an erasure: an opt-out stands, as a bare time, and an opt-in if it is newer."""
        return replace(self, opted_in=_after(at, self.opted_in), brought_in=_after(at, self.brought_in))

    @property
    def status(self) -> Status | None:
        """The newest act decides and an opt-out wins a tie (R06); None while the person never acted.

        An opt-out for the present address outweighs every opt-in that was brought along.
        """
        here, brought = _standing(self.opted_in, self.opted_out), _standing(self.brought_in, self.brought_out)
        if here is None or here is Status.OPT_OUT or brought is not Status.OPT_OUT:
            return here or brought
        return Status.OPT_OUT if self.brought_out is not None and self.brought_out >= (self.opted_in or self.brought_out) else here

    @property
    def acted_at(self) -> datetime | None:
        return later(self.last_opt_in, self.last_opt_out)

    @property
    def last_opt_in(self) -> datetime | None:
        return later(self.opted_in, self.brought_in)

    @property
    def last_opt_out(self) -> datetime | None:
        return later(self.opted_out, self.brought_out)

    @property
    def said(self) -> TimedStatus | None:
        """The status with the time of the newest act, so that it supersedes whatever was sent before."""
        status = self.status
        at = None if status is None else self.acted_at
        return None if status is None or at is None else TimedStatus(status, at)

    # -- addresses -----------------------------------------------------------------------------------------------------

    @property
    def here(self) -> "Channel":
        """The acts for the present address alone."""
        return Channel(self.opted_in, self.opted_out)

    def with_here(self, acts: "Channel") -> "Channel":
        return replace(self, opted_in=acts.opted_in, opted_out=acts.opted_out)

    @property
    def elsewhere(self) -> "Channel":
        """The acts for earlier addresses alone."""
        return Channel(self.brought_in, self.brought_out)

    def with_elsewhere(self, acts: "Channel") -> "Channel":
        return replace(self, brought_in=acts.opted_in, brought_out=acts.opted_out)

    @property
    def moved(self) -> "Channel":
        """As it comes along to another address, of which no act is known yet."""
        if self.status is Status.OPT_OUT:
            return Channel(brought_in=self.last_opt_in, brought_out=self.acted_at)
        return Channel(brought_in=self.acted_at, brought_out=self.last_opt_out) if self.status else self

    def taking_over(self, former: "Channel") -> "Channel":
        """The person who has this address turns out to have had another: an opt-out of either stands, unless an opt-in for this

        address came after it (R72).
        """
        here = self
        if self.status is Status.OPT_OUT and _standing(self.opted_in, self.opted_out) is not Status.OPT_OUT:
            here = replace(self, opted_out=self.acted_at)
        ours, theirs = here.elsewhere, former.moved.elsewhere
        came_in = later(ours.opted_in, theirs.opted_in)
        resigned = later(*(one.opted_out if one.status is Status.OPT_OUT else None for one in (ours, theirs)))
        if resigned is None:
            return replace(here, brought_in=came_in, brought_out=later(ours.opted_out, theirs.opted_out))
        if here.opted_in is not None and here.opted_in > resigned:
            came_in = came_in if came_in is not None and came_in <= resigned else None
        return replace(here, brought_in=came_in, brought_out=later(resigned, came_in))


def _standing(opted_in: datetime | None, opted_out: datetime | None) -> Status | None:
    if opted_out is not None and (opted_in is None or opted_in <= opted_out):
        return Status.OPT_OUT
    return Status.OPT_IN if opted_in is not None else None


@value()
class ConsentAnswerCounts:
    """How a shop's last orders answered the consent box."""

    given: int = 0
    not_given: int = 0
    not_asked: int = 0


BOXES_REMEMBERED = 50
"""The number of recent orders that count: older answers say nothing about a box that was hidden since."""

CONSENT_TRAP_ORDERS = 20
"""Orders without a single answer to the box before we say that the shop seems to hide it."""


def tells_of_the_box(box: ConsentAnswer, before: TransferConsent) -> bool:
    """Who consented earlier need not be asked again: such an order says nothing of the box."""
    return box is not ConsentAnswer.NOT_ASKED or not before.is_given


def counted(boxes: Iterable[ConsentAnswer]) -> ConsentAnswerCounts:
    numbers = Counter(boxes)
    return ConsentAnswerCounts(numbers[ConsentAnswer.GIVEN], numbers[ConsentAnswer.NOT_GIVEN], numbers[ConsentAnswer.NOT_ASKED])


def box_seems_hidden(policy: Policy, counts: ConsentAnswerCounts) -> bool:
    """R05: under `order_consent` a shop that no longer asks sends nobody new, and nobody would notice."""
    answered = counts.given + counts.not_given
    return policy is Policy.ORDER_CONSENT and answered == 0 and counts.not_asked >= CONSENT_TRAP_ORDERS
