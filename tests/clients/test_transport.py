"""The pace of calls: whoever waited for a place has it, whatever others call meanwhile (I6, I7)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest

from app.clients import rate_limiter
from app.clients.rate_limiter import SLOTS_GIVEN_UP, RateLimiter
from app.clients.transport import Outgoing, Reply, Transport
from app.domain.errors import NotReady


class Bucket:
    """Hands out turns that are free at once, and counts them."""

    def __init__(self) -> None:
        self.booked = 0

    async def take(self) -> float:
        self.booked += 1
        return 0.0

    async def closed_for(self) -> float:
        return 0.0

    async def throttled(self, rest_seconds: float) -> None:
        raise AssertionError("nobody complained")


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture(autouse=True)
def _places_outlast_a_busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 60.0)


async def call(limiter: RateLimiter) -> None:
    async with limiter:
        pass


@asynccontextmanager
async def a_hanging_call(limiter: RateLimiter) -> AsyncIterator[asyncio.Event]:
    """Its answer comes when the event is set, or at the end of the block."""
    answered, called = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        async with limiter:
            called.set()
            await answered.wait()

    hanging = asyncio.create_task(hang())
    await called.wait()
    try:
        yield answered
    finally:
        answered.set()
        await hanging


async def test_a_place_is_used_by_the_next_call_and_only_once(bucket: Bucket) -> None:
    limiter = RateLimiter(5, 2, bucket)
    await limiter.reserve()
    await call(limiter)
    assert bucket.booked == 1
    await call(limiter)
    assert bucket.booked == 2


async def test_reserving_twice_books_once(bucket: Bucket) -> None:
    limiter = RateLimiter(5, 2, bucket)
    await limiter.reserve()
    await limiter.reserve()
    assert bucket.booked == 1


async def test_another_task_takes_no_place_that_it_did_not_book(bucket: Bucket) -> None:
    limiter = RateLimiter(5, 2, bucket)
    await limiter.reserve()
    await asyncio.create_task(call(limiter))
    assert bucket.booked == 2
    await call(limiter)
    assert bucket.booked == 2


async def test_a_place_of_one_destination_is_none_at_another(bucket: Bucket) -> None:
    here, there = RateLimiter(5, 2, bucket), RateLimiter(5, 2, Bucket())
    await there.reserve()
    await call(here)
    assert bucket.booked == 1


async def test_a_slot_that_was_kept_too_long_is_booked_anew(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 0.05)
    limiter = RateLimiter(5, 2, bucket)
    await limiter.reserve()
    await asyncio.sleep(0.1)
    await call(limiter)
    assert bucket.booked == 2


async def test_a_slot_that_was_found_in_time_is_not_lost_while_the_body_is_written(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 0.05)
    monkeypatch.setattr(rate_limiter, "WRITING_SECONDS", 60.0)
    limiter = RateLimiter(5, 2, bucket)
    await limiter.reserve()
    assert limiter.holds_place()
    await asyncio.sleep(0.1)
    await call(limiter)
    assert bucket.booked == 1
    await limiter.reserve()
    await asyncio.sleep(0.1)
    assert not limiter.holds_place(), "nobody asked in time"


async def test_who_has_a_place_need_not_wait_for_calls_that_hang(bucket: Bucket) -> None:
    limiter = RateLimiter(5, 2, bucket)
    await limiter.reserve()
    async with a_hanging_call(limiter):
        another = asyncio.create_task(call(limiter))
        await asyncio.wait([another], timeout=0.05)
        assert not another.done(), "a kept place counts as a call in flight"
        async with asyncio.timeout(5):
            await call(limiter)
            await another
    assert bucket.booked == 3


async def test_a_place_that_is_given_up_is_free_for_others_and_given_up_once(bucket: Bucket) -> None:
    limiter = RateLimiter(5, 1, bucket)
    await limiter.reserve()
    other = asyncio.create_task(call(limiter))
    await asyncio.wait([other], timeout=0.05)
    assert not other.done()
    limiter.give_up()
    limiter.give_up()
    await asyncio.wait_for(other, 5)
    async with a_hanging_call(limiter):
        third = asyncio.create_task(call(limiter))
        await asyncio.wait([third], timeout=0.05)
        assert not third.done(), "giving up twice made no second place"
    await third


async def test_a_slot_that_cannot_be_booked_keeps_no_place() -> None:
    class Closed(Bucket):
        async def take(self) -> float:
            raise NotReady("no store")

    limiter = RateLimiter(5, 1, Closed())
    for _ in range(3):
        with pytest.raises(NotReady):
            await asyncio.wait_for(limiter.reserve(), 5)
        with pytest.raises(NotReady):
            await asyncio.wait_for(call(limiter), 5)


class Even(Bucket):
    """Each turn is a moment away."""

    async def take(self) -> float:
        await super().take()
        return 0.01


@pytest.mark.parametrize(("late", "booked"), [(0, 1), (1, 2), (2, 3), (99, 1 + SLOTS_GIVEN_UP)])
async def test_a_slot_for_which_the_process_woke_up_late_is_given_up_but_not_for_ever(
    late: int, booked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The calls that follow come in their own time: what comes late comes close before them (I7)."""
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 5.0)
    clock, wakings = [100.0], 0

    async def sleep(seconds: float) -> None:
        nonlocal wakings
        wakings += 1
        clock[0] += seconds + (6.0 if wakings <= late else 0.0)

    monkeypatch.setattr(rate_limiter, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(rate_limiter, "asyncio", SimpleNamespace(**vars(asyncio) | {"sleep": sleep}))
    bucket = Even()
    await RateLimiter(5, 2, bucket).reserve()
    assert (bucket.booked, wakings) == (booked, booked)


async def test_where_rest_was_asked_for_longer_than_anybody_waits_no_place_is_kept(bucket: Bucket) -> None:
    class Resting(Bucket):
        async def take(self) -> float:
            return 3600.0

        async def closed_for(self) -> float:
            return 3600.0

    transport = Transport(
        httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200))), RateLimiter(5, 1, Resting())
    )
    assert not await transport.reserve()
    assert not transport.holds_place()
    free = Transport(httpx.AsyncClient(), RateLimiter(5, 1, bucket))
    assert await free.reserve()
    assert free.holds_place()
    free.give_up()
    assert not free.holds_place()


