"""Whether the sources are well: silence, what was not understood, scans that do not end (R80, R82)."""

from datetime import timedelta

import pytest

from app.domain.intake.pushes import FEWEST, NewPush, PushState, Scan, Settled, SourceName, Traffic, is_silent
from app.domain.operations.open_items.words import OpenKind
from app.domain.values import replace
from app.sources.idosell.source import DISABLED
from app.sources.watching import SourceWatch
from tests.sources.samples import a_client, an_order
from tests.sources.stage import Stage, unreachable
from tests.support.builders import at

NOW = at("2026-11-23T12:00")
PANEL = SourceName("idosell", "1234")
PAUSE = timedelta(minutes=15)


def traffic(hours_ago: float, gap_hours: float, pushes: int = FEWEST) -> Traffic:
    return Traffic(last_at=NOW - timedelta(hours=hours_ago), longest_gap=timedelta(hours=gap_hours), usual=pushes)


@pytest.mark.parametrize(
    ("seen", "silent"),
    [
        (traffic(5, 1), False),
        (traffic(7, 1), True),
        (traffic(9, 8), False),
        (traffic(17, 8), True),
        (traffic(100, 1, pushes=FEWEST - 1), False),
        (Traffic(), False),
    ],
)
def test_r80_a_source_is_silent_when_no_push_came_for_twice_the_longest_gap_of_the_week(seen: Traffic, silent: bool) -> None:
    assert is_silent(seen, NOW) is silent


async def push(stage: Stage, number: int, *, understood: bool = True) -> None:
    async with stage.store.work() as work:
        await work.pushes.add([NewPush(source=PANEL, uid=str(number), kind="k", content_type="", body=b"")], stage.clock())
        state = PushState.TRANSLATED if understood else PushState.NOT_UNDERSTOOD
        due = await work.pushes.due(stage.clock(), 10)
        await work.pushes.settle([Settled(one.id, state) for one in due], stage.clock())
        await work.commit()


async def test_r80_silence_and_what_was_not_understood_raise_alarms_and_words(stage: Stage) -> None:
    watch = SourceWatch(stage.store, stage.directory, stage.clock, PAUSE)
    assert await watch.alarms() == set()
    for number in range(FEWEST):
        await push(stage, number, understood=number != 3)
        stage.clock.advance(minutes=10)
    assert await watch.alarms() == {("idosell 1234", "pushes_not_understood")}
    stage.clock.advance(hours=7)
    assert ("idosell 1234", "pushes_silent") in await watch.alarms()
    stage.clock.advance(days=8)
    assert ("idosell 1234", "pushes_silent") in await watch.alarms(), "it is no less silent because its last week is long past"
    stage.clock.advance(days=-8)
    words = " ".join(words.en for words in await watch.problems())
    assert "switches webhooks off" in words
    assert "1 push(es)" in words


async def test_r11_a_push_that_waits_for_ten_minutes_raises_an_alarm(stage: Stage) -> None:
    watch = SourceWatch(stage.store, stage.directory, stage.clock, PAUSE)
    unreachable(stage)
    await stage.push("orderCreated", {"Results": [an_order()]})
    await stage.translated()
    stage.clock.advance(minutes=9)
    assert await watch.alarms() == set()
    stage.clock.advance(minutes=2)
    assert await watch.alarms() == {("idosell 1234", "pushes_late")}
    assert "1 push(es) wait" in " ".join(words.en for words in await watch.problems())


async def test_r91_a_push_of_a_disabled_shop_says_so_is_no_alarm_and_goes_on_a_minute_after_it_is_enabled(stage: Stage) -> None:
    watch = SourceWatch(stage.store, stage.directory, stage.clock, PAUSE)
    await stage.configure(replace(stage.shops[0], enabled=False))
    await stage.push("clientUpdated", {"results": [{"clientId": 1024}]})
    await stage.translated()
    for _ in range(20):
        stage.clock.advance(minutes=1)
        (waiting,) = await stage.translated()
    assert (waiting.state, waiting.words) == (PushState.WAITING, DISABLED)
    assert await watch.alarms() == set()
    assert [(one.kind, one.number) for one in await watch.open_items()] == [(OpenKind.PUSH, 1)]
    stage.panel.answers["clients/clients"] = {"results": [a_client()]}
    await stage.configure(stage.shops[0])
    stage.clock.advance(minutes=1)
    (told,) = await stage.translated()
    assert told.state is PushState.TRANSLATED


async def test_r82_a_scan_that_does_not_end_raises_an_alarm_with_the_panels_words(stage: Stage) -> None:
    watch = SourceWatch(stage.store, stage.directory, stage.clock, PAUSE)
    async with stage.store.work() as work:
        await work.pushes.save_scan(PANEL, Scan(finished_at=stage.clock(), trouble="orders: HTTP 403"))
        await work.commit()
    assert await watch.alarms() == set()
    stage.clock.advance(minutes=46)
    assert await watch.alarms() == {("idosell 1234", "scan_late")}
    assert "orders: HTTP 403" in " ".join(words.en for words in await watch.problems())
