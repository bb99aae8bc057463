"""Pushes, what was seen, and scans, in both databases."""

from datetime import timedelta

from app.domain.intake.pushes import Cursor, NewPush, PushState, Remembered, Scan, Settled, SourceName, Window
from app.domain.values import replace
from app.storage.unit_of_work import Store
from tests.support.builders import at

T = at("2026-11-23T10:00")
PANEL = SourceName("idosell", "1234")


def a_push(uid: str, source: SourceName = PANEL, body: bytes = b"{}") -> NewPush:
    return NewPush(source=source, uid=uid, kind="orderCreated", content_type="application/json", body=body)


async def test_a_push_that_comes_twice_is_kept_once_and_as_it_came_first(store: Store) -> None:
    async with store.work() as work:
        await work.pushes.add([a_push("1"), a_push("1", body=b"other")], T)
        await work.pushes.add([a_push("1"), a_push("1", source=SourceName("idosell", "99"))], T + timedelta(minutes=1))
        due = await work.pushes.due(T + timedelta(hours=1), 10)
    assert [(one.source.name, one.body) for one in due] == [("1234", b"{}"), ("99", b"{}")]


async def test_a_translated_push_gives_up_its_body_and_one_that_was_not_understood_keeps_it(store: Store) -> None:
    async with store.work() as work:
        await work.pushes.add([a_push("1"), a_push("2")], T)
        first, second = (one.id for one in await work.pushes.due(T, 10))
        await work.pushes.settle(
            [Settled(first, PushState.TRANSLATED, 2), Settled(second, PushState.NOT_UNDERSTOOD, words="why")], T
        )
        assert await work.pushes.due(T + timedelta(days=1), 10) == []
        assert (await work.pushes.body(first), await work.pushes.body(second)) == (None, b"{}")
        lines = await work.pushes.lines(PANEL.platform, PANEL.name, None, 10)
    assert [(one.id, one.state, one.events, one.words) for one in lines] == [
        (second, PushState.NOT_UNDERSTOOD, 0, "why"),
        (first, PushState.TRANSLATED, 2, None),
    ]


async def test_a_push_that_was_not_understood_can_be_translated_again_and_one_that_was_cannot(store: Store) -> None:
    async with store.work() as work:
        await work.pushes.add([a_push("1"), a_push("2")], T)
        first, second = (one.id for one in await work.pushes.due(T, 10))
        await work.pushes.settle([Settled(first, PushState.TRANSLATED), Settled(second, PushState.NOT_UNDERSTOOD)], T)
        assert await work.pushes.again([first, second], T) == 1
        assert [one.id for one in await work.pushes.due(T, 10)] == [second]


async def test_a_push_that_was_put_off_waits_its_time_and_counts_its_tries(store: Store) -> None:
    async with store.work() as work:
        await work.pushes.add([a_push("1")], T)
        (push,) = await work.pushes.due(T, 10)
        await work.pushes.put_off([push.id], T + timedelta(minutes=5), "the panel does not answer")
        assert await work.pushes.due(T + timedelta(minutes=4), 10) == []
        (again,) = await work.pushes.due(T + timedelta(minutes=5), 10)
    assert again.tries == 1


async def test_traffic_knows_the_longest_gap_and_what_was_not_understood(store: Store) -> None:
    async with store.work() as work:
        for minutes in (0, 10, 45, 50):
            await work.pushes.add([a_push(str(minutes))], T + timedelta(minutes=minutes))
        (first, *_) = await work.pushes.due(T + timedelta(hours=1), 10)
        await work.pushes.settle([Settled(first.id, PushState.NOT_UNDERSTOOD)], T)
        other = SourceName("idosell", "99")
        await work.pushes.add([replace(a_push("other"), source=other)], T - timedelta(days=2))
        traffic = await work.pushes.traffic(T - timedelta(days=1))
        seen, nothing = traffic[PANEL], traffic[other]
    assert traffic.keys() == {PANEL, other}
    assert (seen.pushes, seen.longest_gap, seen.not_understood, seen.waiting) == (4, timedelta(minutes=35), 1, 3)
    assert (seen.last_at, seen.oldest_waiting_at) == (T + timedelta(minutes=50), T + timedelta(minutes=10))
    assert (nothing.last_at, nothing.pushes, nothing.usual, nothing.longest_gap) == (T - timedelta(days=2), 0, 1, timedelta())
    assert seen.usual == 4


async def test_what_was_usual_is_counted_up_to_the_last_push_however_long_ago_that_was(store: Store) -> None:
    async with store.work() as work:
        for hours in (-200, 0, 3, 8):
            await work.pushes.add([a_push(str(hours))], T + timedelta(hours=hours))
        seen = (await work.pushes.traffic(T + timedelta(days=20)))[PANEL]
        empty = (await work.pushes.traffic(T - timedelta(days=20)))[PANEL]
    assert (seen.pushes, seen.usual, seen.longest_gap) == (0, 3, timedelta(hours=5))
    assert (empty.pushes, empty.usual, empty.longest_gap) == (4, 3, timedelta(hours=200))


async def test_old_settled_pushes_are_removed_and_waiting_ones_stay(store: Store) -> None:
    async with store.work() as work:
        await work.pushes.add([a_push("1"), a_push("2")], T)
        first, _ = await work.pushes.due(T, 10)
        await work.pushes.settle([Settled(first.id, PushState.NOT_UNDERSTOOD)], T)
        assert await work.pushes.remove(T) == 0
        assert await work.pushes.remove(T + timedelta(days=30)) == 1
        assert len(await work.pushes.lines(None, None, None, 10)) == 1


async def test_what_was_seen_is_replaced_by_what_is_seen_later(store: Store) -> None:
    keys = [("shop1", f"order:{number}") for number in range(900)]
    async with store.work() as work:
        await work.pushes.remember({key: Remembered("a", T) for key in keys})
        await work.pushes.remember({keys[0]: Remembered("b", T + timedelta(seconds=1))})
        await work.pushes.remember({keys[0]: Remembered("an older look", T)})
        found = await work.pushes.seen([*keys, ("shop2", "order:0")])
        after = await work.pushes.keys_after(["shop1"], "order:", "order:898", 5)
    assert len(found) == 900
    assert found[keys[0]] == Remembered("b", T + timedelta(seconds=1))
    assert (
        after == [("shop1", "order:899"), ("shop1", "order:9"), ("shop1", "order:90"), ("shop1", "order:91"), ("shop1", "order:92")]
        or len(after) == 5
    )


async def test_a_scan_is_as_it_was_saved(store: Store) -> None:
    window = Window(since=T, until=T + timedelta(hours=1), page=3)
    scan = Scan(cursors={"clients": Cursor(until=T, window=window)}, day="2026-11-23", calls=7)
    async with store.work() as work:
        assert await work.pushes.scan(PANEL) == Scan()
        await work.pushes.save_scan(PANEL, scan)
        await work.pushes.save_scan(PANEL, scan.called("2026-11-23"))
        await work.commit()
    async with store.work() as work:
        assert await work.pushes.scan(PANEL) == scan.called("2026-11-23")
