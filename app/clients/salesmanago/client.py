"""SALESmanago's API v2 as values: what we ask, and what the answer came to (contract sections 1 and 2)."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from app.clients.foreign import TooMuch, foreign_object
from app.clients.salesmanago import answers, payloads
from app.clients.salesmanago.jobs import JobTimes
from app.clients.transport import TOO_LARGE, Reply, Transport, scrubbed
from app.domain.commands import AddEvent, DeleteContact, UpsertContact
from app.domain.delivery.answers import Answer, Call, LookupResult, Modified
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown, Unreachable, message_of, name_of
from app.domain.delivery.verify import RemoteContact
from app.domain.salesmanago_limits import CONTACTS_PER_READ, MODIFIED_PER_PAGE
from app.domain.shops.shop import Account
from app.domain.values import replace

JOB_PATIENCE_SECONDS = 600.0
_LONG_NUMBER = 19
"""So many digits may be more than JSON readers take for a number."""

_HEADERS = {
    "Accept": "application/json, application/json",
    "Content-Type": "application/json;charset=UTF-8",
    # Their newer hosts reject default library names (U24).
    "User-Agent": "shop-gateway/0.1",
}
_ACCOUNT_MESSAGES = ("User not authenticated", "Not authenticated")
_UPSERT = "/api/contact/upsert"
_BATCH_UPSERT = "/api/contact/batchupsertv2"
_JOB = "/api/job/status"
_EVENT = "/api/v2/contact/addContactExtEvent"
_EVENT_UPDATE = "/api/v2/contact/updateContactExtEvent"
_BATCH_EVENTS = "/api/v2/contact/addBatchContactExtEvent"
_BATCH_EVENTS_OLD = "/api/contact/batchAddContactExtEvent"
_DELETE = "/api/contact/delete"
_HAS_CONTACT = "/api/contact/hasContact"
_LIST = "/api/contact/list"
_BASIC = "/api/contact/basic"
_MODIFIED = "/api/contact/paginatedModifiedContacts"


class SalesmanagoClient:
    """One account. A logical failure comes as HTTP 200 with `success:false`, so only the body decides (section 1.4)."""

    def __init__(self, account: Account, api_secret: str, transport: Transport, clock: Callable[[], datetime]) -> None:
        self._account = account
        self._api_secret = api_secret
        self._transport = transport
        self._clock = clock
        self._batch_events_path = _BATCH_EVENTS
        self._job_times = JobTimes()
        self.server_time: tuple[str, datetime] | None = None
        """The header `Date` of the last answer, and our time then."""

    @property
    def account(self) -> Account:
        return self._account

    # -- contacts --------------------------------------------------------------------------------------------------------

    async def upsert(self, command: UpsertContact) -> Answer:
        return await self._ask(_UPSERT, payloads.single_upsert(command), expect="contactId")

    async def upsert_many(self, commands: Sequence[UpsertContact]) -> Answer:
        """Different contacts in one asynchronous job; `Delivered` once the job has ended."""
        started = await self._ask(_BATCH_UPSERT, payloads.batch_upsert(commands), expect="requestId", items=len(commands))
        if not isinstance(started.outcome, Delivered) or started.outcome.upstream_id is None:
            return started
        outcome = await self._job_end(started.outcome.upstream_id)
        return _timed(started, outcome, self._clock())

    async def _job_end(self, request_id: str) -> Outcome:
        """Poll until the job has no message and names a file (section 2.10)."""
        is_number = request_id.isascii() and request_id.isdigit() and len(request_id) < _LONG_NUMBER
        number = int(request_id) if is_number else request_id
        waited = 0.0
        for checks, wait in enumerate(self._job_times.waits(), start=1):
            await asyncio.sleep(wait)
            waited += wait
            parsed = await self._parsed(_JOB, {"requestId": number})
            if isinstance(parsed, Refused):
                return Unknown("the job's state was refused")
            if isinstance(parsed, dict) and not parsed.get("message") and parsed.get("fileUrl"):
                self._job_times.ended(waited, checks)
                return Delivered(request_id)
            if waited >= JOB_PATIENCE_SECONDS:
                break
        return Unknown("the job did not end in time")

    async def ready(self) -> bool:
        """Wait until a call may leave. Its place is kept until it is made, or until nothing follows."""
        return await self._transport.reserve()

    def slot_is_valid(self, reading_seconds: float = 0.0) -> bool:
        return self._transport.holds_place(reading_seconds)

    def release_slot(self) -> None:
        self._transport.give_up()

    async def delete(self, command: DeleteContact) -> Answer:
        """Erase a contact for good; `Delivered` only when SALESmanago itself no longer has it (U19)."""
        asked = await self._ask(_DELETE, {"email": command.email, "permanently": True}, expect=None)
        if isinstance(asked.outcome, Throttled | Unreachable) or _is_account_wide(asked.outcome):
            return asked
        found = await self._parsed(_HAS_CONTACT, {"email": command.email})
        if isinstance(found, dict):
            gone = found.get("result") is False
            return _timed(asked, Delivered() if gone else Refused("SALESmanago still has the contact"), self._clock())
        return _timed(asked, found, self._clock())

    # -- events ----------------------------------------------------------------------------------------------------------

    async def add_event(self, event: AddEvent) -> Answer:
        return await self._ask(_EVENT, {"email": event.email, "contactEvent": payloads.event(event)}, expect="eventId")

    async def update_event(self, event: AddEvent) -> Answer:
        """A newer state of the event that this one overwrites. `Refused`, and this item's fault, where that is gone (U30)."""
        body = {"contactEvent": {**payloads.event(event), "eventId": event.overwrites}}
        answer = await self._ask(_EVENT_UPDATE, body, expect="eventId")
        return replace(answer, outcome=Refused("HTTP 404")) if answer.outcome == _NOT_THERE else answer

    async def add_events(self, events: Sequence[AddEvent]) -> list[Answer]:
        """Events of contacts that exist; an answer each, in order."""
        body = payloads.batch_events(events)
        started_at, clock = self._clock(), time.monotonic()
        parsed = await self._parsed(self._batch_events_path, body)
        if parsed == _NOT_THERE and self._batch_events_path == _BATCH_EVENTS:
            self._batch_events_path = _BATCH_EVENTS_OLD  # the documented older path (U4)
            parsed = await self._parsed(self._batch_events_path, body)
        outcomes = _per_event(parsed, events) if isinstance(parsed, dict) else [parsed] * len(events)
        calls: dict[Outcome, Call] = {}
        for outcome in outcomes:
            calls.setdefault(outcome, _call(self._batch_events_path, started_at, clock, outcome, len(events)))
        return [Answer(outcome, calls[outcome]) for outcome in outcomes]

    # -- reading ---------------------------------------------------------------------------------------------------------

    async def look_up(self, emails: Collection[str]) -> LookupResult:
        """What SALESmanago holds for addresses: statuses, tags with their points, events (section 2.6)."""
        return await self._contacts(_LIST, emails)

    async def statuses(self, emails: Collection[str]) -> LookupResult:
        """The newsletter statuses alone: the cheap reading (section 2.5)."""
        return await self._contacts(_BASIC, emails)

    async def _contacts(self, path: str, emails: Collection[str]) -> LookupResult:
        ordered = sorted(emails)
        seen: dict[str, RemoteContact] = {}
        answer = Answer(Delivered(), Call(path, self._clock(), 0, "delivered", "", 0))
        for start in range(0, len(ordered), CONTACTS_PER_READ):
            chunk = ordered[start : start + CONTACTS_PER_READ]
            started_at, clock = self._clock(), time.monotonic()
            parsed = await self._parsed(path, {"email": chunk})
            outcome: Outcome = Delivered() if isinstance(parsed, dict) else parsed
            shown = answers.seen_contacts(parsed, chunk) if isinstance(parsed, dict) else None
            too_long = parsed == TOO_LARGE and len(chunk) > 1  # of one alone it may be no answer at all: that is asked again
            if too_long or parsed == _TOO_MUCH or (isinstance(parsed, dict) and shown is None):
                outcome = _TOO_MUCH_SHOWN
            answer = Answer(outcome, _call(path, started_at, clock, outcome, len(chunk)))
            if shown is None:
                return LookupResult({}, answer)
            seen.update(shown)
        return LookupResult(seen, answer)

    async def modified(self, since: datetime, until: datetime, page: int) -> Modified:
        """A page, from 1, of who changed in a window of time (section 2.7). Our own writes are among them."""
        started_at, clock = self._clock(), time.monotonic()
        window = {"from": payloads.milliseconds(since), "to": payloads.milliseconds(until)}
        parsed = await self._parsed(_MODIFIED, {**window, "page": page, "size": MODIFIED_PER_PAGE})
        outcome: Outcome = Delivered() if isinstance(parsed, dict) else parsed
        answer = Answer(outcome, _call(_MODIFIED, started_at, clock, outcome, 1))
        if not isinstance(parsed, dict):
            return Modified((), False, answer)
        return Modified(answers.modified_emails(parsed), parsed.get("hasMore") is True, answer)

    async def owners(self) -> list[str] | Outcome:
        """The account's users: proves signature and rights (section 2.13)."""
        parsed = await self._parsed("/api/user/listByClient", {})
        if not isinstance(parsed, dict):
            return parsed
        users = parsed.get("users")
        return [user for user in users if isinstance(user, str)] if isinstance(users, list) else []

    # -- the wire --------------------------------------------------------------------------------------------------------

    async def _ask(self, path: str, body: Mapping[str, Any], *, expect: str | None, items: int = 1) -> Answer:
        """One call. Without the id it promises, a success is not believed (section 1.4)."""
        started_at, clock = self._clock(), time.monotonic()
        parsed = await self._parsed(path, body)
        outcome: Outcome
        if not isinstance(parsed, dict):
            outcome = parsed
        elif expect is None:
            outcome = Delivered()
        elif (given := answers.identifier(parsed.get(expect))) is None:
            outcome = Unknown(f"success without {expect}")
        else:
            outcome = Delivered(given)
        return Answer(outcome, _call(path, started_at, clock, outcome, items))

    async def _parsed(self, path: str, body: Mapping[str, Any]) -> dict[str, Any] | Outcome:
        """The JSON of a success, or what else the call came to."""
        whole = {**payloads.envelope(self._account, self._api_secret, self._clock()), **body}
        received = await self._transport.post(self._account.endpoint + path, whole, _HEADERS)
        if not isinstance(received, Reply):
            return received
        if (date := received.headers.get("date")) is not None:
            self.server_time = date, self._clock()
        if received.status == _NOT_FOUND:
            return _NOT_THERE
        if received.status in _FORBIDDEN:
            return Refused(f"HTTP {received.status}", account_wide=True)
        try:
            answer = await foreign_object(received.body)
        except TooMuch:
            return _TOO_MUCH
        if received.status != _OK:
            said = answers.messages(answer) if answer is not None else ""
            return Refused(scrubbed(f"HTTP {received.status} {said}".strip()))
        if answer is None or not isinstance(answer.get("success"), bool):
            if path == _DELETE and not received.body.strip():
                return {}  # seen in the wild: a deletion answers with an empty body (U19)
            return Unknown("HTTP 200 without a JSON answer")
        if answer["success"]:
            return answer
        said = answers.messages(answer)
        return Refused(scrubbed(said or "refused without a word"), account_wide=said.startswith(_ACCOUNT_MESSAGES))


