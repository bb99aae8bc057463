"""Ask the panel for what no push reported (R82): a page at a time, each stored with its events, so that none is lost or doubled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from app.domain.delivery.outcomes import Delivered, Outcome, Refused, message_of, pause_asked
from app.domain.errors import NotReady
from app.domain.intake.pushes import Scan, SourceName
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.formats.contact_values import email_address
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory
from app.sources.findings import NOTHING, Translation, as_arrived
from app.sources.idosell.rows.clients import client
from app.sources.idosell.rows.newsletter import Channel, subscriber
from app.sources.idosell.rows.orders import order
from app.sources.idosell.rows.reading import Row, whole
from app.sources.idosell.rows.returns import is_accepted, order_number, returned
from app.sources.idosell.rows.tags import tags_seen
from app.sources.idosell.scans import rounds
from app.sources.idosell.scans.gates import Gate, asked, ignores_the_window, shown, within
from app.sources.idosell.source import IdosellSource, Panel, Panels
from app.sources.platforms import Later
from app.sources.telling import TOUCHED, Teller

log = structlog.get_logger(__name__)

OVERLOADED_REST = timedelta(minutes=5)
PAGES_BETWEEN_CHECKS = 10
"""How often within a long window the panel is asked for its load."""


class _Counted:
    """A panel that counts its calls."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self.name = panel.name
        self.calls = 0

    async def ask(
        self, method: str, gate: str, body: Mapping[str, Any] | None = None, parameters: Mapping[str, str] | None = None
    ) -> tuple[Outcome, dict[str, Any]]:
        self.calls += 1
        return await self._panel.ask(method, gate, body, parameters)


