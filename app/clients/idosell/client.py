"""The panel's Admin API as values: newsletter agreements and tags of its customers (contract sections 2.1-2.13).

The panel ignores parameters it does not know, so what it echoes is compared with what was asked before anything is
written, and a write is believed only once it was read back.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from app.clients.foreign import TooMuch, foreign_object
from app.clients.idosell import payloads
from app.clients.idosell.payloads import EMPTY_RESULT, Fault, JsonObject, PanelAccount
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import TOO_LARGE, Outgoing, Reply, Transport, scrubbed
from app.domain.commands import MirrorTags, ReportErasure, SetSubscription
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.answers import Answer, Call, without_call
from app.domain.delivery.outcomes import (
    Delivered,
    NeedsPerson,
    NotNeeded,
    Outcome,
    Refused,
    Unknown,
    Unreachable,
    message_of,
    name_of,
)
from app.domain.panel_tags import TagChanges, changes, plain_name
from app.domain.reasons import Reason
from app.domain.runs.backfill import ACCOUNTS_PER_PAGE, Listing
from app.domain.shops.shop import Shop
from app.domain.values import replace

_Row = TypeVar("_Row")

ROWS_PER_WRITE = 100
IDS_PER_READ = 100
FAULTS_NAMED = 20
"""Of an answer, in its line of the trace."""

_CUSTOMER_READS = ("clients/crm/search", "clients/clients")
_WHOLE_PANEL = frozenset({1, 4})
"""On the gates that read customers: login failed, shop blocked by the vendor. Nobody's item is at fault (section 1.6)."""
_BAD_SHOP = frozenset({13, 14})
_BAD_DATA = frozenset(range(2, 22)) - _BAD_SHOP
"""Codes of the write gate that another try will not cure (section 2.11)."""
_SCOPE = re.compile(r"Scope: ([a-z]+), level: (rw|r)")


