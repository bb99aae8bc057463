"""Guards taken away one by one: a suite that does not notice proves nothing."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from chaos import suite


@dataclass(frozen=True)
class Mutation:
    """What is broken, and which scenario must say so, by which invariant."""

    about: str
    scenario: str
    invariant: str
    install: Callable[[], None]


def _replace(owner: Any, name: str, value: Any) -> None:
    """Raises `AttributeError` if there is no such name: a guard that has another by now would stay.

    Raises `TypeError` if it is called otherwise by now: then all would fail, and nothing be said of the guard.
    """
    takes = inspect.signature(getattr(owner, name)).parameters.values()
    positional = [one.name for one in takes if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    inspect.signature(value).bind(*positional, **{one.name: one.name for one in takes if one.kind is one.KEYWORD_ONLY})
    setattr(owner, name, value)


def _acknowledge_before_commit() -> None:
    from app.domain.intake.inbox import Accepted
    from app.services.intake import Intake

    commit: Callable[..., Coroutine[Any, Any, Any]] = Intake.accept
    late: set[asyncio.Task[Any]] = set()

    async def accept(self: Any, events: Any) -> Any:
        async def store() -> None:
            await asyncio.sleep(0.2)
            await commit(self, events)

        late.add(asyncio.create_task(store()))
        return [Accepted(one.event_id, False, datetime.now(UTC), one.warnings) for one in events]

    _replace(Intake, "accept", accept)


def _no_unique_key() -> None:
    import secrets

    from app.storage.inbox import Inbox

    original = Inbox.add

    async def add(self: Any, events: Any, received_at: Any) -> Any:
        renamed = [replace(one, event_id=f"{one.event_id}~{secrets.token_hex(4)}") for one in events]
        return await original(self, renamed, received_at)

    _replace(Inbox, "add", add)


def _no_look_up() -> None:
    from app.services.delivery.senders import to_salesmanago

    async def nothing(self: Any, dispatches: Any) -> None:
        del self, dispatches

    _replace(to_salesmanago._Sending, "_verify_unknown", nothing)  # noqa: SLF001


def _no_fence() -> None:
    from app.storage.outbox.attempts import Results

    async def everybody(self: Any, attempted: Any, destination: str) -> set[int]:
        del self, destination
        return {one.claim.contact_id for one in attempted}

    async def nothing(*_arguments: Any) -> None:
        """The key of the attempts is a second guard: the same number twice is refused by the database."""

    _replace(Results, "_still_held", everybody)
    _replace(Results, "_write_calls", nothing)


def _no_consent_recheck() -> None:
    from app.services.delivery import claims
    from app.services.planning import follow_ups
    from app.storage.inbox import Inbox

    async def nothing(*_arguments: Any, **_more: Any) -> list[Any]:
        return []

    def as_it_is(claim: Any, *_arguments: Any) -> Any:
        return claim

    async def no(*_arguments: Any, **_more: Any) -> bool:
        return False

    _replace(follow_ups, "revoke", nothing)
    _replace(Inbox, "has_urgent", no)
    _replace(claims, "rechecked", as_it_is)


def _no_retry_after() -> None:
    from app.clients import transport

    _replace(transport, "retry_after", lambda _headers, _now: 0.0)


def _no_pace() -> None:
    from app.clients.rate_limiter import RateLimiter

    async def at_once(_self: Any) -> None:
        return

    _replace(RateLimiter, "_slot", at_once)


def _reversed_events() -> None:
    import app.domain.delivery.coalesce
    from app.services.delivery import contact_dispatch

    original = app.domain.delivery.coalesce.coalesce

    def coalesce(commands: Any, *, perhaps_sent: bool = False) -> Any:
        bundle = original(commands, perhaps_sent=perhaps_sent)
        return replace(bundle, events=bundle.events[::-1])

    _replace(contact_dispatch, "coalesce", coalesce)


def _logs_payloads() -> None:
    import structlog

    from app.services.intake import Intake

    original: Callable[..., Coroutine[Any, Any, Any]] = Intake.accept

    async def accept(self: Any, events: Any) -> Any:
        structlog.get_logger("chaos").info("accepted", events=str(events))
        return await original(self, events)

    _replace(Intake, "accept", accept)


def _no_scan() -> None:
    from app.sources.idosell.scans.scanning import Scanner

    async def nothing(*_arguments: Any) -> int:
        return 0

    _replace(Scanner, "step", nothing)


MUTATIONS: dict[str, Mutation] = {
    "acknowledge-before-commit": Mutation("202 before the commit", "kill-random", "I1", _acknowledge_before_commit),
    "no-unique-key": Mutation("a repeated id is stored again", "replay", "I4", _no_unique_key),
    "no-look-up": Mutation("what perhaps arrived is sent again without a look", "ambiguous", "I3", _no_look_up),
    "no-fence": Mutation("a worker records after its lease was lost", "zombie", "I8", _no_fence),
    "no-consent-recheck": Mutation(
        "a withdrawal takes nothing back, nor is asked about when it leaves", "opt-out-in-backlog", "I6", _no_consent_recheck
    ),
    "no-retry-after": Mutation("Retry-After is not read", "throttled", "I7", _no_retry_after),
    "no-pace": Mutation("calls are not paced", "pace", "I7", _no_pace),
    "reversed-events": Mutation("events of a bundle are turned round", "outage", "I5", _reversed_events),
    "no-scan": Mutation("the panel is not scanned", "push-and-scan", "R82", _no_scan),
    "logs-payloads": Mutation("payloads are logged", "canaries", "I13", _logs_payloads),
}


def install(name: str) -> None:
    MUTATIONS[name].install()


def check(console: Console, names: list[str]) -> bool:
    """Play each mutation's scenario, short; every one must be found out by the invariant it breaks."""
    missed: list[str] = []
    for name in names or MUTATIONS:
        mutation = MUTATIONS[name]
        report = suite.run([mutation.scenario], short=True, patches=[f"mutate:{name}"])
        said = [words for result in report.results for words in result.broken]
        found = [words for words in said if words.startswith(mutation.invariant)]
        mark = "[green]found out[/green]" if found else "[red]NOT NOTICED[/red]"
        words = (found or said or ["nothing was reported"])[0]
        console.print(f"{mark}  {name}: {mutation.about} → {mutation.scenario}", highlight=False)
        console.print(f"           {words[:180]}", markup=False, highlight=False)
        missed += [] if found else [name]
    console.print("every guard is watched" if not missed else f"not noticed: {', '.join(missed)}")
    return not missed
