"""A worker on a copied database takes events, decides, and calls nobody until a person confirms (J5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.bootstrap.gateway import Gateway
from app.domain.intake.inbox import EventState
from app.routers.events.examples import EXAMPLES
from app.services.from_salesmanago.polling import Poller
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from tests.support.gateways import Door, open_door
from tests.support.running.copies import copied_to

OFTEN = {"directory_seconds": 0.01, "poll_seconds": 0.01, "pull_seconds": 0.01, "sweep_seconds": 0.01, "nightly_seconds": 0.01}


@asynccontextmanager
async def copied(folder: Path) -> AsyncIterator[Door]:
    """The door of a gateway whose database was copied from one that ran."""
    copied_to(folder)
    async with open_door(folder, **OFTEN) as door:
        yield door


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What calls a neighbour, or begins to."""
    names: set[str] = set()
    steps = [(Poller, "pull_changed"), (Poller, "sweep"), (Backfills, "step_due"), (Reconciliations, "start_nightly")]
    steps += [(Reconciliations, "step_due")]
    for room, name in steps:

        async def noted(*_: object, said: str = f"{room.__name__}.{name}") -> int:
            names.add(said)
            return 0

        monkeypatch.setattr(room, name, noted)
    return names


async def until(done, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await done():  # noqa: ASYNC110 - loops of the worker do it
            await asyncio.sleep(0.01)


async def state_of(gateway: Gateway) -> EventState:
    return (await gateway.trace.of_event("shop2", EXAMPLES["registration"]["event_id"])).state


async def test_j5_a_copy_takes_and_decides_events_and_calls_nobody_until_it_is_confirmed(tmp_path: Path, called: set[str]) -> None:
    async with copied(tmp_path) as door:
        gateway = door.gateway
        claims = []

        async def deliver(destination: str, claimed: object) -> int:
            claims.append(destination)
            return 0

        gateway.delivery.deliver_due = deliver  # type: ignore[method-assign]
        gateway.worker.start()
        assert (await door.post("registrations", EXAMPLES["registration"], shop="shop2")).status_code == 202

        async def decided() -> bool:
            return await state_of(gateway) is EventState.PLANNED

        await until(decided)
        before = gateway.installation.whereabouts

        async def looked_again() -> bool:
            return gateway.installation.whereabouts is not before

        await until(looked_again)
        assert gateway.delivery is not None
        assert await gateway.delivery.due_destinations() == ["account:main"]
        assert (claims, called) == ([], set())
        ready = (await door.http.get("/readyz")).json()
        assert (ready["ready"], ready["sends"]) == (True, False)

        await gateway.installation.confirm()

        async def everything() -> bool:
            return bool(claims) and len(called) == 5

        await until(everything)
        assert gateway.installation.may_send
