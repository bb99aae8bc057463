"""A worker that gets almost no processor time: late is not never, and late breaks no promise (I1 to I8)."""

import time
from collections.abc import Iterator
from typing import Any

from chaos.ledger import Result, overshoot, settle
from chaos.load import Crowd
from chaos.quota import Quota
from chaos.suite import Stage, scenario
from chaos.world import World, until

SHARE = 0.1
"""Of one core, as a container with a limit of 100m has."""
PACE = 10.0
"""Calls a second that each account allows."""


@scenario("starved")
def starved(stage: Stage) -> Iterator[Result]:
    """One worker held to a tenth of a core, eight accounts with a backlog, people resign meanwhile: it drains (I1-I8, I10)."""
    accounts, people, late = stage.size(8, 3), stage.size(40, 8), stage.size(6, 2)
    quota = Quota()
    setting: dict[str, Any] = {"database_url": stage.postgres.create(), "more_accounts": accounts, "calls_per_second": PACE}
    try:
        with stage.world(worker=False, **setting) as world:
            did = f"one worker at {SHARE:.0%} of a core ({quota.way}); {accounts} accounts with a backlog; opt-outs meanwhile"
            result = Result("starved", did)
            shops = [f"many{number}" for number in range(1, accounts + 1)]
            keys = world.keys(shops)
            waiting = [
                Crowd(world.url, keys[shop], name=f"st{shop}", shop=shop, senders=1, people=people, seed=at).start()
                for at, shop in enumerate(shops)
            ]
            for crowd in waiting:
                crowd.done(120)
            worker = world.worker("worker", prefix=quota.prefix)
            until(lambda: "delivered" in worker.log.read_text(errors="replace"), 60)  # it is up, and works at full speed
            quota.limit(SHARE, [worker])
            limited = time.time()
            lives: dict[str, Any] = {"senders": 1, "people": late, "pause": 0.4, "opt_outs": 1.0}
            resigning = [
                Crowd(world.url, keys[shop], name=f"rs{shop}", shop=shop, seed=100 + at, **lives).start()
                for at, shop in enumerate(shops)
            ]
            for crowd in resigning:
                crowd.done(180)
            crowds = [*waiting, *resigning]
            until(lambda: all(world.waiting(crowd.name) == 0 for crowd in crowds), stage.size(420, 120), pause=1.0)
            left = sum(world.waiting(crowd.name) for crowd in crowds)
            result.demand(not left, f"I10: {left} still wait after {time.time() - limited:.0f} s: it does not get on")
            _pace_kept(world, result, crowds)
            result.notes.append(f"at a tenth of a core {time.time() - limited:.0f} s")
            quota.lift()
            yield settle(world, crowds, result, since=limited)
    finally:
        quota.close()


def _pace_kept(world: World, result: Result, crowds: list[Crowd]) -> None:
    """Of each account by itself (I7): a call names somebody of one account alone."""
    times: dict[str, list[float]] = {}
    for entry in world.sandbox.entries():
        names = {crowd.name[2:] for crowd in crowds for email in entry["emails"][:1] if email.startswith(f"{crowd.name}s")}
        for shop in names:
            times.setdefault(shop, []).append(entry["at"] / 1000)
    result.overshoot = sum(overshoot(found, PACE) for found in times.values())
    calls = sum(map(len, times.values()))
    result.demand(result.overshoot == 0, f"I7: {result.overshoot} of {calls} calls beyond {PACE:.0f} a second and account")
