"""What of a contact's commands travels together, and in what form."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import assert_never

from app.domain.commands import (
    AddEvent,
    Agreement,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    EventKind,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
    as_upsert,
    is_deletion,
)
from app.domain.consent import Status, TimedStatus
from app.domain.salesmanago_limits import TAGS_PER_CALL
from app.domain.tags import canonical
from app.domain.values import replace, value

PURCHASES_SENT_ALONE = 20
"""So many calls an account of five a second makes in four."""


@value()
class CoalescedCommands:
    """All that waits for one contact, in its shortest form: at most one upsert, then the events in order, or a deletion."""

    upsert: UpsertContact | None = None
    events: tuple[AddEvent, ...] = ()
    deletions: tuple[DeleteContact, ...] = ()
    """One per address under which SALESmanago may know the contact by now."""


def coalesce(commands: Sequence[Command], *, perhaps_sent: bool = False) -> CoalescedCommands:
    """The shortest bundle with the same effect as sending the commands one by one.

    `perhaps_sent`: some of it may have arrived. Otherwise a contact that is only now introduced is created under its newest
    address (R72).

    Upserts merge into one that goes first; events follow, addressed as the contact is called by then. A deletion makes
    what came before it pointless, and is the last of its bundle: see `up_to_deletion`.
    """
    upsert: UpsertContact | None = None
    events: list[AddEvent] = []
    known_as: list[str] = []
    for command in commands:
        match command:
            case UpsertContact():
                known_as += (command.email, command.address_after)
                upsert = command if upsert is None else merge(upsert, command)
            case AddEvent():
                events.append(command)
            case DeleteContact(email=email):
                return CoalescedCommands(deletions=tuple(DeleteContact(email=one) for one in dict.fromkeys((*known_as, email))))
            case ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
                raise AssertionError("commands for another destination")
    if upsert is not None:
        known = upsert.address_after
        events = [event if event.email == known else replace(event, email=known) for event in events]
        upsert = upsert if perhaps_sent else newly_created(upsert)
    return CoalescedCommands(upsert, tuple(events))


def up_to_deletion(commands: Sequence[Command]) -> int:
    """How many of the commands make the next bundle: what a new life of the contact brings waits for the next one."""
    for count, command in enumerate(commands, start=1):
        if is_deletion(command):
            return count
    return len(commands)


def one_bundle(commands: Sequence[Command]) -> int:
    """How many of the commands may travel together. What must set nothing off does not travel with what may (R63).

    Nor does what asks the person with what sets a status: together, neither would mean what it does alone (B6).
    """
    first = _manner(commands[0]) if commands else None
    alike = next((count for count, command in enumerate(commands) if _manner(command) != first), len(commands))
    return up_to_deletion(commands[: _up_to_second_rename(commands[:alike])])


def _up_to_second_rename(commands: Sequence[Command]) -> int:
    """Each rename of a contact that is there travels for itself: somebody else may wait for the address in between (R72)."""
    introduced = renamed = False
    for count, command in enumerate(commands):
        upsert = as_upsert(command)
        if upsert is not None:
            introduced = introduced or upsert.introduces
            if renamed and upsert.new_email is not None:
                return count
            renamed = renamed or (upsert.new_email is not None and not introduced)
    return len(commands)


def newly_created(upsert: UpsertContact) -> UpsertContact:
    """The first upsert of a person whose address changed before it was sent."""
    if upsert.new_email is None or not upsert.introduces:
        return upsert
    return replace(upsert, email=upsert.address_after, new_email=None)


def _manner(command: Command) -> tuple[bool, bool]:
    upsert = as_upsert(command)
    return (False, False) if upsert is None else (upsert.quiet, upsert.asks_opt_in is not None)


def asks(command: Command) -> bool:
    """Does SALESmanago mail the person to ask (B6)? The answer of a batch says nothing of it, so it goes alone."""
    upsert = as_upsert(command)
    return upsert is not None and upsert.asks_opt_in is not None


def is_quiet(command: Command) -> bool:
    """Must it trigger no automation in SALESmanago (R63)?"""
    upsert = as_upsert(command)
    return upsert is not None and upsert.quiet


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
        asks_opt_in=later.asks_opt_in or earlier.asks_opt_in,
        old_email_opt_in=later.old_email_opt_in if later.email_status else earlier.old_email_opt_in,
        old_phone_opt_in=later.old_phone_opt_in if later.phone_status else earlier.old_phone_opt_in,
        email_stood=_stood(earlier.email_status, earlier.email_acted_at, earlier.email_stood, later.email_stood),
        phone_stood=_stood(earlier.phone_status, earlier.phone_acted_at, earlier.phone_stood, later.phone_stood),
        email_acted_at=later.email_acted_at if later.email_status else earlier.email_acted_at,
        phone_acted_at=later.phone_acted_at if later.phone_status else earlier.phone_acted_at,
        introduces=earlier.introduces,
        quiet=earlier.quiet and later.quiet,
    )


def _stood(
    status: Status | None, acted_at: datetime | None, earlier: TimedStatus | None, later: TimedStatus | None
) -> TimedStatus | None:
    """What SALESmanago showed before either, where the earlier one sets a status; or since that act, if it was seen again.

    What the later one knows from before the earlier act is outdated: something may have been sent in between.
    """
    if status is None:
        return later
    was_seen_since = later is not None and (acted_at is None or later.at >= acted_at) and (earlier is None or later.at > earlier.at)
    return later if was_seen_since else earlier


def _latest(agreements: Sequence[Agreement]) -> tuple[Agreement, ...]:
    return tuple({one.name: one for one in agreements}.values())


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


def purchases_travel_alone(purchases: int, *, is_behind: bool) -> bool:
    """A purchase is rarely changed (R18): where many wait they travel together, and an edit of such an order cannot be made.

    `purchases`: so many would leave together. `is_behind`: events wait to be decided, and more purchases may be among them.
    """
    return purchases <= PURCHASES_SENT_ALONE and not is_behind


def travels_alone(event: AddEvent, *, purchases_alone: bool) -> bool:
    """Only the single call answers the id by which an event is changed later (contract 2.11, 3.5)."""
    match event.kind:
        case EventKind.CART:
            return True
        case EventKind.PURCHASE:
            return event.is_update or purchases_alone
        case EventKind.VISIT | EventKind.CANCELLATION | EventKind.RETURN:
            return False
        case _:
            assert_never(event.kind)


def newest_versions(
    events: Sequence[AddEvent], perhaps_arrived: Collection[int] = ()
) -> tuple[tuple[AddEvent, ...], dict[int, int]]:
    """A purchase that has not left yet leaves in its newest version (R18).

    Answers the events, and the position of an update -> that of the purchase that carries it. `perhaps_arrived`: positions of
    events that SALESmanago may have already. A cancellation stays between the versions of the order it was sent between.
    """
    newest, carried = list(events), dict[int, int]()
    open_purchases: dict[str, int] = {}
    for position, event in enumerate(events):
        purchase = open_purchases.get(event.external_id)
        if event.kind in (EventKind.CANCELLATION, EventKind.RETURN):
            open_purchases.pop(event.external_id, None)
        elif event.kind is EventKind.PURCHASE and not event.is_update and position not in perhaps_arrived:
            open_purchases[event.external_id] = position
        elif event.is_update and purchase is not None:
            newest[purchase] = replace(event, is_update=False, newer_than=())
            carried[position] = purchase
    return tuple(newest), carried
