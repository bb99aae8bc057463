"""Delivery as decisions: what to send together, what an answer means, and what a look-up leaves to be sent."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta

from app.domain.commands import (
    AddEvent,
    Agreement,
    Command,
    ConfirmOptIn,
    DeleteContact,
    EventKind,
    HomeCommand,
    MirrorTags,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import Status, later
from app.domain.reasons import Reason
from app.domain.tags import canonical
from app.domain.values import replace, value

# -- what a neighbour may answer -----------------------------------------------------------------------------------------


@value()
class Delivered:
    upstream_id: str | None = None
    detail: str = ""


@value()
class Throttled:
    """Asked to slow down; nothing was applied."""

    retry_after: float | None = None
    """Seconds, if the neighbour named them."""


@value()
class Unreachable:
    """It certainly did not arrive."""

    cause: str


@value()
class Unknown:
    """It may have been applied or not: time-out after sending, cut or foreign answer. Look before sending again."""

    cause: str


@value()
class Refused:
    """A definite no. `account_wide`: not this item's fault (bad signature, inactive account), so nothing is parked for it."""

    message: str
    account_wide: bool = False


@value()
class ByHand:
    """The neighbour has no way to do it: a person must (R56)."""

    reason: Reason
    detail: str = ""


@value()
class Moot:
    """It turned out that there is nothing to do."""

    reason: Reason


Outcome = Delivered | Throttled | Unreachable | Unknown | Refused | ByHand | Moot


def name_of(outcome: Outcome) -> str:
    """As it stands in traces and logs."""
    return {"ByHand": "by_hand"}.get(type(outcome).__name__, type(outcome).__name__.lower())


def words_of(outcome: Outcome) -> str:
    """What the neighbour said, for the trace."""
    match outcome:
        case Delivered(detail=words) | Unreachable(cause=words) | Unknown(cause=words) | Refused(message=words):
            return words
        case Throttled(retry_after=seconds):
            return "" if seconds is None else f"asked to wait {seconds:g} s"
        case ByHand(detail=words):
            return words
        case Moot(reason=reason):
            return reason.value


# -- what follows from an answer -----------------------------------------------------------------------------------------

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=12)
PATIENCE = timedelta(days=7)
SETTLING = timedelta(seconds=30)
"""As long as we wait for an answer. What timed out may still be carried out over there, and a look before that would not see it."""
PARKED_CONTACT_PAUSE = timedelta(minutes=15)
"""How long the later commands of a contact wait behind a parked one (decision 5)."""


@value()
class Done:
    pass


@value()
class RetryAt:
    at: datetime
    look_first: bool
    """Read SALESmanago before sending again."""


@value()
class Park:
    reason: Reason


@value()
class Drop:
    """Settled without being sent."""

    reason: Reason


Verdict = Done | RetryAt | Park | Drop


def verdict(outcome: Outcome, attempt: int, first_tried_at: datetime, now: datetime, jitter: float) -> Verdict:
    """What to do after attempt number `attempt` (from 1). `jitter` is a fraction of 0 to 1: full jitter over the backoff."""
    match outcome:
        case Delivered():
            return Done()
        case Refused(account_wide=False):
            return Park(Reason.REFUSED)
        case ByHand(reason=reason):
            return Park(reason)
        case Moot(reason=reason):
            return Drop(reason)
        case Throttled() | Unreachable() | Unknown() | Refused():
            pass
    if now - first_tried_at >= PATIENCE:
        return Park(Reason.GAVE_UP)
    wait = backoff(attempt) * jitter
    if isinstance(outcome, Throttled) and outcome.retry_after is not None:
        # Retry-After may lengthen a wait, never shorten it; beyond our longest wait we ask again ourselves.
        wait = max(wait, min(timedelta(seconds=outcome.retry_after), LONGEST_DELAY))
    if isinstance(outcome, Unknown):
        wait = max(wait, SETTLING)
    return RetryAt(now + wait, look_first=isinstance(outcome, Unknown))


def backoff(attempt: int) -> timedelta:
    """5 s, 10 s, 20 s ... 12 h."""
    doublings: int = min(attempt - 1, 20)
    return min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


# -- what to send together -----------------------------------------------------------------------------------------------


@value()
class Bundle:
    """All that waits for one contact, in its shortest form: at most one upsert, then the events in order, or a deletion."""

    upsert: UpsertContact | None = None
    events: tuple[AddEvent, ...] = ()
    deletions: tuple[DeleteContact, ...] = ()
    """One per address under which SALESmanago may know the contact by now."""


