"""What SALESmanago remembers: contacts, their tags and statuses, events and jobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

JsonObject = dict[str, object]


class RefusalError(Exception):
    """SALESmanago answers HTTP 200 with success:false and this message."""


@dataclass(frozen=True)
class Account:
    """One SALESmanago account: the signature it accepts and the users who may own contacts."""

    client_id: str
    api_secret: str = field(repr=False)
    owners: tuple[str, ...]


class Channel(StrEnum):
    EMAIL = "email"
    PHONE = "phone"


class Status(StrEnum):
    """What the contact said about one channel. Silence reads as opted out, yet it is not the same fact."""

    UNKNOWN = "unknown"
    IN = "in"
    OUT = "out"


@dataclass(frozen=True)
class OptChange:
    """One statement about a channel. `changed` is false when it only repeated what was known."""

    at: int
    channel: Channel
    status: Status
    cause: str
    changed: bool


@dataclass
class Tag:
    name: str
    score: int
    created_on: int


@dataclass
class Contact:
    """A person of one account. The first owner is the main one; an account that upserts the person later becomes one too."""

    id: str
    client_id: str
    email: str
    owners: list[str]
    created_on: int
    modified_on: int
    fields: dict[str, str] = field(default_factory=dict)
    address: dict[str, str] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    dictionary_properties: dict[str, JsonObject] = field(default_factory=dict)
    consents: dict[str, JsonObject] = field(default_factory=dict)
    status: dict[Channel, Status] = field(default_factory=lambda: dict.fromkeys(Channel, Status.UNKNOWN))
    opt_history: list[OptChange] = field(default_factory=list)
    confirmation_mails: list[int] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    deleted: bool = False
    invalid: bool = False
    """Its e-mails bounced."""

    def opted_out(self, channel: Channel) -> bool:
        return self.status[channel] is not Status.IN


@dataclass(frozen=True)
class EventDetails:
    """The content of an external event; an update replaces all of it."""

    date: int
    type: str
    texts: Mapping[str, str]
    value: int | float | None


@dataclass
class Event:
    id: str
    client_id: str
    contact_id: str
    details: EventDetails
    created_on: int
    modified_on: int


@dataclass
class Job:
    """Work that SALESmanago does after it has answered. `run` returns the content of the result file."""

    id: int
    client_id: str
    kind: str
    items: int
    created_on: int
    ready_at: int
    run: Callable[[int], JsonObject] = field(repr=False)
    file_key: str = ""
    result: JsonObject | None = None
