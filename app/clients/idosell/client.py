"""The panel's Admin API as values: newsletter agreements and tags of its customers (contract sections 2.1-2.13).

The panel ignores parameters it does not know, so what it echoes is compared with what was asked before anything is
written, and a write is believed only once it was read back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from app.clients.idosell import answers, payloads
from app.clients.idosell.answers import Fault, JsonObject, PanelAccount
from app.clients.idosell.gates import Ended, Gates
from app.clients.shop_webhook import ShopWebhook
from app.clients.transport import Transport
from app.domain.commands import MirrorTags, ReportErasure, SetSubscription
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.answers import Answer, without_call
from app.domain.delivery.outcomes import Delivered, NeedsPerson, NotNeeded, Outcome, Refused, Unknown
from app.domain.panel_tags import TagChanges, changes, plain_name
from app.domain.reasons import Reason
from app.domain.runs.backfill import ACCOUNTS_PER_PAGE, Listing
from app.domain.shops.shop import Shop
from app.domain.values import replace

_Row = TypeVar("_Row")

ROWS_PER_WRITE = 100


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
        self._gates = Gates(shop, api_key, transport, clock)
        self._clock = clock
        self._lock = lock or asyncio.Lock()
        self._notices = notices

    # -- newsletter ------------------------------------------------------------------------------------------------------

    async def set_subscription(self, command: SetSubscription, number: int) -> Answer:
        """Make this shop's newsletter of every account with the address as it should be; no other shop's."""
        started = self._gates.started("clients/clients")
        try:
            async with self._lock:
                found = await self._gates.accounts_with(command.email)
                if found or self._notices is None:
                    return started(await self._subscribed(found, command, number))
            return await self._notices.set_subscription(command, number)
        except Ended as end:
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
            outcome = await self._write(await self._gates.read([account.id for account in wrong]), command, number)
            if isinstance(outcome, Unknown):
                return NeedsPerson(Reason.PANEL_REFUSED, outcome.cause)
        if not isinstance(outcome, Delivered):
            return outcome
        again = {account.id: account for account in await self._gates.read([account.id for account in wrong])}
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
        answer = await self._gates.call("PUT", "clients/clients", payloads.edits(rows))
        results = answers.rows(answer.get("results"))
        failed = [row for row in results if not answers.is_yes(row.get("resultStatus"))]
        if len(results) == len(rows) and not failed:
            return Delivered()
        found = [fault for row in failed for fault in answers.row_faults(row)] or answers.faults(answer)
        return self._gates.refusal(found)

    def _is_right(self, account: PanelAccount, command: SetSubscription) -> bool:
        said = ((command.email_news, account.email_agreed), (command.phone_news, account.sms_agreed))
        return all(_agrees(wanted, self._shop.number in agreed) for wanted, agreed in said)

    # -- tags ------------------------------------------------------------------------------------------------------------

    async def mirror_tags(self, command: MirrorTags, number: int) -> Answer:  # noqa: ARG002 - the port's; a set needs no name
        """Make the customer carry the wanted tags. A customer who does already costs two readings and no write."""
        started = self._gates.started("clients/tags")
        try:
            async with self._lock:
                return started(await self._mirrored_everywhere(command))
        except Ended as end:
            return started(end.outcome)

    # -- erasures --------------------------------------------------------------------------------------------------------

    async def report_erasure(self, command: ReportErasure, number: int) -> Answer:
        """No gate of the panel takes it: by a notice where the shop has an address for them, by a person otherwise."""
        if self._notices is not None:
            return await self._notices.report_erasure(command, number)
        return without_call(NeedsPerson(Reason.ERASED_BY_ANOTHER_SHOP), self._clock())

    async def _mirrored_everywhere(self, command: MirrorTags) -> Outcome:
        found = await self._gates.accounts_with(command.email)
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
        return NeedsPerson(Reason.PANEL_REFUSED, self._gates.words(refused))

    async def _tag_changes(self, account: PanelAccount, command: MirrorTags) -> TagChanges:
        answer = await self._gates.call("GET", "clients/tags", parameters={"clientId": str(account.id)}, empty_is_fine=True)
        return changes(answers.tags(answer), command.tags, self._shop.number)

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
            answer = await self._gates.call(method, gate, body(rows))
        except Ended as end:
            if not isinstance(end.outcome, NeedsPerson) or len(rows) == 1:
                raise
            half = len(rows) // 2
            return await self._chunk(method, gate, rows[:half], body) + await self._chunk(method, gate, rows[half:], body)
        found = answers.faults(answer)
        if not found and len(answers.rows(answer.get("results"))) < len(rows):
            return [Fault(-1, "the panel did not confirm every row")]
        return found

    # -- listing ---------------------------------------------------------------------------------------------------------

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        """A page, from 0, of every account of the panel, or of those that changed since a time (section 2.9)."""
        started = self._gates.started("clients/clients")
        parameters = {"resultsPage": str(page), "resultsLimit": str(ACCOUNTS_PER_PAGE)}
        if changed_since is not None:
            since = payloads.local_time(changed_since, self._shop)
            parameters["clientsLastModificationDate[clientsLastModificationDateBegin]"] = since
        try:
            answer = await self._gates.call("GET", "clients/clients", parameters=parameters, empty_is_fine=True)
            if answers.echoed_page(answer) not in (None, page):
                raise Ended(Refused("the panel answered another page than was asked for", account_wide=True))
            if len(answers.rows(answer.get("results"))) > ACCOUNTS_PER_PAGE:
                raise Ended(Refused("the panel ignored the limit of a page", account_wide=True))
        except Ended as end:
            return Listing(started(end.outcome))
        total, pages = answers.pages(answer)
        return Listing(started(Delivered()), tuple(answers.listed_accounts(answer, self._shop)), total, pages)

    # -- reading for the source ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Of the panel, for what is remembered of it."""
        return self._gates.base

    async def ask(
        self, method: str, gate: str, body: Mapping[str, Any] | None = None, parameters: Mapping[str, str] | None = None
    ) -> tuple[Outcome, dict[str, Any]]:
        """One reading call: what became of it, and the answer. Nothing found is an answer without rows (section 1.6)."""
        try:
            return Delivered(), await self._gates.call(method, gate, body, parameters=parameters, empty_is_fine=True)
        except Ended as end:
            return end.outcome, {}

    # -- checks for the doctor -------------------------------------------------------------------------------------------

    async def examine(self) -> Outcome | None:
        """Does the key open what we need? None if so, else what it came to (section 2.17)."""
        try:
            await self._gates.call("GET", "system/serverTime")
            await self._gates.call(
                "GET", "clients/clients", parameters={"resultsPage": "0", "resultsLimit": "1"}, empty_is_fine=True
            )
        except Ended as end:
            return end.outcome
        return None

    async def write_back(self, email: str) -> Outcome | None:
        """Give a tag of this customer the points it has (section 2.3); None if there is no customer, or no tag."""
        try:
            async with self._lock:
                for account in await self._gates.accounts_with(email):
                    parameters = {"clientId": str(account.id)}
                    shown = answers.tags(await self._gates.call("GET", "clients/tags", parameters=parameters, empty_is_fine=True))
                    tag = next((one for one in shown if one.points > 0), None)
                    if tag is not None:
                        refused = await self._change_tags(account.id, TagChanges(set={tag.id: tag.points}))
                        return Refused(self._gates.words(refused)) if refused else Delivered()
        except Ended as end:
            return end.outcome
        return None

    async def is_overloaded(self) -> bool:
        """The panel's own word on its load (section 1.7). No word is no overload."""
        try:
            answer = await self._gates.call("GET", "system/serverLoad")
        except Ended:
            return False
        return answer.get("serverLoadStatus") == "overloaded"


def _agrees(wanted: TimedStatus | None, agreed: bool) -> bool:
    return wanted is None or agreed is (wanted.status is Status.OPT_IN)


def _folded(wanted: TagChanges) -> TagChanges:
    """Names in plain letters: what limits the panel sets on names is unknown (uncertain point 14)."""
    return replace(wanted, add={plain_name(name): points for name, points in wanted.add.items()})