class _Ended(Exception):
    """A call that came to an end which ends the whole command."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class IdosellPanel:
    """One shop of a panel. Subscribers without account go to `notices`, if the shop has such an address (R56).

    `lock` is shared by all shops of the panel: a write names the agreements of every shop as they were read, so nobody else
    may change them between reading and writing.
    """

    def __init__(
        self,
        shop: Shop,
        api_key: str,
        transport: Transport,
        clock: Callable[[], datetime],
        lock: asyncio.Lock | None = None,
        notices: ShopWebhook | None = None,
    ) -> None:
        self._shop = shop
        self._base = f"{_host_only(shop.panel.base_url or '')}/api/admin/{shop.panel.version}/"
        self._key = api_key
        self._headers = {"X-API-KEY": api_key, "Accept": "application/json"}
        self._transport = transport
        self._clock = clock
        self._lock = lock or asyncio.Lock()
        self._notices = notices

    # -- newsletter ------------------------------------------------------------------------------------------------------

    async def set_subscription(self, command: SetSubscription, number: int) -> Answer:
        """Make this shop's newsletter of every account with the address as it should be; no other shop's."""
        started = self._started("clients/clients")
        try:
            async with self._lock:
                found = await self._accounts(command.email)
                if found or self._notices is None:
                    return started(await self._subscribed(found, command, number))
            return await self._notices.set_subscription(command, number)
        except _Ended as end:
            return started(end.outcome)

    async def _subscribed(self, found: Sequence[PanelAccount], command: SetSubscription, number: int) -> Outcome:
        if not found:
            return NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)
        ours = [account for account in found if self._shop.number in account.active_shops and account.login]
        if not ours:
            agrees = any(said is not None and said.status is Status.OPT_IN for said in (command.email_news, command.phone_news))
            if not agrees and all(self._is_right(account, command) for account in found):
                return Delivered(detail="the panel had it so already")  # nobody resigns from what they never had
            return NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP)
        wrong = [account for account in ours if not self._is_right(account, command)]
        if not wrong:
            return Delivered(detail="the panel had it so already")
        outcome = await self._write(wrong, command, number)
        if isinstance(outcome, Unknown):  # an unlisted code: once more, on what the panel shows now
            outcome = await self._write(await self._read([account.id for account in wrong]), command, number)
            if isinstance(outcome, Unknown):
                return NeedsPerson(Reason.PANEL_REFUSED, outcome.cause)
        if not isinstance(outcome, Delivered):
            return outcome
        again = {account.id: account for account in await self._read([account.id for account in wrong])}
        if any(account.id not in again or not self._is_right(again[account.id], command) for account in wrong):
            return Unknown("the panel did not store the change")
        if any(self._elsewhere(again[account.id]) != self._elsewhere(account) for account in wrong):
            return NeedsPerson(Reason.PANEL_REFUSED, "the panel changed agreements of other shops as well; look at the account")
        return outcome

    def _elsewhere(self, account: PanelAccount) -> tuple[frozenset[int], frozenset[int]]:
        """Agreements in the account's other shops, which no change of ours may touch (R53)."""
        others = account.active_shops - {self._shop.number}
        return account.email_agreed & others, account.sms_agreed & others

    async def _write(self, accounts: Sequence[PanelAccount], command: SetSubscription, number: int) -> Outcome:
        rows = [
            payloads.account_edit(account, self._shop.number, command.email_news, command.phone_news, f"command-{number}")
            for account in accounts
        ]
        answer = await self._gate("PUT", "clients/clients", payloads.edits(rows))
        results = payloads.rows(answer.get("results"))
        failed = [row for row in results if not payloads.is_yes(row.get("resultStatus"))]
        if len(results) == len(rows) and not failed:
            return Delivered()
        found = [fault for row in failed for fault in payloads.row_faults(row)] or payloads.faults(answer)
        return self._refusal(found)

    def _is_right(self, account: PanelAccount, command: SetSubscription) -> bool:
        said = ((command.email_news, account.email_agreed), (command.phone_news, account.sms_agreed))
        return all(_agrees(wanted, self._shop.number in agreed) for wanted, agreed in said)

    # -- tags ------------------------------------------------------------------------------------------------------------

    async def mirror_tags(self, command: MirrorTags, number: int) -> Answer:  # noqa: ARG002 - the port's; a set needs no name
        """Make the customer carry the wanted tags. A customer who does already costs two readings and no write."""
        started = self._started("clients/tags")
        try:
            async with self._lock:
                return started(await self._mirrored_everywhere(command))
        except _Ended as end:
            return started(end.outcome)

    # -- erasures --------------------------------------------------------------------------------------------------------

    async def report_erasure(self, command: ReportErasure, number: int) -> Answer:
        """No gate of the panel takes it: by a notice where the shop has an address for them, by a person otherwise."""
        if self._notices is not None:
            return await self._notices.report_erasure(command, number)
        return without_call(NeedsPerson(Reason.ERASED_BY_ANOTHER_SHOP), self._clock())

    async def _mirrored_everywhere(self, command: MirrorTags) -> Outcome:
        found = await self._accounts(command.email)
        if not found:
            return NotNeeded(Reason.NO_CARRIER_OF_TAGS)
        active = [account for account in found if self._shop.number in account.active_shops]
        outcomes = [await self._mirrored(account, command) for account in active or found]
        return next((one for one in outcomes if not isinstance(one, Delivered)), Delivered())

    async def _mirrored(self, account: PanelAccount, command: MirrorTags) -> Outcome:
        """Read, change, and after a row was refused read and change once more (section 2.6)."""
        refused: list[Fault] = []
        for folded in (False, True):
            wanted = await self._tag_changes(account, command)
            if wanted.is_empty:
                return Delivered()
            refused = await self._change_tags(account.id, _folded(wanted) if folded else wanted)
            if not refused:
                return Delivered()
        return NeedsPerson(Reason.PANEL_REFUSED, self._words(refused))

    async def _tag_changes(self, account: PanelAccount, command: MirrorTags) -> TagChanges:
        answer = await self._gate("GET", "clients/tags", parameters={"clientId": str(account.id)}, empty_is_fine=True)
        return changes(payloads.tags(answer), command.tags, self._shop.number)

    async def _change_tags(self, client_id: int, wanted: TagChanges) -> list[Fault]:
        """Take away before adding, so that a name that moved is never there twice for long. Answers what was refused."""
        refused = await self._by_row(
            "POST", "clients/tags/delete", wanted.remove, lambda ids: payloads.tags_to_remove(client_id, ids)
        )
        refused += await self._by_row(
            "PUT", "clients/tags", list(wanted.set.items()), lambda points: payloads.tags_to_set(client_id, dict(points))
        )
        refused += await self._by_row(
            "POST", "clients/tags", list(wanted.add.items()), lambda points: payloads.tags_to_add(client_id, dict(points))
        )
        return refused

    async def _by_row(
        self, method: str, gate: str, rows: Sequence[_Row], body: Callable[[Sequence[_Row]], JsonObject]
    ) -> list[Fault]:
        """Write rows, a hundred at a time; what is refused for its shape is halved. Answers what was not taken."""
        refused: list[Fault] = []
        for start in range(0, len(rows), ROWS_PER_WRITE):
            refused += await self._chunk(method, gate, rows[start : start + ROWS_PER_WRITE], body)
        return refused

    async def _chunk(
        self, method: str, gate: str, rows: Sequence[_Row], body: Callable[[Sequence[_Row]], JsonObject]
    ) -> list[Fault]:
        try:
            answer = await self._gate(method, gate, body(rows))
        except _Ended as end:
            if not isinstance(end.outcome, NeedsPerson) or len(rows) == 1:
                raise
            half = len(rows) // 2
            return await self._chunk(method, gate, rows[:half], body) + await self._chunk(method, gate, rows[half:], body)
        found = payloads.faults(answer)
        if not found and len(payloads.rows(answer.get("results"))) < len(rows):
            return [Fault(-1, "the panel did not confirm every row")]
        return found

    # -- finding ---------------------------------------------------------------------------------------------------------

    async def _accounts(self, email: str) -> list[PanelAccount]:
        """Every account with exactly this address. Addresses are not unique among accounts (uncertain point 8)."""
        answer = await self._gate("POST", "clients/crm/search", payloads.search_by_email(email), empty_is_fine=True)
        if payloads.echoed_page(answer) not in (None, 0):
            raise _Ended(Refused("the panel answered another page than was asked for", account_wide=True))
        found = payloads.found_ids(answer)
        if any(address != email for _, address in found):
            # A filter that is ignored returns everybody: nothing may be written on such an answer (section 1.4).
            raise _Ended(Refused("the panel ignored the search by e-mail", account_wide=True))
        ids = list(dict.fromkeys(number for number, _ in found))
        return await self._read(ids) if ids else []

    async def _read(self, ids: Sequence[int]) -> list[PanelAccount]:
        wanted = set(ids[:IDS_PER_READ])
        parameters = {"clientsIds": ",".join(map(str, sorted(wanted))), "resultsPage": "0", "resultsLimit": "100"}
        answer = await self._gate("GET", "clients/clients", parameters=parameters, empty_is_fine=True)
        if len(payloads.rows(answer.get("results"))) > IDS_PER_READ:
            raise _Ended(Refused("the panel ignored the limit of a page", account_wide=True))
        shown = payloads.accounts(answer)
        if any(account.id not in wanted for account in shown):
            raise _Ended(Refused("the panel ignored the list of customers", account_wide=True))
        return shown

    # -- listing ---------------------------------------------------------------------------------------------------------

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        """A page, from 0, of every account of the panel, or of those that changed since a time (section 2.9)."""
        started = self._started("clients/clients")
        parameters = {"resultsPage": str(page), "resultsLimit": str(ACCOUNTS_PER_PAGE)}
        if changed_since is not None:
            since = payloads.local_time(changed_since, self._shop)
            parameters["clientsLastModificationDate[clientsLastModificationDateBegin]"] = since
        try:
            answer = await self._gate("GET", "clients/clients", parameters=parameters, empty_is_fine=True)
            if payloads.echoed_page(answer) not in (None, page):
                raise _Ended(Refused("the panel answered another page than was asked for", account_wide=True))
            if len(payloads.rows(answer.get("results"))) > ACCOUNTS_PER_PAGE:
                raise _Ended(Refused("the panel ignored the limit of a page", account_wide=True))
        except _Ended as end:
            return Listing(started(end.outcome))
        total, pages = payloads.pages(answer)
        return Listing(started(Delivered()), tuple(payloads.listed_accounts(answer, self._shop)), total, pages)

    # -- reading for the source ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Of the panel, for what is remembered of it."""
        return self._base

    async def ask(
        self, method: str, gate: str, body: Mapping[str, Any] | None = None, parameters: Mapping[str, str] | None = None
    ) -> tuple[Outcome, dict[str, Any]]:
        """One reading call: what became of it, and the answer. Nothing found is an answer without rows (section 1.6)."""
        try:
            return Delivered(), await self._gate(method, gate, body, parameters=parameters, empty_is_fine=True)
        except _Ended as end:
            return end.outcome, {}

    # -- checks for the doctor -------------------------------------------------------------------------------------------

    async def examine(self) -> Outcome | None:
        """Does the key open what we need? None if so, else what it came to (section 2.17)."""
        try:
            await self._gate("GET", "system/serverTime")
            await self._gate("GET", "clients/clients", parameters={"resultsPage": "0", "resultsLimit": "1"}, empty_is_fine=True)
        except _Ended as end:
            return end.outcome
        return None

    async def write_back(self, email: str) -> Outcome | None:
        """Give a tag of this customer the points it has (section 2.3); None if there is no customer, or no tag."""
        try:
            async with self._lock:
                for account in await self._accounts(email):
                    parameters = {"clientId": str(account.id)}
                    shown = payloads.tags(await self._gate("GET", "clients/tags", parameters=parameters, empty_is_fine=True))
                    tag = next((one for one in shown if one.points > 0), None)
                    if tag is not None:
                        refused = await self._change_tags(account.id, TagChanges(set={tag.id: tag.points}))
                        return Refused(self._words(refused)) if refused else Delivered()
        except _Ended as end:
            return end.outcome
        return None

    async def is_overloaded(self) -> bool:
        """The panel's own word on its load (section 1.7). No word is no overload."""
        try:
            answer = await self._gate("GET", "system/serverLoad")
        except _Ended:
            return False
        return answer.get("serverLoadStatus") == "overloaded"

    # -- the wire --------------------------------------------------------------------------------------------------------

    async def _gate(
        self,
        method: str,
        gate: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        empty_is_fine: bool = False,
    ) -> dict[str, Any]:
        """One call. Raises `_Ended` for everything that is no answer to it; 207 is for the caller to read."""
        received = await self._transport.send(Outgoing(method, self._base + gate, self._headers, body, parameters or {}))
        if not isinstance(received, Reply):
            raise _Ended(received)
        try:
            answer = await foreign_object(received.body)
        except TooMuch:
            raise _Ended(TOO_LARGE) from None
        if received.status in (401, 403, 404):
            raise _Ended(Refused(self._front_words(received, answer), account_wide=True))
        if received.status not in (200, 207):
            raise _Ended(NeedsPerson(Reason.PANEL_REFUSED, self._front_words(received, answer)))
        if answer is None:
            raise _Ended(Unreachable(f"HTTP {received.status} without JSON") if body is None else Unknown("an answer without JSON"))
        found = payloads.faults(answer)
        if gate in _CUSTOMER_READS and method != "PUT" and any(fault.code in _WHOLE_PANEL for fault in found):
            raise _Ended(Refused(self._words(found), account_wide=True))
        if empty_is_fine and found and any(fault.code != EMPTY_RESULT for fault in found):
            raise _Ended(NeedsPerson(Reason.PANEL_REFUSED, self._words(found)))
        return answer

    def _started(self, gate: str) -> Callable[[Outcome], Answer]:
        """Stops the watch: the whole command is one line of the trace."""
        at, clock = self._clock(), time.monotonic()

        def ended(outcome: Outcome) -> Answer:
            took = round((time.monotonic() - clock) * 1000)
            return Answer(outcome, Call(gate, at, took, name_of(outcome), message_of(outcome), 1))

        return ended

    # -- words -----------------------------------------------------------------------------------------------------------

    def _refusal(self, found: Sequence[Fault]) -> Outcome:
        words = self._words(found)
        if any(fault.code in _BAD_SHOP for fault in found):
            return NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP, words)
        if found and all(fault.code in _BAD_DATA for fault in found):
            return NeedsPerson(Reason.PANEL_REFUSED, words)
        return Unknown(words or "the panel did not say what became of the change")

    def _words(self, found: Sequence[Fault]) -> str:
        return self._scrubbed("; ".join(f"fault {fault.code} {fault.words}".strip() for fault in found[:FAULTS_NAMED]))

    def _front_words(self, received: Reply, answer: Mapping[str, Any] | None) -> str:
        """Why the front refused. Of a missing right the area and level are what the merchant needs (section 1.2)."""
        said = " ".join(fault.words for fault in payloads.faults(answer)[:FAULTS_NAMED]) if answer is not None else ""
        scope = _SCOPE.search(said) or _SCOPE.search(received.headers.get("x-error", ""))
        if scope is not None:
            return f"HTTP {received.status}: the key needs the area {scope[1].upper()} with level {scope[2]}"
        return self._scrubbed(f"HTTP {received.status} {said}".strip())

    def _scrubbed(self, words: str) -> str:
        """Without the key, should the panel repeat it, and without addresses."""
        return scrubbed(words.replace(self._key, "<key>") if self._key else words)


def _agrees(wanted: TimedStatus | None, agreed: bool) -> bool:
    return wanted is None or agreed is (wanted.status is Status.OPT_IN)


def _folded(wanted: TagChanges) -> TagChanges:
    """Names in plain letters: what limits the panel sets on names is unknown (uncertain point 14)."""
    return replace(wanted, add={plain_name(name): points for name, points in wanted.add.items()})


def _host_only(address: str) -> str:
    """Scheme and host; whatever path the merchant typed along is dropped (section 1.1)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