class Scanner:
    """`pause`: between the beginnings of two rounds."""

    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        panels: Panels,
        source: IdosellSource,
        teller: Teller,
        clock: Clock,
        pause: timedelta,
    ) -> None:
        self._store = store
        self._directory = directory
        self._panels = panels
        self._source = source
        self._teller = teller
        self._clock = clock
        self._pause = pause
        self._due: dict[SourceName, datetime] = {}

    def seconds_until_due(self, name: SourceName) -> float:
        """So long no step reads anything of a panel, as far as the last one saw; never longer than the pause between two rounds."""
        due = self._due.get(name)
        return 0.0 if due is None else min((due - self._clock()).total_seconds(), self._pause.total_seconds())

    async def step(self, name: SourceName) -> int:
        """Read the next page of a panel, if it is time to; answers whether there was one."""
        shops = [shop for shop in self._directory.shops_of_source(name) if shop.enabled and shop.source.is_scanned]
        panel = next((found for shop in shops if (found := self._panels.panel_of(shop.id)) is not None), None)
        if panel is None:
            return 0
        now = self._clock()
        async with self._store.work() as work:
            scan = await work.pushes.scan(name)
        if scan.due_at is not None and now < scan.due_at:
            self._due[name] = scan.due_at
            return 0
        if (start := rounds.not_before(shops, now)) is not None:
            self._due[name] = start
            return 0
        if (again := rounds.is_used_up(scan, shops, now)) is not None:
            self._due[name] = again
            if scan.trouble != (resting := rounds.used_up(scan, now)).trouble:
                await self._save(name, resting)
            return 0
        counted = _Counted(panel)
        scan = rounds.going_on(scan, shops, now)
        try:
            scan = await self._step(scan, shops, counted)
        except Later as rest:
            scan = rounds.held_up(scan, now, rest.words, self._pause)
        await self._save(name, scan.called(rounds.day_of(now, shops), counted.calls))
        return counted.calls

    async def _step(self, scan: Scan, shops: Sequence[Shop], panel: _Counted) -> Scan:
        reading = rounds.next_gate(scan)
        if reading is None:
            return await self._tags(scan, shops, panel)
        gate, window = reading
        if window.page and window.page % PAGES_BETWEEN_CHECKS == 0 and await _is_overloaded(panel):
            return rounds.resting(scan, self._clock() + OVERLOADED_REST, "the panel says that it is overloaded")
        call = asked(gate, window, shops)
        outcome, answer = await panel.ask(call.method, call.path, call.body, call.parameters)
        if isinstance(outcome, Refused):  # a right is missing: the other gates go on
            return rounds.without_gate(scan, gate, message_of(outcome))
        if not isinstance(outcome, Delivered):
            rest = pause_asked(outcome) or rounds.REST
            words = f"{gate.value}: {message_of(outcome) or type(outcome).__name__}"
            return rounds.resting(scan, self._clock() + rest, words)
        page = shown(gate, answer)
        kept = within(gate, page, window, shops)
        if page.number not in (None, window.page):
            return rounds.without_gate(scan, gate, "the panel answered another page than was asked for")
        if ignores_the_window(page, kept):
            return rounds.without_gate(scan, gate, "the panel ignored the dates that were asked for")
        if failed := await self._pass_on(gate, kept, shops, panel):
            scan = rounds.with_failed(scan, gate, failed)
        return rounds.after_page(scan, gate, page.pages if page.rows else 0)

    async def _pass_on(self, gate: Gate, kept: Sequence[Row], shops: Sequence[Shop], panel: _Counted) -> int:
        """Answers how many rows failed by a defect: one must not keep the others from being read (R73)."""
        try:
            await self._report(gate, kept, shops, panel)
        except (NotReady, Later):
            raise
        except Exception:
            if len(kept) > 1:
                half = len(kept) // 2
                return sum([await self._pass_on(gate, some, shops, panel) for some in (kept[:half], kept[half:])])
            log.exception("scanned_row_failed", gate=gate.value, row=_number(kept[0]) if kept else None)
        else:
            return 0
        return len(kept)

    async def _report(self, gate: Gate, kept: Sequence[Row], shops: Sequence[Shop], panel: _Counted) -> None:
        found = as_arrived(await self._translated(gate, kept, shops, panel), self._clock())
        if found.left:
            log.info("rows_left", gate=gate.value, rows=len(found.left), first=found.left[0].reason.value)
        await self._teller.tell(found.findings)

    async def _translated(self, gate: Gate, kept: Sequence[Row], shops: Sequence[Shop], panel: _Counted) -> Translation:
        match gate:
            case Gate.CLIENTS:
                return sum((client(row, shops) for row in kept), NOTHING)
            case Gate.RETAIL | Gate.WHOLESALE:
                known = await self._source.known(panel, kept, shops, {})
                return sum((order(row, shops, known) for row in kept), NOTHING)
            case Gate.RETURNS:
                accepted = [row for row in kept if is_accepted(row)]
                numbers = [number for row in accepted if (number := order_number(row)) is not None]
                orders = await self._source.orders(panel, numbers)
                return sum((returned(row, shops, orders) for row in accepted), NOTHING)
            case Gate.EMAIL:
                return sum((subscriber(row, Channel.EMAIL, shops) for row in kept), NOTHING)
            case Gate.SMS:
                emails = await self._emails(kept, panel)
                return sum((subscriber(row, Channel.SMS, shops, emails) for row in kept), NOTHING)

    async def _emails(self, kept: Sequence[Row], panel: _Counted) -> dict[int, str]:
        """Addresses of the accounts in a list of phone numbers."""
        numbers = {number for row in kept if (number := whole(row.get("client_number")))}
        found: dict[int, str] = {}
        for number, row in (await self._source.clients(panel, numbers)).items():
            try:
                found[number] = email_address(str(row.get("clientEmail") or ""))
            except ValueError:
                continue
        return found

    async def _tags(self, scan: Scan, shops: Sequence[Shop], panel: _Counted) -> Scan:
        """Read the tags of an account that changed, or else of the next one of the slow scan; then the round ends."""
        ids = [shop.id for shop in shops]
        async with self._store.work() as work:
            touched = await work.pushes.keys_after(ids, TOUCHED, "", len(shops))
            walking = [] if touched else await work.pushes.keys_after(ids, "client:", scan.walked, len(shops))
            if not touched and not walking and scan.walked:
                walking = await work.pushes.keys_after(ids, "client:", "", len(shops))  # after the last one from the first
        chosen = touched or walking
        if not chosen:
            return rounds.finished(replace(scan, walked=""), self._clock(), self._pause)
        key = chosen[0][1]
        theirs = {shop_id for shop_id, other in chosen if other == key}
        number = int(key.rpartition(":")[2])
        at = self._clock()
        outcome, answer = await panel.ask("GET", "clients/tags", None, {"clientId": str(number)})
        if isinstance(outcome, Delivered):
            numbers = {shop.number for shop in shops if shop.id in theirs}
            try:
                await self._teller.tell(tags_seen(answer, number, numbers, shops, at).findings)
            except NotReady:
                raise
            except Exception:  # the tags of one account must not keep those of the others from being read (R73)
                log.exception("scanned_row_failed", gate="tags", row=number)
        elif not isinstance(outcome, Refused):
            raise Later(f"tags: {message_of(outcome) or type(outcome).__name__}")
        if touched:
            async with self._store.work() as work:
                await work.pushes.forget([(shop_id, key) for shop_id in theirs])
                await work.commit()
            return scan
        return rounds.finished(replace(scan, walked=key), self._clock(), self._pause)

    async def _save(self, name: SourceName, scan: Scan) -> None:
        async with self._store.work() as work:
            await work.pushes.save_scan(name, scan)
            await work.commit()


def _number(row: Row) -> int | None:
    """By which the panel knows what a row is about."""
    names = ("clientId", "orderSerialNumber", "id", "client_number")
    return next((number for name in names if (number := whole(row.get(name))) is not None), None)


async def _is_overloaded(panel: _Counted) -> bool:
    _, answer = await panel.ask("GET", "system/serverLoad")
    return answer.get("serverLoadStatus") == "overloaded"