def coalesce(commands: Sequence[Command]) -> Bundle:
    """The shortest bundle with the same effect as sending the commands one by one.

    Upserts merge into one that goes first; events follow, addressed as the contact is called by then. A deletion makes
    what came before it pointless, and is the last of its bundle: see `up_to_deletion`.
    """
    upsert: UpsertContact | None = None
    events: list[AddEvent] = []
    for command in commands:
        match command:
            case UpsertContact():
                upsert = command if upsert is None else merge(upsert, command)
            case AddEvent():
                events.append(command)
            case DeleteContact(email=email):
                known_as = (upsert.email, upsert.address_after) if upsert is not None else ()
                return Bundle(deletions=tuple(DeleteContact(email=one) for one in dict.fromkeys((*known_as, email))))
            case ConfirmOptIn() | SetSubscription() | MirrorTags():
                raise AssertionError("commands for another destination")
    if upsert is not None:
        events = [replace(event, email=upsert.address_after) for event in events]
    return Bundle(upsert, tuple(events))


def up_to_deletion(commands: Sequence[Command]) -> int:
    """How many of the commands make the next bundle: what a new life of the contact brings waits for the next one."""
    for count, command in enumerate(commands, start=1):
        if isinstance(command, DeleteContact):
            return count
    return len(commands)


def one_bundle(commands: Sequence[Command]) -> int:
    """How many of the commands may travel together. What must set nothing off does not travel with what may (R63)."""
    quiet = bool(commands) and _is_quiet(commands[0])
    alike = next((count for count, command in enumerate(commands) if _is_quiet(command) is not quiet), len(commands))
    return up_to_deletion(commands[:alike])


def _is_quiet(command: Command) -> bool:
    return isinstance(command, UpsertContact) and command.quiet


def merge(earlier: UpsertContact, later: UpsertContact) -> UpsertContact:
    """One upsert instead of two: the later word counts."""
    spoken_again = {canonical(tag) for tag in (*later.add_tags, *later.remove_tags)}
    return UpsertContact(
        email=earlier.email,
        new_email=later.address_after if later.address_after != earlier.email else None,
        profile={**earlier.profile, **later.profile},
        add_tags=(*(tag for tag in earlier.add_tags if canonical(tag) not in spoken_again), *later.add_tags),
        remove_tags=(*(tag for tag in earlier.remove_tags if canonical(tag) not in spoken_again), *later.remove_tags),
        email_status=later.email_status or earlier.email_status,
        phone_status=later.phone_status or earlier.phone_status,
        agreements=_latest((*earlier.agreements, *later.agreements)),
        old_email_opt_in=later.old_email_opt_in if later.email_status else earlier.old_email_opt_in,
        old_phone_opt_in=later.old_phone_opt_in if later.phone_status else earlier.old_phone_opt_in,
        introduces=earlier.introduces,
        quiet=earlier.quiet and later.quiet,
    )


def _latest(agreements: Sequence[Agreement]) -> tuple[Agreement, ...]:
    return tuple({one.name: one for one in agreements}.values())


TAGS_PER_CALL = 50
"""The contract's safest reading (U15)."""


def within_limits(upsert: UpsertContact) -> tuple[UpsertContact, ...]:
    """The upsert in parts that each name at most 50 tags; everything else travels with the first."""
    words = [(tag, True) for tag in upsert.add_tags] + [(tag, False) for tag in upsert.remove_tags]
    if len(words) <= TAGS_PER_CALL:
        return (upsert,)
    parts = []
    for start in range(0, len(words), TAGS_PER_CALL):
        chunk = words[start : start + TAGS_PER_CALL]
        whole = upsert if start == 0 else UpsertContact(email=upsert.address_after, quiet=upsert.quiet)
        parts.append(
            replace(
                whole,
                add_tags=tuple(tag for tag, added in chunk if added),
                remove_tags=tuple(tag for tag, added in chunk if not added),
            )
        )
    return tuple(parts)


# -- after an unknown outcome --------------------------------------------------------------------------------------------


@value()
class SeenEvent:
    kind: str
    external_id: str
    at: datetime
    """SALESmanago keeps milliseconds."""


@value()
class SeenContact:
    """A contact as SALESmanago shows it."""

    email: str
    tags: Mapping[str, int] = field(default_factory=dict)
    """Tag in SALESmanago's spelling -> points."""
    events: Collection[SeenEvent] = ()
    opted_out: bool | None = None
    opted_out_phone: bool | None = None


def asks_first(upsert: UpsertContact) -> bool:
    """Does it carry an opt-in so old that an opt-out over there, which we may not know, must be looked for (R06)?"""
    return (upsert.old_email_opt_in and upsert.email_status is Status.OPT_IN) or (
        upsert.old_phone_opt_in and upsert.phone_status is Status.OPT_IN
    )


