"""How SALESmanago behaves, without HTTP: contacts, their statuses and tags, events, and jobs that finish later."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from app.sandbox.salesmanago.memory.changes import ContactChange
from app.sandbox.salesmanago.memory.model import (
    Channel,
    Contact,
    Event,
    EventDetails,
    Job,
    JsonObject,
    OptChange,
    RefusalError,
    Status,
    Tag,
)

UNKNOWN_CONTACT = "Contact does not exist"


@dataclass(frozen=True)
class Rules:
    """The readings of the contract which a test may want to choose."""

    strict_scores: bool = True
    """Adding a tag again raises its score even without tagScoring: the pessimistic reading."""
    job_delay_ms: int = 50


def _random_id() -> str:
    return str(uuid.uuid4())


@dataclass
class World:
    """All accounts of the stand-in. Time comes in as `now`, epoch milliseconds."""

    rules: Rules = field(default_factory=Rules)
    new_id: Callable[[], str] = _random_id
    contacts: dict[str, Contact] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    tokens: dict[str, dict[str, int]] = field(default_factory=dict)
    """Client id -> token -> until when it stands in for the API secret."""
    _ids: dict[tuple[str, str], str] = field(default_factory=dict)
    _promised: dict[tuple[str, str], str] = field(default_factory=dict)
    _running: list[Job] = field(default_factory=list)
    _next_job: int = 100_001

    def reset(self) -> None:
        """Forget everything but the rules; job numbers go on, so that an old one cannot mean a new job."""
        for memory in (self.contacts, self.events, self.jobs, self.tokens, self._ids, self._promised, self._running):
            memory.clear()

    # Finding

    def valid_tokens(self, client_id: str, now: int) -> list[str]:
        return [token for token, until in self.tokens.get(client_id, {}).items() if now < until]

    def find(self, client_id: str, email: str, owner: str | None = None) -> Contact | None:
        return self.get(client_id, self._ids.get((client_id, email), ""), owner)

    def get(self, client_id: str, contact_id: str, owner: str | None = None) -> Contact | None:
        contact = self.contacts.get(contact_id)
        if contact is None or contact.client_id != client_id or not _owned(contact, owner):
            return None
        return contact

    def contacts_of(self, client_id: str, owner: str | None = None) -> Iterator[Contact]:
        return (one for one in self.contacts.values() if one.client_id == client_id and _owned(one, owner))

    def events_of(self, contact: Contact) -> list[Event]:
        return [self.events[event_id] for event_id in contact.event_ids]

    # Contacts

    def id_of(self, client_id: str, email: str) -> str:
        """The id a contact has, or will have once a job makes it."""
        known = self._ids.get((client_id, email))
        return known if known is not None else self._promised.setdefault((client_id, email), self.new_id())

    def upsert(self, client_id: str, owner: str, email: str, change: ContactChange, now: int, cause: str) -> Contact:
        """Create the contact or change it. Refused, it leaves nothing behind."""
        contact = self.find(client_id, email)
        self._check_rename(client_id, contact, change.new_email)
        if contact is None:
            contact_id = self._promised.pop((client_id, email), None) or self.new_id()
            contact = Contact(contact_id, client_id, email, [owner], created_on=now, modified_on=now)
            self.contacts[contact.id] = contact
            self._ids[client_id, email] = contact.id
        elif change.new_email:
            self._rename(contact, change.new_email)
        self._apply(contact, owner, change, now, cause)
        return contact

    def _check_rename(self, client_id: str, contact: Contact | None, new_email: str | None) -> None:
        taken = self._ids.get((client_id, new_email)) if new_email else None
        if taken is not None and (contact is None or taken != contact.id):
            raise RefusalError("Contact with newEmail already exists")

    def _rename(self, contact: Contact, new_email: str) -> None:
        del self._ids[contact.client_id, contact.email]
        contact.email = new_email
        self._ids[contact.client_id, new_email] = contact.id

    def _apply(self, contact: Contact, owner: str, change: ContactChange, now: int, cause: str) -> None:
        if owner not in contact.owners:
            contact.owners.append(owner)
        contact.deleted = False
        contact.modified_on = now
        contact.fields.update(change.fields)
        contact.address.update(change.address)
        contact.properties.update(change.properties)
        contact.dictionary_properties.update({str(one.get("name")): one for one in change.dictionary_properties})
        contact.consents.update({str(one.get("consentName")): one for one in change.consents})
        self.retag(contact, change.add_tags, change.remove_tags, now, scoring=change.tag_scoring)
        self._force(contact, change, now, cause)

    def _force(self, contact: Contact, change: ContactChange, now: int, cause: str) -> None:
        asks_first = change.double_opt_in and contact.opted_out(Channel.EMAIL)
        for channel, status in change.forced.items():
            if channel is Channel.EMAIL and status is Status.IN and asks_first:
                continue
            self.set_status(contact, channel, status, now, cause)
        if asks_first and change.forced.get(Channel.EMAIL) is not Status.OUT:
            contact.confirmation_mails.append(now)

    def set_status(self, contact: Contact, channel: Channel, status: Status, now: int, cause: str) -> None:
        changed = contact.status[channel] is not status
        contact.status[channel] = status
        contact.modified_on = now
        contact.opt_history.append(OptChange(now, channel, status, cause, changed))

    def retag(self, contact: Contact, add: Iterable[str], remove: Iterable[str], now: int, *, scoring: bool = False) -> None:
        """Tags leave before tags arrive, so a tag in both lists is there afterwards, with a fresh score."""
        contact.modified_on = now
        for name in remove:
            contact.tags.pop(name, None)
        for name in add:
            known = contact.tags.get(name)
            if known is None:
                contact.tags[name] = Tag(name, score=1, created_on=now)
            elif scoring or self.rules.strict_scores:
                known.score += 1

    def set_score(self, contact: Contact, name: str, score: int, now: int) -> None:
        """Only the staff can do this, in the panel; no API field sets a score."""
        tag = contact.tags.setdefault(name, Tag(name, score, created_on=now))
        tag.score = score
        contact.modified_on = now

    def delete(self, contact: Contact, now: int, *, permanently: bool) -> None:
        """A deleted contact stays readable as deleted, unless it goes for good together with its events."""
        contact.deleted = True
        contact.modified_on = now
        if permanently:
            for event_id in contact.event_ids:
                del self.events[event_id]
            del self._ids[contact.client_id, contact.email]
            del self.contacts[contact.id]

    # Events

    def add_event(self, contact: Contact, details: EventDetails, now: int) -> Event:
        """Never deduplicated: the same externalId twice is two events."""
        event = Event(self.new_id(), contact.client_id, contact.id, details, created_on=now, modified_on=now)
        self.events[event.id] = event
        contact.event_ids.append(event.id)
        return event

    def event(self, client_id: str, owner: str, event_id: str) -> Event:
        event = self.events.get(event_id)
        if event is None or self.get(client_id, event.contact_id, owner) is None:
            raise RefusalError("Event does not exist")
        return event

    def replace_event(self, event: Event, details: EventDetails, now: int) -> None:
        event.details = details
        event.modified_on = now

    def delete_event(self, event: Event) -> None:
        del self.events[event.id]
        self.contacts[event.contact_id].event_ids.remove(event.id)

    # Jobs

    def start_job(self, client_id: str, kind: str, items: int, now: int, run: Callable[[int], JsonObject]) -> Job:
        ready_at = now + self.rules.job_delay_ms
        job = Job(self._next_job, client_id, kind, items, now, ready_at, run, file_key=self.new_id())
        self._next_job += 1
        self.jobs[job.id] = job
        self._running.append(job)
        return job

    def settle(self, now: int) -> None:
        """Let every job happen whose time has come. Called before anybody looks."""
        due = [job for job in self._running if job.ready_at <= now]
        self._running[:] = [job for job in self._running if job.ready_at > now]
        for job in due:
            job.result = job.run(job.ready_at)


def _owned(contact: Contact, owner: str | None) -> bool:
    return owner is None or owner in contact.owners
