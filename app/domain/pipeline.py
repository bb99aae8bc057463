"""What stands in the inbox and the outbox: the values that use cases and storage hand each other."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, assert_never

from app.domain.carts import Cart
from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import Status
from app.domain.contact import Contact
from app.domain.events import Event, customer_id_of, email_of
from app.domain.look_up import SeenContact
from app.domain.outcomes import Done, Outcome, Park, RetryAt, Unknown, Verdict, name_of, without_words, words_of
from app.domain.plan import is_unnecessary
from app.domain.reasons import Reason
from app.domain.shop import Shop
from app.domain.take_back import TakeBack
from app.domain.values import replace, value


class EventState(StrEnum):
    """Where an accepted event stands. Every event ends in one of the last five."""

    RECEIVED = "received"
    PLANNED = "planned"
    SENT = "sent"
    WITHHELD = "withheld"
    SUPERSEDED = "superseded"
    PARKED = "parked"
    HELD = "held"


def end_unsent(reason: Reason) -> EventState:
    """How an event ends of which nothing is sent, for a reason."""
    return EventState.SUPERSEDED if is_unnecessary(reason) else EventState.WITHHELD


class CommandState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    PARKED = "parked"
    CANCELLED = "cancelled"


@value()
class NewEvent:
    """An event at the door, well formed, not yet stored."""

    shop_id: str
    event_id: str
    type: str
    """Name on the wire: the singular of the path."""
    event: Event
    digest: str
    """SHA-256 of the content, hex. Equal content of one `event_id` is a repetition, other content a conflict."""
    warnings: tuple[str, ...] = ()
    held: bool = False
    """The shop is disabled: keep it, decide later."""

    @property
    def subject(self) -> str:
        return subject_of(self.event)


@value()
class Accepted:
    """The durable answer to an event: the same for the first time and for every repetition."""

    event_id: str
    duplicate: bool
    received_at: datetime
    warnings: tuple[str, ...]


@value()
class Conflict:
    """The `event_id` is taken by other content."""

    event_id: str
    stored_digest: str


@value()
class InboxEvent:
    seq: int
    shop_id: str
    event_id: str
    event: Event


@value()
class Settlement:
    """What an event became when it was decided."""

    seq: int
    state: EventState
    reason: Reason | None = None
    contact_id: int | None = None
    open_commands: int = 0
    detail: str | None = None
    pseudonym: str | None = None
    """Set for a person who was erased: it takes the place of the address."""

    @property
    def keeps_payload(self) -> bool:
        """What will not be sent gives up its payload at once; what waits or failed needs it."""
        return self.state not in (EventState.WITHHELD, EventState.SUPERSEDED)


def to_account(account_id: str) -> str:
    """Destination of what is written to a SALESmanago account."""
    return f"account:{account_id}"


def to_reading(account_id: str) -> str:
    """Destination of what must be read in a SALESmanago account before it is believed."""
    return f"reading:{account_id}"


def to_newsletter(shop_id: str) -> str:
    """Destination of newsletter states on their way home. Apart from tags, which are many and may wait."""
    return f"newsletter:{shop_id}"


def to_tags(shop_id: str) -> str:
    """Destination of mirrored tags and points."""
    return f"tags:{shop_id}"


def destination_of(command: Command, shop: Shop) -> str:
    match command:
        case SetSubscription():
            return to_newsletter(shop.id)
        case MirrorTags():
            return to_tags(shop.id)
        case ConfirmOptIn() | ConfirmOptOut():
            return to_reading(shop.account)
        case UpsertContact() | AddEvent() | DeleteContact():
            return to_account(shop.account)
        case _:
            assert_never(command)


class Mailbox(NamedTuple):
    """What waits for one contact at one destination: the unit that is claimed, leased and fenced."""

    contact_id: int
    destination: str


@value()
class NewCommand:
    destination: str
    shop_id: str
    contact_id: int
    event_seq: int
    command: Command
    counted: bool = True
    """Does the event wait for it? An order is sent once SALESmanago has it, whatever the panel says."""
    background: bool = False
    """What a list brought. Contacts for whom nothing else waits come after the others (R63)."""

    @property
    def mailbox(self) -> Mailbox:
        return Mailbox(self.contact_id, self.destination)


@value()
class WaitingCommand:
    id: int
    event_seq: int
    command: Command
    maybe_sent: bool
    """An earlier attempt ended without an answer we could trust: look before sending again."""
    attempts: int = 0
    counted: bool = True


class InFlight(NamedTuple):
    """Claims of a destination that are on their way, in all processes."""

    claims: int
    of_lists: int
    """Those of them that carry what lists bring, or replays."""


@value()
class DeferredTakeBack:
    """An act that arrived while commands were on their way: it is applied before any of them is tried again."""

    act: TakeBack
    reason: Reason
    up_to: int
    """Id of the last command that was queued before the act; what came later is none of its business."""


@value()
class Claim:
    """The waiting commands of one contact, leased. `lease_token` fences: only the holder of the newest lease may record."""

    mailbox: Mailbox
    shop_id: str
    lease_token: int
    attempts: int
    first_tried_at: datetime | None
    commands: tuple[WaitingCommand, ...]
    take_backs: tuple[DeferredTakeBack, ...] = ()
    defect: str | None = None
    """Name of what failed of ours while it was judged: nothing of it may leave."""

    @property
    def contact_id(self) -> int:
        return self.mailbox.contact_id


@value()
class Call:
    """One call at a neighbour, for the trace: never a body, never an address."""

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


def unasked(outcome: Outcome, now: datetime) -> Answer:
    """What was found out without a call."""
    return Answer(outcome, Call("", now, 0, name_of(outcome), words_of(outcome), 0))


@value()
class Seen:
    """What SALESmanago shows for some addresses; unknown ones are missing. `answer` is `Delivered` if it could be read."""

    contacts: Mapping[str, SeenContact]
    answer: Answer


@value()
class Modified:
    """One page of the addresses SALESmanago changed in a window of time."""

    emails: tuple[str, ...]
    has_more: bool
    answer: Answer


@value()
class HandWork:
    """A command that only a person can carry out."""

    id: int
    event_seq: int
    command: Command
    counted: bool
    reason: Reason
    detail: str
    since: datetime


@value()
class Tried:
    """The end of an attempt for one command, and what follows from it."""

    command: WaitingCommand
    outcome: Outcome
    verdict: Verdict
    call: Call | None
    """None if a look-up showed that nothing was left to send."""

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
        """The same without anything that the neighbour wrote: should the store not take its words (R73)."""
        tried = tuple(
            replace(one, outcome=without_words(one.outcome), call=one.call and replace(one.call, milliseconds=0, detail=""))
            for one in self.tried
        )
        return replace(self, tried=tried)

    def not_recorded(self, why: str) -> "Attempted":
        """Parked as a whole: what it came to could not be written down, in whatever form (R73)."""
        answer = unasked(Unknown(why), self.tried_at)
        parked = Park(Reason.DEFECT)
        tried = tuple(Tried(one, answer.outcome, parked, answer.call) for one in self.claim.commands)
        return replace(self, tried=tried, failing=0, failing_since=None)

    def told_opt_in(self) -> list[WaitingCommand]:
        """Commands by which SALESmanago was just told of an opt-in."""
        done = (one.command for one in self.tried if one.verdict == Done())
        return [
            one
            for one in done
            if isinstance(one.command, UpsertContact) and Status.OPT_IN in (one.command.email_status, one.command.phone_status)
        ]

    def not_renamed(self) -> dict[str, str]:
        """Addresses a refused rename was to give -> those that stay."""
        return {
            one.command.command.address_after: one.command.command.email
            for one in self.tried
            if isinstance(one.command.command, UpsertContact)
            and one.command.command.new_email is not None
            and isinstance(one.verdict, Park)
        }

    def readdressed(self) -> dict[int, Command]:
        """Events that were queued before a rename and stay behind it: from now on the contact has the new address."""
        moved = {
            one.command.command.email: one.command.command.address_after
            for one in self.tried
            if isinstance(one.command.command, UpsertContact) and one.verdict == Done()
        }
        left = {one.command.id for one in self.tried if not isinstance(one.verdict, RetryAt)}
        return {
            waiting.id: replace(waiting.command, email=moved[waiting.command.email])
            for waiting in self.claim.commands
            if waiting.id not in left
            and isinstance(waiting.command, AddEvent)
            and moved.get(waiting.command.email, waiting.command.email) != waiting.command.email
        }


@value()
class StoredContact:
    id: int
    shop_id: str
    contact: Contact
    erased_hash: str | None = None
    merged_into: int | None = None
    """The contact that took over when this one was renamed onto its address."""


@value()
class StoredCart:
    shop_id: str
    contact_id: int | None
    event_seq: int
    cart: Cart
    open: bool
    """Still to be decided about."""
    waits_until: datetime | None = None
    """Beyond its quiet hour, for the address of a guest."""


@value()
class Alias:
    """An address a contact had until a time."""

    shop_id: str
    email: str
    contact_id: int
    until: datetime
    sent: bool = True
    """SALESmanago may know the person by it."""


def subject_of(event: Event) -> str:
    """The person an event is about, as far as the event itself tells: an address, or `#` and a customer id."""
    return email_of(event) or f"#{customer_id_of(event) or ''}"
