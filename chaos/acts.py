"""Newsletter acts of people, and the judge of what became of them: for the history test in one process and the scenario `acts`.

What is promised (R06, R08, R50-R57, decision 8), for each person and channel:

1. **In the end the newest act counts on all sides**: in SALESmanago, and at each shop the newest of its own acts and of those
   acts in SALESmanago that are for it.
2. **Nobody is opted in after a resignation that had been heard of**: the newest act the gateway had accepted was no opt-in.
3. **Nobody is opted in by an act that had waited, after a resignation that a look would have shown**: SALESmanago showed opted in
   when it was last looked at, was told no opt-out since, and shows opted out when the opt-in leaves.
4. **Nothing is written into the ledger that nobody did.**

What cannot be known, and is therefore not promised:

* When an act in SALESmanago happened, as long as no callback came. It lies between the last look that did not show it and the
  first one that does; a callback that comes late moves the act to its arrival. If an opt-in and an opt-out lie so that their
  order cannot be known, the opt-out may win (never the other way round).
* Whether an opt-in that was told and does not show was not taken (contract U13), did not arrive although the call ended without an
  answer, or was followed by a resignation without callback, unless it had been seen to show before.
* Whether somebody opted in at SALESmanago while an opt-out of a shop was on its way: it showed opted in all the time, and the
  callback can be a repetition. The opt-out may win. It is on its way until a call that told it was answered, or a look showed it:
  a call that ended without an answer may never have arrived. An opt-out in SALESmanago that met an opt-in of a shop on its way is
  told once more, and on its way until then.
* Whether somebody opted in at SALESmanago while the job of an opt-out, of whomever, ran there: the job ends after the click.
* Whether somebody opted in at SALESmanago, or an opt-in of ours arrived whose call ended without an answer: both show the same,
  and the callback can be a repetition. An opt-out that was made after such a call may win, until a call is answered.
* What a look shows of somebody while a status is on its way there: it may be our own. So is what says a fresh act once more,
  because an older opt-out of another shop left at the same time: it leaves within `MOMENT` of its act, and does not look either.
* An act of which no callback comes and that changes nothing SALESmanago shows, or that is overwritten before anybody could look: it
  leaves no trace. An opt-in that leaves within `MOMENT` of its act does not look, so it may overwrite such an act.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MOMENT = timedelta(seconds=15)
"""An opt-in that leaves so soon after its act has not waited."""

ON_ITS_WAY = timedelta(seconds=0.1)
"""A call that left before a resignation was accepted may arrive so much later."""

THERE = "salesmanago"
"""Where somebody acts who clicks in a mail, or whose contact card the staff changes; otherwise the name of a shop."""

_NEVER, _ALWAYS = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)


@dataclass(kw_only=True)
class Act:
    """One act, in the order in which they happen. Times are the true ones."""

    email: str
    channel: str
    out: bool
    at: datetime
    where: str
    reaches: frozenset[str] = frozenset()
    """The shops an act in SALESmanago is for."""
    posted_at: datetime | None = None
    """When the shop began to post it: the gateway may have heard of it from then on."""
    heard_at: datetime | None = None
    """When the gateway had accepted it, or the first callback that told of it: it has heard of it by then."""
    heard_last_at: datetime | None = None
    """When the last callback came: one that is repeated may be taken for a new act."""
    looked_before: datetime | None = None
    """The last look before the act that did not show it."""
    looked_at: datetime | None = None
    """The first look after the act."""
    told_at: datetime | None = None
    """When SALESmanago was first told a status after the act."""
    known_at: datetime | None = None
    """When it could be known that SALESmanago had been told: a call was answered, or a look showed what the act says."""
    unclear_since: datetime | None = None
    """When an opt-in of ours was last told without an answer, if no answer to a later call had come by the time of the act."""
    traceless: bool = False
    is_overtaken: bool = False
    """An opt-in at SALESmanago during the job of an opt-out, which was carried out after it."""

    @property
    def earliest(self) -> datetime:
        """As far as the gateway can know."""
        return self.at if self.where != THERE or self.heard_at is not None else self.looked_before or _ALWAYS

    @property
    def latest(self) -> datetime:
        return self.at if self.where != THERE else self.heard_last_at or self.looked_at or _NEVER

    def is_heard(self, now: datetime) -> bool:
        return self.heard_at is not None and self.heard_at <= now

    def may_be_heard(self, now: datetime) -> bool:
        """The answer to a post may reach the shop after the call that follows from it reached SALESmanago."""
        return self.is_heard(now) or (self.posted_at is not None and self.posted_at <= now + ON_ITS_WAY)


def newest(acts: Iterable[Act]) -> Act | None:
    """By true time; an opt-out wins a tie."""
    return max(acts, key=lambda act: (act.at, act.out), default=None)


def is_order_unknown(out: Act, other: Act) -> bool:
    overlap = out.earliest <= other.latest and other.earliest <= out.latest
    untold = out.where != THERE and other.where == THERE and (out.known_at is None or out.known_at >= other.at)
    perhaps_ours = other.unclear_since is not None and out.latest >= other.unclear_since
    return overlap or untold or perhaps_ours


def is_told_again(out: Act, other: Act, acts: Iterable[Act]) -> bool:
    """Was an opt-out in SALESmanago, which met an opt-in of a shop on its way there, still to be told when `other` was made?"""
    crossed = any(
        not one.out and one.where != THERE and one.at <= out.at and (one.known_at is None or one.known_at >= out.at) for one in acts
    )
    return crossed and out.where == THERE == other.where and (out.known_at is None or out.known_at >= other.at)


def permitted_ends(acts: Collection[Act]) -> set[bool]:
    """What may stand in the end: True is opted out. Nothing where nobody acted."""
    traced = [act for act in acts if not act.traceless]
    last = newest(traced) or newest(acts)
    if last is None:
        return set()
    ends = {one.out for one in (newest(acts), last) if one is not None}
    doubted = any(act.out and (is_order_unknown(act, last) or is_told_again(act, last, acts)) for act in acts)
    return {*ends, True} if doubted or last.is_overtaken else ends


def for_side(acts: Iterable[Act], shop: str) -> list[Act]:
    """The acts that a shop's own side is to show."""
    return [act for act in acts if act.where == shop or shop in act.reaches]


