"""A round is charged with its own work alone: by more, a starved worker would cut its rounds to single events."""

import asyncio

import pytest

from app.services.stopwatch import Stopwatch


async def test_what_others_do_while_the_work_waits_is_not_measured() -> None:
    now = 0.0

    async def work() -> str:
        nonlocal now
        for _ in range(3):
            now += 2.0
            assert watch.seconds == pytest.approx(now - others)
            await asyncio.sleep(0)
        return "done"

    async def other() -> None:
        nonlocal now, others
        while True:
            now, others = now + 50.0, others + 50.0
            await asyncio.sleep(0)

    others = 0.0
    watch = Stopwatch(lambda: now)
    beside = asyncio.create_task(other())
    assert await watch.measured(work()) == "done"
    beside.cancel()
    assert (watch.seconds, others >= 100.0) == (6.0, True)


async def test_measured_work_is_cancelled_and_fails_as_if_nobody_measured() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LookupError

    seen: list[str] = []
    task = asyncio.ensure_future(Stopwatch().measured(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]
    with pytest.raises(LookupError):
        await Stopwatch().measured(fails())