def without_opt_ins(upsert: UpsertContact, seen: SeenContact) -> UpsertContact:
    """As it may be sent to a contact who is shown as opted out: without the old opt-ins. A fresh act is believed."""
    email = upsert.email_status is Status.OPT_IN and upsert.old_email_opt_in and seen.opted_out is True
    phone = upsert.phone_status is Status.OPT_IN and upsert.old_phone_opt_in and seen.opted_out_phone is True
    return taken_back_upsert(upsert, email=email, phone=phone)


def still_missing(bundle: Bundle, seen: dict[str, SeenContact]) -> Bundle:
    """What of a bundle with unknown outcome did not arrive: tags, rename and events are compared, the rest is harmless (R28)."""
    upsert = bundle.upsert
    if upsert is not None:
        if upsert.new_email is not None and upsert.email not in seen and upsert.new_email in seen:
            upsert = replace(upsert, email=upsert.new_email, new_email=None)
        present = seen.get(upsert.email)
        held = {canonical(tag) for tag in present.tags} if present else set()
        upsert = replace(
            upsert,
            add_tags=tuple(tag for tag in upsert.add_tags if canonical(tag) not in held),
            remove_tags=tuple(tag for tag in upsert.remove_tags if canonical(tag) in held),
        )
    # Two events may look alike over there (two carts filled in one moment): each that is shown stands for one of ours.
    arrived = Counter(event for contact in seen.values() for event in contact.events)
    missing = []
    for event in bundle.events:
        shown = _as_shown(event)
        if arrived[shown]:
            arrived[shown] -= 1
        else:
            missing.append(event)
    return Bundle(upsert, tuple(missing), bundle.deletions)


def addresses(bundle: Bundle) -> frozenset[str]:
    """Every address under which SALESmanago may know the contact of a bundle."""
    named = {event.email for event in bundle.events}
    if bundle.upsert is not None:
        named |= {bundle.upsert.email, bundle.upsert.address_after}
    return frozenset(named)


def _as_shown(event: AddEvent) -> SeenEvent:
    return SeenEvent(event.kind, event.external_id, event.at.replace(microsecond=event.at.microsecond // 1000 * 1000))


# -- taking back ---------------------------------------------------------------------------------------------------------


@value()
class TakeBack:
    """An act that took permission away: what of the queue must not leave any more."""

    everything: bool = False
    email_opt_in: bool = False
    phone_opt_in: bool = False
    home: bool = False
    """Also what is on its way to the shop: the person is to be forgotten."""
    carts_until: datetime | None = None
    """Carts of that time and before were bought (R41)."""
    cart_id: str | None = None
    """This cart has changed: its report would tell of yesterday's content."""

    def __or__(self, other: "TakeBack") -> "TakeBack":
        return TakeBack(
            self.everything or other.everything,
            self.email_opt_in or other.email_opt_in,
            self.phone_opt_in or other.phone_opt_in,
            self.home or other.home,
            later(self.carts_until, other.carts_until),
            self.cart_id or other.cart_id,
        )


def taken_back(command: Command, act: TakeBack, *, perhaps_arrived: bool = False) -> Command | None:
    """The command as it may still be sent, or None. An opt-in that perhaps arrived already turns into the opt-out (I6)."""
    if isinstance(command, HomeCommand):
        return None if act.home else command
    if act.everything and not isinstance(command, DeleteContact):
        return None
    if isinstance(command, AddEvent) and _is_outdated(command, act):
        return None
    if not isinstance(command, UpsertContact):
        return command
    no_email = act.email_opt_in and command.email_status is Status.OPT_IN
    no_phone = act.phone_opt_in and command.phone_status is Status.OPT_IN
    left = taken_back_upsert(command, email=no_email, phone=no_phone)
    if not perhaps_arrived:
        return left
    return replace(
        left,
        email_status=Status.OPT_OUT if no_email else left.email_status,
        phone_status=Status.OPT_OUT if no_phone else left.phone_status,
    )


def _is_outdated(event: AddEvent, act: TakeBack) -> bool:
    bought = act.carts_until is not None and event.is_cart_until(act.carts_until)
    return bought or (act.cart_id is not None and event.cart_id == act.cart_id)


def taken_back_upsert(upsert: UpsertContact, *, email: bool, phone: bool) -> UpsertContact:
    """Without the named opt-ins, and without the agreements that go with them."""
    kept = tuple(one for one in upsert.agreements if not (one.accepted and (phone if one.by_sms else email)))
    return replace(
        upsert,
        email_status=None if email else upsert.email_status,
        phone_status=None if phone else upsert.phone_status,
        agreements=kept,
    )


def keeps_event_id(event: AddEvent) -> bool:
    """A `CART` is changed later through the id SALESmanago gives it, which only the single call answers (contract 3.5)."""
    return event.kind is EventKind.CART
