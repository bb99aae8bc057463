"""Say it once when something begins to be wrong, and once when it is over: in the log, to a webhook, by e-mail (R11, L5)."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Protocol

import structlog

from app.domain.errors import NotReady
from app.domain.operations.alarms import Alarm, AlarmNotice, AlarmsSaid, alarms_said
from app.services.health.alarm_raising import alarms_of
from app.services.health.health import Report
from app.services.ports.storage import Store

log = structlog.get_logger(__name__)


class Health(Protocol):
    async def quick_report(self) -> Report: ...


class Watch(Protocol):
    async def alarms(self) -> set[Alarm]: ...


Tell = Callable[[AlarmNotice], Awaitable[bool]]
"""Sends a notice; answers whether it was accepted. What was not is sent again the next time."""

MOST_UNSENT = 200
ENTRY = "alarms"
"""The entry of the store in which what was reported is written."""


class Alarms:
    def __init__(
        self,
        health: Health,
        *watches: Watch,
        store: Store,
        tells: Mapping[str, Tell] = MappingProxyType({}),
        guard: Watch | None = None,
    ) -> None:
        """`tells`: channel -> how notices are sent there. `guard`: what it says is said alone: in a copy of a database
        everything is late, and that is nobody's trouble.
        """
        self._health = health
        self._guard = guard
        self._watches = watches
        self._tells = tells
        self._store = store
        self._said = AlarmsSaid()
        self._is_written = True

    async def watch(self) -> int:
        """Check everything that has a limit. Answers 0: there is never more to do at once.

        What was said is stored, so neither a restart nor another worker says it twice, and its end is said by any that sees it.
        A process that dies between sending a notice and writing that down sends it again.
        """
        before = await self._read()
        guarded = frozenset(await self._guard.alarms() if self._guard is not None else ())
        now = before.raised | guarded if guarded else await self._check(before.raised)
        for shop, what in sorted(now - before.raised):
            log.warning("alarm", shop_id=shop, what=what)
        for shop, what in sorted(before.raised - now):
            log.warning("alarm_over", shop_id=shop, what=what)
        begun = [AlarmNotice(*one, over=False, id=secrets.token_hex(12)) for one in sorted(now - before.raised)]
        ended = [AlarmNotice(*one, over=True, id=secrets.token_hex(12)) for one in sorted(before.raised - now)]
        waiting = {name: (*before.unsent.get(name, ()), *begun, *ended)[-MOST_UNSENT:] for name in self._tells}
        await self._write(AlarmsSaid(now, waiting))
        for name, tell in self._tells.items():
            left = await _deliver(tell, self._said.unsent[name])
            if left != self._said.unsent[name]:
                await self._write(AlarmsSaid(now, {**self._said.unsent, name: left}))
        return 0

    async def _read(self) -> AlarmsSaid:
        """As of this process where the store cannot be read, or could not be written the last time."""
        if self._is_written:
            try:
                async with self._store.work() as work:
                    self._said = alarms_said(await work.registry.entry(ENTRY))
            except NotReady:
                pass
        return self._said

    async def _write(self, said: AlarmsSaid) -> None:
        """Where the store takes nothing this process remembers it, and writes it the next time."""
        changed = said.written() != self._said.written()
        self._said = said
        if self._is_written and not changed:
            return
        self._is_written = False
        try:
            async with self._store.work() as work:
                await work.registry.set_entry(ENTRY, said.written())
                await work.commit()
        except NotReady:
            return
        self._is_written = True

    async def _check(self, raised: frozenset[Alarm]) -> frozenset[Alarm]:
        report = await self._health.quick_report()
        now = frozenset(alarms_of(report))
        if not report.ready:
            return now | raised  # without a report nothing is known to be over
        for one in self._watches:
            now |= await one.alarms()
        return now


async def _deliver(tell: Tell, notices: tuple[AlarmNotice, ...]) -> tuple[AlarmNotice, ...]:
    """In the order in which things happened: the first that is not taken keeps the others waiting. Answers what still waits.

    A channel that fails delays no other, and receives nothing twice.
    """
    for number, notice in enumerate(notices):
        if not await tell(notice):
            return notices[number:]
    return ()