_OK = 200
_FORBIDDEN = (401, 403)
_NOT_FOUND = 404
_NOT_THERE = Refused("HTTP 404", account_wide=True)
_TOO_MUCH = Unknown("the answer holds more values than we read")
_TOO_MUCH_SHOWN = Refused("SALESmanago shows more than we read")
"""Of those whom a read named. Fewer are asked about then, until those alone are left of whom too much is shown."""
_LONGEST_CALL_MS = 2**31 - 1


def _per_event(answer: Mapping[str, Any], events: Sequence[AddEvent]) -> list[Outcome]:
    """A batch may fail in part while `success` stays true (section 2.11): nothing is believed beyond what was counted."""
    shown = answer.get("failedContacts")
    failed = {one.strip().lower() for one in shown if isinstance(one, str)} if isinstance(shown, list) else set()
    created = answer.get("createdAmount")
    named = [event.email in failed for event in events]
    complete = isinstance(created, int) and not isinstance(created, bool) and created >= len(events) - sum(named)
    rest: Outcome = Delivered() if complete else Unknown("fewer events created than sent")
    return [Refused("SALESmanago does not take events of this contact") if bad else rest for bad in named]


def _is_account_wide(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.account_wide


def _call(path: str, started_at: datetime, clock: float, outcome: Outcome, items: int) -> Call:
    return Call(path, started_at, round((time.monotonic() - clock) * 1000), name_of(outcome), message_of(outcome), items)


def _timed(answer: Answer, outcome: Outcome, now: datetime) -> Answer:
    call = answer.call
    took = min(max((now - call.started_at) // timedelta(milliseconds=1), 0), _LONGEST_CALL_MS)  # a clock may jump meanwhile
    return Answer(outcome, Call(call.path, call.started_at, took, name_of(outcome), message_of(outcome), call.items))
