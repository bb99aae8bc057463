"""Push and scan are one: any mixture, order, repetition or gap of pushes and scans ends in the same (R82), on both databases.

A history of a shop is played: people register, change, order, edit and cancel. Of every state the panel has a row. Some rows are
pushed, in any order, some twice, some never; scans read all rows as they are then, at any moment, and once at the end.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.domain.events import AccountChanged, CustomerRegistered, OrderCancelled, OrderPlaced
from app.sources.findings import NOTHING, Finding, Remembered, SourceEvent, Tellable, Translation, sifted
from app.sources.idosell.rows.clients import client
from app.sources.idosell.rows.orders import order
from tests.sources.samples import Json, a_client, an_order
from tests.sources.stage import Stage, source_shop
from tests.support.builders import at

SHOP = source_shop()
START = at("2026-01-01T00:00")
EXAMPLES = int(os.environ.get("PUSH_AND_SCAN_EXAMPLES", "8"))
"""On a database. `PUSH_AND_SCAN_EXAMPLES=1000 pytest tests/sources/test_push_and_scan_are_one.py` looks longer."""
PHASES = [Phase.explicit, Phase.generate, Phase.shrink]


@dataclass(frozen=True)
class Step:
    """What happens to a thing: which one, and what becomes of it."""

    thing: str
    number: int
    change: int


@dataclass(frozen=True)
class Play:
    """`deliveries`: for each state, at which later moments it is pushed (none = lost). `scans`: after which steps is scanned."""

    steps: tuple[Step, ...]
    deliveries: tuple[tuple[int, ...], ...]
    scans: frozenset[int]


STEPS = st.builds(Step, st.sampled_from(["client", "order", "cancel"]), st.integers(1, 3), st.integers(0, 3))


@st.composite
def plays(draw: Any) -> Play:
    steps = tuple(draw(st.lists(STEPS, min_size=1, max_size=12)))
    late = st.lists(st.integers(0, 6), max_size=2).map(tuple)
    deliveries = tuple(draw(st.lists(late, min_size=len(steps), max_size=len(steps))))
    return Play(steps, deliveries, frozenset(draw(st.sets(st.integers(0, len(steps)), max_size=4))))


def rows(steps: Sequence[Step]) -> list[tuple[str, Json]]:
    """The row of the panel after each step."""
    found = []
    state: dict[int, tuple[int, bool]] = {}
    for minute, step in enumerate(steps):
        when = f"2026-01-02 10:{minute:02}:00"
        if step.thing == "client":
            row = a_client(
                clientId=step.number,
                clientEmail=f"c{step.number}.{step.change}@example.com",
                clientRegistrationDate="2026-01-02",
                clientsLastModificationDate=when,
                newsletterEmailApprovalsData=[],
            )
            found.append(("client", row))
            continue
        quantity, stands = state.get(step.number, (1, True))
        quantity, stands = (step.change + 1, True) if step.thing == "order" else (quantity, not stands)
        state[step.number] = quantity, stands
        row = an_order(
            orderSerialNumber=step.number,
            orderDetails__orderAddDate="2026-01-02 09:00:00",
            orderDetails__orderChangeDate=when,
            orderDetails__orderStatus="new" if stands else "canceled",
        )
        row["orderDetails"]["productsResults"][0]["productQuantity"] = quantity
        found.append(("order", row))
    return found


def findings_of(kind: str, row: Json) -> tuple[Finding, ...]:
    return translation_of(kind, row).findings


def translation_of(kind: str, row: Json) -> Translation:
    return client(row, [SHOP]) if kind == "client" else order(row, [SHOP])


def heard(play: Play) -> list[list[tuple[str, Json]]]:
    """What arrives after each step, and at last: pushes that are due by then, and everything as it is where a scan happens."""
    states = rows(play.steps)
    arrivals: list[list[tuple[str, Json]]] = [[] for _ in range(len(states) + 8)]
    for at_step, (state, delays) in enumerate(zip(states, play.deliveries, strict=True)):
        for delay in delays:
            arrivals[at_step + delay].append(state)
    for at_step in play.scans:
        arrivals[at_step] += now_in_panel(states[:at_step])
    arrivals[-1] += now_in_panel(states)
    return arrivals


def now_in_panel(states: Sequence[tuple[str, Json]]) -> list[tuple[str, Json]]:
    latest = {(kind, row.get("clientId"), row.get("orderSerialNumber")): (kind, row) for kind, row in states}
    return list(latest.values())


def told_by(arrivals: Sequence[Sequence[tuple[str, Json]]]) -> list[SourceEvent]:
    memory: dict[tuple[str, str], Remembered] = {}
    told: list[SourceEvent] = []
    for batch in arrivals:
        found = [finding for kind, row in batch for finding in findings_of(kind, row)]
        news, changed = sifted(found, memory)
        memory |= changed
        told += [one for _, one in news]
    return told


def outcome(told: Sequence[SourceEvent]) -> dict[str, Any]:
    """What the newest word of each thing is: what SALESmanago ends up with, by the rules for versions (R09, R18)."""
    ended: dict[str, Any] = {}
    for one in told:
        event = one.event
        if isinstance(event, CustomerRegistered | AccountChanged):
            ended[f"client {event.customer.id}"] = max(
                ended.get(f"client {event.customer.id}", (START, "")), (event.at, event.customer.email)
            )
        elif isinstance(event, OrderPlaced):
            said = (event.as_of or event.at, 1, [str(item.quantity) for item in event.items])
            ended[f"order {event.order_id}"] = max(ended.get(f"order {event.order_id}", (START, 0, [])), said)
        elif isinstance(event, OrderCancelled):
            said = (event.at, 2, ["cancelled"])
            ended[f"order {event.order_id}"] = max(ended.get(f"order {event.order_id}", (START, 0, [])), said)
    return {name: said[-1] for name, said in ended.items()}


@given(plays())
@settings(max_examples=100, deadline=None)
def test_r82_any_mixture_of_pushes_and_scans_ends_as_a_scan_of_the_end_does(play: Play) -> None:
    states = rows(play.steps)
    assert outcome(told_by(heard(play))) == outcome(told_by([now_in_panel(states)]))


@given(plays())
@settings(max_examples=100, deadline=None)
def test_r82_no_event_is_stored_twice_and_every_id_has_one_meaning(play: Play) -> None:
    told = told_by(heard(play))
    ids = [one.event_id for one in told]
    assert len(ids) == len(set(ids))
    again = {one.event_id: one.event for one in told_by([rows(play.steps)])}
    # Of a registration the panel tells the day alone; its hour is that of the first state that was seen.
    exact = [one for one in told if one.event_id in again and not isinstance(one.event, CustomerRegistered)]
    assert all(one.event == again[one.event_id] for one in exact)


@given(plays())
@settings(max_examples=100, deadline=None)
def test_r20_somebody_who_registered_since_the_start_is_sent_as_registered_once(play: Play) -> None:
    told = told_by(heard(play))
    registered = [one.event.customer.id for one in told if isinstance(one.event, CustomerRegistered)]
    people = {row["clientId"] for kind, row in rows(play.steps) if kind == "client"}
    assert sorted(registered) == sorted(str(number) for number in people)


STORY = (
    Step("client", 1, 0),
    Step("order", 1, 0),
    Step("client", 1, 1),
    Step("order", 1, 2),
    Step("cancel", 1, 0),
    Step("order", 2, 1),
)
PLAY = Play(STORY, ((0, 3), (2, 2), (), (0,), (1, 0), ()), frozenset({2, 5}))


CHANGED_AFTER_A_CRASH = Play((Step("client", 1, 0), Step("client", 1, 1)), ((), ()), frozenset({1}))
"""The registration was told, and the scan that found it was not saved; the next look shows another state."""
CRASHES = st.frozensets(st.integers(0, 19), max_size=8)


async def test_r82_the_inbox_holds_each_event_once_whatever_is_pushed_scanned_or_killed(stage: Stage) -> None:
    """`crashes`: after which batches the process dies between telling what it heard and settling where it heard it."""
    loop = asyncio.get_running_loop()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES, database=None)
    @given(plays(), CRASHES)
    @example(PLAY, frozenset(range(20)))
    @example(CHANGED_AFTER_A_CRASH, frozenset({1}))
    def play(played: Play, crashes: frozenset[int]) -> None:
        asyncio.run_coroutine_threadsafe(in_the_inbox(stage, played, crashes), loop).result()

    await asyncio.to_thread(play)


async def in_the_inbox(stage: Stage, play: Play, crashes: frozenset[int]) -> None:
    async with stage.store.work() as work:
        for table in ("inbox", "pushes", "source_seen"):
            await work._connection.exec_driver_sql(f"DELETE FROM {table}")
        await work.commit()
    batches = heard(play)
    for number, batch in enumerate(batches):
        if number in crashes:
            await stage.teller.tell(sum((translation_of(kind, row) for kind, row in batch), NOTHING).findings)
            if number % 2 and number + 1 < len(batches):
                continue  # a scan that died: the next one may show something newer
        for at_push, (kind, row) in enumerate(batch):
            body = {"results": [row]} if kind == "client" else {"Results": [row]}
            await stage.push(f"{kind}Updated", body, uid=f"{number}-{at_push}")
        await stage.translated()
    events = await stage.events()
    told = [SourceEvent(one.event_id, one.event) for one in events if isinstance(one.event, Tellable)]
    states = rows(play.steps)
    assert outcome(told) == outcome(told_by([now_in_panel(states)]))
    registered = [one.event.customer.id for one in events if isinstance(one.event, CustomerRegistered)]
    assert sorted(registered, key=str) == sorted({str(row["clientId"]) for kind, row in states if kind == "client"})