async def test_nobody_has_a_place_while_as_many_calls_hang_as_may(bucket: Bucket) -> None:
    limiter = RateLimiter(5, 1, bucket)
    async with a_hanging_call(limiter) as answered:
        reserving = asyncio.create_task(limiter.reserve())
        await asyncio.wait([reserving], timeout=0.05)
        assert not reserving.done()
        assert bucket.booked == 1
        answered.set()
        await asyncio.wait_for(reserving, 5)
    assert bucket.booked == 2


async def test_a_body_is_sent_as_json_with_its_letters_and_bytes_as_they_are() -> None:
    seen: list[httpx.Request] = []

    def neighbour(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    transport = Transport(httpx.AsyncClient(transport=httpx.MockTransport(neighbour)), RateLimiter(1000))
    said = {"name": "Żółć", "value": 199.99, "tags": ["a"], "none": None, "yes": True, "at": 1_764_000_000_000}
    assert isinstance(await transport.send(Outgoing("POST", "https://x.example/", {}, said)), Reply)
    await transport.send(Outgoing("POST", "https://x.example/", {"Content-Type": "application/json;charset=UTF-8"}, said))
    await transport.send(Outgoing("PUT", "https://x.example/", {"Content-Type": "text/plain"}, b" signed "))
    assert [request.headers.get("content-type") for request in seen] == [
        "application/json",
        "application/json;charset=UTF-8",
        "text/plain",
    ]
    assert json.loads(seen[0].content) == said
    assert "Żółć".encode() in seen[0].content
    assert seen[2].content == b" signed "


async def test_a_slot_may_be_used_later_where_readings_took_long(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 0.01)
    limiter = RateLimiter(1000, 2, bucket)
    assert not limiter.holds_place(), "nothing was booked"
    await limiter.reserve()
    await asyncio.sleep(0.05)
    assert not limiter.holds_place(60), "it was lost before anybody knew how long readings take"
    await limiter.reserve()
    assert bucket.booked == 1, "now it is as good as before"
    assert limiter.holds_place(60)
    await call(limiter)
    await limiter.reserve()
    await asyncio.sleep(0.05)
    assert limiter.holds_place(0.001), "the next call is allowed as much"
    await call(limiter)
    assert bucket.booked == 2


async def test_a_process_that_is_quick_again_keeps_to_its_slots_again(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 0.01)
    monkeypatch.setattr(rate_limiter, "LATEST_SECONDS", 0.5)
    limiter = RateLimiter(1000, 2, bucket)
    for reading_seconds in (60, *[0.0] * 100):
        assert not limiter.holds_place(reading_seconds), "nothing is booked"
    await limiter.reserve()
    await asyncio.sleep(0.05)
    assert not limiter.holds_place()
    await limiter.reserve()
    assert bucket.booked == 2