def permitted_at_side(acts: Collection[Act], shop: str) -> set[bool]:
    """What a shop's own side may show in the end. An act there also loses against another shop's opt-out on its way there."""
    own = for_side(acts, shop)
    ends, last = permitted_ends(own), newest(act for act in own if not act.traceless)
    overtaken = last is not None and last.where == THERE and any(act.out and is_order_unknown(act, last) for act in acts)
    return {*ends, True} if overtaken else ends


def is_opt_in_wrong(acts: Collection[Act], now: datetime, *, knew: bool | None, shows: bool | None) -> str | None:
    """Why somebody may not be opted in at this moment, or None.

    `knew`: what the gateway last saw, or was told since; `shows`: what it shows now. True is opted out, None is unknown.
    """
    heard = newest(act for act in acts if (act.is_heard(now) if act.out else act.may_be_heard(now)))
    if heard is None:
        return "nobody heard of any act"
    if heard.out:
        return f"opted in {(now - heard.at).total_seconds():.1f} s after the resignation at {heard.where} was made, and heard of"
    unheard = newest(act for act in acts if act.where == THERE and not act.is_heard(now) and act.at <= now)
    waited = now - heard.at > MOMENT
    if waited and unheard is not None and unheard.out and unheard.at > heard.at and knew is False and shows is True:
        return f"opted in, {(now - heard.at).total_seconds():.1f} s after the act, though a look would have shown the resignation"
    return None


