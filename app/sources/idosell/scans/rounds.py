"""How a round of scans goes on, as functions from one `Scan` to the next; each is stored with the events of its page (R82).

    due ─▶ a window for every gate ─▶ page by page, gate after gate ─▶ tags of the accounts that changed ─▶ finished, until the next

A window overlaps the one before. One of several pages is read twice: rows that change while it is read leave it, and others move
to pages that were read already.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.intake.pushes import Cursor, Scan, Window
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.sources.idosell.scans.gates import MARGIN, Gate

SWEEPS = 2
REST = timedelta(minutes=2)
"""After no answer."""
TRIED_AGAIN_FOR = timedelta(days=1)
"""So long a row that fails keeps its gate's window open; then the log alone has it."""


def going_on(scan: Scan, shops: Sequence[Shop], now: datetime) -> Scan:
    """A round that is due begins; one that rested in the middle goes on where it was, and what it rested for is over."""
    if scan.due_at is None and scan.cursors:
        return scan
    return started(scan, shops, now) if next_gate(scan) is None else replace(scan, due_at=None, trouble=scan.left_out)


def held_up(scan: Scan, now: datetime, trouble: str, pause: timedelta) -> Scan:
    """Something that was needed got no answer. The gates are tried again soon; tags can wait for the next round."""
    if next_gate(scan) is None:
        return finished(replace(scan, trouble=trouble[:500]), now, pause)
    return resting(scan, now + REST, trouble)


def started(scan: Scan, shops: Sequence[Shop], now: datetime) -> Scan:
    """A window for every gate, from where it was read to until now. The first begins with the integration (R15)."""
    start = min(shop.integration_started_at for shop in shops)
    cursors: dict[str, Cursor] = {}
    for gate in Gate:
        known = scan.cursors.get(gate.value)
        since = start if known is None else max(known.until - MARGIN, start)
        window = Window(since=since, until=max(now, since))
        cursors[gate.value] = Cursor(until=known.until if known is not None else since, window=window)
    return replace(scan, cursors=cursors, due_at=None, trouble="", left_out="")


def next_gate(scan: Scan) -> tuple[Gate, Window] | None:
    """What is to be read next in this round."""
    for gate in Gate:
        cursor = scan.cursors.get(gate.value)
        if cursor is not None and cursor.window is not None:
            return gate, cursor.window
    return None


def after_page(scan: Scan, gate: Gate, pages: int) -> Scan:
    """A page was read, and its events are stored."""
    cursor = scan.cursors[gate.value]
    window = cursor.window
    assert window is not None
    if window.page + 1 < pages:
        return _with(scan, gate, replace(cursor, window=replace(window, page=window.page + 1)))
    if pages > 1 and window.sweep < SWEEPS:
        return _with(scan, gate, replace(cursor, window=replace(window, page=0, sweep=window.sweep + 1)))
    read_again = window.failed and window.until - cursor.until < TRIED_AGAIN_FOR
    return _with(scan, gate, Cursor(until=cursor.until if read_again else window.until))


def with_failed(scan: Scan, gate: Gate, rows: int) -> Scan:
    """Rows of the page failed by a defect: the others go on, and those are read again in the next rounds, for a while (R73)."""
    cursor = scan.cursors[gate.value]
    assert cursor.window is not None
    window = replace(cursor.window, failed=cursor.window.failed + rows)
    trouble = f"{gate.value}: {window.failed} row(s) could not be read by a defect of the gateway; the log says which"
    return replace(_with(scan, gate, replace(cursor, window=window)), trouble=trouble, left_out=trouble)


def without_gate(scan: Scan, gate: Gate, trouble: str) -> Scan:
    """The gate cannot be read in this round; the next one begins where this one did. The others go on."""
    cursor = scan.cursors[gate.value]
    words = f"{gate.value}: {trouble}"[:500]
    return replace(_with(scan, gate, replace(cursor, window=None)), trouble=words, left_out=words)


def resting(scan: Scan, until: datetime, trouble: str) -> Scan:
    """The panel is to be left alone for a while; the round goes on where it is."""
    return replace(scan, due_at=until, trouble=trouble[:500])


def finished(scan: Scan, now: datetime, pause: timedelta) -> Scan:
    return replace(scan, due_at=now + pause, finished_at=scan.finished_at if scan.trouble else now)


def not_before(shops: Sequence[Shop], now: datetime) -> datetime | None:
    """When the integration begins, if it has not (R15)."""
    start = min(shop.integration_started_at for shop in shops)
    return start if start >= now else None


def used_up(scan: Scan, now: datetime) -> Scan:
    """The calls of the day were made. How many that are may be changed in the configuration, so no time is stored."""
    return replace(scan, due_at=now, trouble=f"all {scan.calls} calls of the day were made")


def is_used_up(scan: Scan, shops: Sequence[Shop], now: datetime) -> datetime | None:
    """When the panel may be asked again, if the calls of the day were made (contract 1.7)."""
    zone = ZoneInfo(shops[0].time_zone)
    if scan.calls_on(day_of(now, shops)) < max(shop.source.calls_per_day for shop in shops):
        return None
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def day_of(now: datetime, shops: Sequence[Shop]) -> str:
    """In the panel's time."""
    return now.astimezone(ZoneInfo(shops[0].time_zone)).date().isoformat()


def _with(scan: Scan, gate: Gate, cursor: Cursor) -> Scan:
    cursors: Mapping[str, Cursor] = {**scan.cursors, gate.value: cursor}
    return replace(scan, cursors=cursors)
