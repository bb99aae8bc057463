"""What is in the inbox: an event as received, stored, decided."""

from datetime import datetime
from enum import StrEnum

from app.domain.decisions.plan import is_unnecessary
from app.domain.event_kinds.subjects import customer_id_of, email_of
from app.domain.events import Event
from app.domain.reasons import Reason
from app.domain.values import value


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


@value()
class NewEvent:
    """A received event, well formed, not yet stored."""

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
    trace: str | None = None
    """The span of the request that posted it, where requests are traced (W3C `traceparent`)."""

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


def subject_of(event: Event) -> str:
    """The person an event is about, as far as the event itself says: an address, or `#` and a customer id."""
    return email_of(event) or f"#{customer_id_of(event) or ''}"