# -- afterwards, from what the stand-in saw ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Touch:
    """A call of the gateway that concerned somebody: a look, or a status it told (True is opted out)."""

    email: str
    at: datetime
    told: bool | None = None
    channel: str = ""
    answered: bool = True
    delay: timedelta = timedelta(0)
    """How long after the call it took effect: a batch is a job there."""
    answered_at: datetime | None = None
    """When the gateway knew of it: later than the effect, because somebody has to ask whether a job has ended."""


BLINK = timedelta(seconds=2)
"""Between a look and the call that followed it somebody may have clicked."""


def _on_their_way(acts: Sequence[Act], touches: Iterable[Touch]) -> Iterator[tuple[datetime, datetime]]:
    """From when until when a fresh act in a shop waited to leave, also once more."""
    for one in touches:
        act = newest(act for act in acts if act.where != THERE and act.at <= one.at)
        if act is not None and act.out is one.told and one.at - act.at <= MOMENT:
            yield act.at, one.at


def retraced(acts: Sequence[Act], touches: Sequence[Touch]) -> list[str]:
    """Fill in what the gateway could know of the acts of one person and channel; answers which opt-ins were wrong."""
    faults: list[str] = []
    shows, knew, basis, told_ever = True, None, True, False
    looks = dict[bool, datetime]()  # the last that showed an opt-out, and the last that showed an opt-in
    unclear_since: datetime | None = None
    unseen: list[Act] = []
    moments: list[tuple[datetime, int, Act | Touch]] = [(act.at, 0, act) for act in acts]
    on_their_way = list(_on_their_way(acts, touches))
    moments += [(act.heard_at, 1, act) for act in acts if act.where == THERE and act.heard_at is not None]
    moments += [(touch.at + touch.delay, 2, touch) for touch in touches]
    for at, kind, moment in sorted(moments, key=lambda one: one[:2]):
        match moment:
            case Act() if moment.where != THERE:
                pass
            case Act() if kind == 1:
                basis, knew = (True, True) if moment.out else (basis, knew)  # an opt-in is a claim, until it is read
            case Act():
                lost = moment.heard_at is None
                moment.looked_before = looks.get(not moment.out)
                moment.unclear_since = unclear_since
                moment.is_overtaken = not moment.out and any(one.told and one.at <= at < one.at + one.delay for one in touches)
                unseen += [moment] if lost else []
                moment.traceless = lost and shows is moment.out
                for one in unseen if basis is moment.out else ():
                    one.traceless = True
                shows = moment.out
            case Touch(told=None):
                for act in acts:
                    if act.told_at is not None and act.out is shows:
                        act.known_at = act.known_at or at
                is_known = all(act.known_at is not None for act in acts if act.where != THERE and act.at <= at)
                nothing_waits = is_known and not any(acted_at <= at < left for acted_at, left in on_their_way)
                for act in acts:
                    if act.where == THERE and act.at <= at and nothing_waits:
                        act.looked_at = act.looked_at or at
                looks[shows] = at
                if nothing_waits:
                    basis, knew, unseen = shows, shows, []
                knew = True if shows else knew  # whosever opt-out it is, the last look showed no opt-in
            case Touch():
                if moment.told is False:
                    left, blink = moment.at - ON_ITS_WAY, moment.at - BLINK
                    settled = [act for act in acts if act.where != THERE or act.at <= blink or act.is_heard(left)]
                    wrong = is_opt_in_wrong(settled, left, knew=knew, shows=shows)
                    faults += [wrong] if wrong is not None else []
                for act in acts:
                    if act.at <= at:
                        act.told_at = act.told_at or at
                        act.known_at = act.known_at or (moment.answered_at or at if moment.answered else None)
                unclear_since = None if moment.answered else unclear_since if moment.told else at
                for one in unseen:
                    one.traceless = True
                shows, unseen = moment.told is True, []
                knew = True if moment.told else False if knew is False else None
                if moment.answered and not told_ever and not looks:
                    basis, told_ever = shows, True
    return faults
