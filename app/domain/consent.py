"""Consent: the acts of a person, and what they permit (R01-R07, R50-R52, R57).

Two different things are kept apart on purpose. The *transfer consent* says whether a person may be sent at all. A *channel*
says whether the person wants the e-mail (or SMS) newsletter. Neither ever changes the other.

Acts carry the time at which the person acted, so learning them in any order gives the same answer; the stricter act wins a tie.
"""

from datetime import datetime
from enum import StrEnum

from app.domain.values import replace, value


class Box(StrEnum):
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
class Said:
    """A newsletter status and the time of the act it came from."""

    status: Status
    at: datetime

    def outweighs(self, other: "Said | None") -> bool:
        """The newest act decides and an opt-out wins a tie (R06). The same act again outweighs nothing."""
        if other is None or self.at > other.at:
            return True
        return self.at == other.at and self.status is Status.OPT_OUT and other.status is Status.OPT_IN


def weightier(one: Said | None, other: Said | None) -> Said | None:
    return one if one is not None and one.outweighs(other) else other


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
        """Under `order_consent` only a standing consent opens the door; a withdrawal closes it under either policy (R01-R04)."""
        return self.is_given if policy is Policy.ORDER_CONSENT else not self.is_withdrawn


@value()
class Channel:
    """The newsletter of one channel, e-mail or SMS: the last opt-in act and the last opt-out act of the person."""

    opted_in: datetime | None = None
    opted_out: datetime | None = None

    def opt_in(self, at: datetime) -> "Channel":
        """The one place where an opt-in is learned. `at` is the time of the person's own act (R06)."""
        return replace(self, opted_in=later(self.opted_in, at))

    def opt_out(self, at: datetime) -> "Channel":
        return replace(self, opted_out=later(self.opted_out, at))

    def forgotten(self, at: datetime) -> "Channel":
        """After an erasure: an opt-out stands, as a bare time, and an opt-in if it is newer."""
        return replace(self, opted_in=_after(at, self.opted_in))

    @property
    def status(self) -> Status | None:
        """The newest act decides and an opt-out wins a tie (R06); None while the person never acted."""
        if self.opted_out is not None and (self.opted_in is None or self.opted_in <= self.opted_out):
            return Status.OPT_OUT
        return Status.OPT_IN if self.opted_in is not None else None

    @property
    def acted_at(self) -> datetime | None:
        return later(self.opted_in, self.opted_out)

    @property
    def said(self) -> Said | None:
        """The status with the time of its act."""
        return None if self.status is None or self.acted_at is None else Said(self.status, self.acted_at)


@value()
class BoxCounts:
    """How a shop's orders answered the consent box so far."""

    given: int = 0
    not_given: int = 0
    not_asked: int = 0


CONSENT_TRAP_ORDERS = 20
"""Orders without a single answer to the box before we say that the shop seems to hide it."""


def box_seems_hidden(policy: Policy, counts: BoxCounts) -> bool:
    """R05: under `order_consent` a shop that never asks sends nobody, and nobody would notice."""
    answered = counts.given + counts.not_given
    return policy is Policy.ORDER_CONSENT and answered == 0 and counts.not_asked >= CONSENT_TRAP_ORDERS
