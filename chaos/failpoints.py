"""Named points at which a process kills itself, or falls asleep: between the steps whose order the promises hang on (I1, I3)."""

import functools
import os
import signal
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from app.clients.salesmanago.client import SalesmanagoClient
from app.services.delivery.claims import Claims
from app.services.delivery.loop import Delivery
from app.services.delivery.recorder import Recorder
from app.services.intake import Intake
from app.services.planning.planner import Planner
from app.storage.outbox.attempts import Results
from app.storage.unit_of_work import Work

_doing: ContextVar[str] = ContextVar("doing", default="")
"""Which step of `app` the running coroutine belongs to, so that its commit can be told from the others'."""


class Fuse:
    """A signal to the own process, at the n-th time: SIGKILL, or SIGSTOP for a worker that is to wake up again."""

    def __init__(self, number: int, signal_: signal.Signals) -> None:
        self._left = number
        self._signal = signal_

    def burn(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._signal)


def _wrap(owner: type, name: str, around: Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]) -> None:
    original = getattr(owner, name)
    setattr(owner, name, functools.wraps(original)(around(original)))


def _mark(owner: type, name: str, word: str) -> None:
    def around(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def marked(*arguments: Any, **more: Any) -> Any:
            token = _doing.set(word)
            try:
                return await original(*arguments, **more)
            finally:
                _doing.reset(token)

        return marked

    _wrap(owner, name, around)


def _at_commit(owner: type, name: str, *, before: bool) -> Callable[[Fuse], None]:
    """At the commit inside a step: just before it, or just after it and before anybody hears of it."""

    def arm(fuse: Fuse) -> None:
        _mark(owner, name, "this")

        def around(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def commit(*arguments: Any, **more: Any) -> Any:
                ours = _doing.get() == "this"
                if ours and before:
                    fuse.burn()
                made = await original(*arguments, **more)
                if ours and not before:
                    fuse.burn()
                return made

            return commit

        _wrap(Work, "commit", around)

    return arm


def _after(owner: type, name: str, *, if_found: bool = False) -> Callable[[Fuse], None]:
    """When a step has just ended (and found something)."""

    def arm(fuse: Fuse) -> None:
        def around(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            async def watched(*arguments: Any, **more: Any) -> Any:
                made = await original(*arguments, **more)
                if made or not if_found:
                    fuse.burn()
                return made

            return watched

        _wrap(owner, name, around)

    return arm


POINTS: dict[str, Callable[[Fuse], None]] = {
    "intake.before-commit": _at_commit(Intake, "_stored", before=True),
    "intake.after-commit": _at_commit(Intake, "_stored", before=False),
    "planner.before-commit": _at_commit(Planner, "_plan_round", before=True),
    "planner.after-commit": _at_commit(Planner, "_plan_round", before=False),
    "delivery.after-claim": _after(Claims, "claim", if_found=True),
    "delivery.after-contacts": _after(SalesmanagoClient, "upsert_many"),
    "delivery.after-events": _after(SalesmanagoClient, "add_events"),
    "delivery.after-calls": _after(Delivery, "_send"),
    "delivery.in-record": _after(Results, "_write_states"),
    "delivery.before-record-commit": _at_commit(Recorder, "_recorded_together", before=True),
    "delivery.after-record": _at_commit(Recorder, "_recorded_together", before=False),
}


def install(point: str, number: int, signal_: signal.Signals = signal.SIGKILL) -> None:
    POINTS[point](Fuse(number, signal_))
