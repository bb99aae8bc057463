"""Calls to the gates of one shop's panel: what is an answer, what ends a command, and how customers are found.

The panel ignores parameters it does not know, so what it echoes is compared with what was asked (contract section 1.4).
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from app.clients.foreign import TooMuch, foreign_object
from app.clients.idosell import answers, payloads
from app.clients.idosell.answers import EMPTY_RESULT, Fault, PanelAccount
from app.clients.transport import TOO_LARGE, Outgoing, Reply, Transport, scrubbed
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outcomes import NeedsPerson, Outcome, Refused, Unknown, Unreachable, message_of, name_of
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop

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


class Ended(Exception):
    """A call that came to an end which ends the whole command."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class Gates:
    """Raises `Ended` for everything that is no answer to a call."""

    def __init__(self, shop: Shop, api_key: str, transport: Transport, clock: Callable[[], datetime]) -> None:
        self.base = f"{_host_only(shop.panel.base_url or '')}/api/admin/{shop.panel.version}/"
        self._key = api_key
        self._headers = {"X-API-KEY": api_key, "Accept": "application/json"}
        self._transport = transport
        self._clock = clock

    # -- finding ---------------------------------------------------------------------------------------------------------

    async def accounts_with(self, email: str) -> list[PanelAccount]:
        """Every account with exactly this address. Addresses are not unique among accounts (uncertain point 8)."""
        answer = await self.call("POST", "clients/crm/search", payloads.search_by_email(email), empty_is_fine=True)
        if answers.echoed_page(answer) not in (None, 0):
            raise Ended(Refused("the panel answered another page than was asked for", account_wide=True))
        found = answers.found_ids(answer)
        if any(address != email for _, address in found):
            # A filter that is ignored returns everybody: nothing may be written on such an answer (section 1.4).
            raise Ended(Refused("the panel ignored the search by e-mail", account_wide=True))
        ids = list(dict.fromkeys(number for number, _ in found))
        return await self.read(ids) if ids else []

    async def read(self, ids: Sequence[int]) -> list[PanelAccount]:
        wanted = set(ids[:IDS_PER_READ])
        parameters = {"clientsIds": ",".join(map(str, sorted(wanted))), "resultsPage": "0", "resultsLimit": "100"}
        answer = await self.call("GET", "clients/clients", parameters=parameters, empty_is_fine=True)
        if len(answers.rows(answer.get("results"))) > IDS_PER_READ:
            raise Ended(Refused("the panel ignored the limit of a page", account_wide=True))
        shown = answers.accounts(answer)
        if any(account.id not in wanted for account in shown):
            raise Ended(Refused("the panel ignored the list of customers", account_wide=True))
        return shown

    # -- the wire --------------------------------------------------------------------------------------------------------

    async def call(
        self,
        method: str,
        gate: str,
        body: Mapping[str, Any] | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        empty_is_fine: bool = False,
    ) -> dict[str, Any]:
        """One call. Raises `Ended` for everything that is no answer to it; 207 is for the caller to read."""
        received = await self._transport.send(Outgoing(method, self.base + gate, self._headers, body, parameters or {}))
        if not isinstance(received, Reply):
            raise Ended(received)
        try:
            answer = await foreign_object(received.body)
        except TooMuch:
            raise Ended(TOO_LARGE) from None
        if received.status in (401, 403, 404):
            raise Ended(Refused(self._front_words(received, answer), account_wide=True))
        if received.status not in (200, 207):
            raise Ended(NeedsPerson(Reason.PANEL_REFUSED, self._front_words(received, answer)))
        if answer is None:
            raise Ended(Unreachable(f"HTTP {received.status} without JSON") if body is None else Unknown("an answer without JSON"))
        found = answers.faults(answer)
        if gate in _CUSTOMER_READS and method != "PUT" and any(fault.code in _WHOLE_PANEL for fault in found):
            raise Ended(Refused(self.words(found), account_wide=True))
        if empty_is_fine and found and any(fault.code != EMPTY_RESULT for fault in found):
            raise Ended(NeedsPerson(Reason.PANEL_REFUSED, self.words(found)))
        return answer

    def started(self, gate: str) -> Callable[[Outcome], Answer]:
        """Stops the watch: the whole command is one line of the trace."""
        at, clock = self._clock(), time.monotonic()

        def ended(outcome: Outcome) -> Answer:
            took = round((time.monotonic() - clock) * 1000)
            return Answer(outcome, Call(gate, at, took, name_of(outcome), message_of(outcome), 1))

        return ended

    # -- words -----------------------------------------------------------------------------------------------------------

    def refusal(self, found: Sequence[Fault]) -> Outcome:
        words = self.words(found)
        if any(fault.code in _BAD_SHOP for fault in found):
            return NeedsPerson(Reason.NOT_ACTIVE_IN_SHOP, words)
        if found and all(fault.code in _BAD_DATA for fault in found):
            return NeedsPerson(Reason.PANEL_REFUSED, words)
        return Unknown(words or "the panel did not say what became of the change")

    def words(self, found: Sequence[Fault]) -> str:
        return self._scrubbed("; ".join(f"fault {fault.code} {fault.words}".strip() for fault in found[:FAULTS_NAMED]))

    def _front_words(self, received: Reply, answer: Mapping[str, Any] | None) -> str:
        """Why the front refused. Of a missing right the area and level are what the merchant needs (section 1.2)."""
        said = " ".join(fault.words for fault in answers.faults(answer)[:FAULTS_NAMED]) if answer is not None else ""
        scope = _SCOPE.search(said) or _SCOPE.search(received.headers.get("x-error", ""))
        if scope is not None:
            return f"HTTP {received.status}: the key needs the area {scope[1].upper()} with level {scope[2]}"
        return self._scrubbed(f"HTTP {received.status} {said}".strip())

    def _scrubbed(self, words: str) -> str:
        """Without the key, should the panel repeat it, and without addresses."""
        return scrubbed(words.replace(self._key, "<key>") if self._key else words)


def _host_only(address: str) -> str:
    """Scheme and host; whatever path the merchant typed along is dropped (section 1.1)."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
