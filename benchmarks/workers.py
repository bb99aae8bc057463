"""Workers held to a share of a core, so that the machine is not the limit: do more of them deliver more, and does one get on?"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.orders import a_batch
from benchmarks.report import Budget, Figures, at_least
from benchmarks.stage import Gateway, Stage, seconds
from chaos.quota import Quota
from chaos.world import Program

SHARE = 0.2
STARVED = 0.1
MANY_ACCOUNTS = 8
PER_POST = 50
WORKERS = 4
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Run:
    per_second: float
    worker_ms: float
    """Processor time of the workers per event."""
    database_ms: float


def measure(stage: Stage, figures: Figures) -> None:
    """Four workers against one, with eight accounts and with one; then one that is starved."""
    probe = Quota()
    exact, why = probe.is_exact, probe.way
    probe.close()
    for accounts, budget in ((MANY_ACCOUNTS, at_least(3.2)), (1, at_least(2.5))):
        name = f"PostgreSQL, {accounts} account{'s' * (accounts > 1)}, workers at {SHARE:.0%} of a core"
        ratio = f"{name}: {WORKERS} : 1"
        if not exact:
            figures.skip(ratio, why, budget)
            continue
        one, many = (_run(stage, accounts, workers, SHARE, stage.size(6_000, 600)) for workers in (1, WORKERS))
        for number, run in ((1, one), (WORKERS, many)):
            figures.add(f"{name}, {number}", run.per_second, "events/s")
            figures.add(f"{name}, {number}: processor time of the workers", run.worker_ms, "ms/event")
            figures.add(f"{name}, {number}: processor time of PostgreSQL", run.database_ms, "ms/event")
        figures.add(ratio, many.per_second / one.per_second, "×", budget)
    _starved(stage, figures, why if not exact else "", at_least(0.5))


def _starved(stage: Stage, figures: Figures, why_not: str, budget: Budget) -> None:
    name = f"one worker at {STARVED:.0%} of a core, {MANY_ACCOUNTS} accounts : {STARVED:.0%} of what a whole core does"
    if why_not:
        figures.skip(name, why_not, budget)
        return
    whole = _run(stage, MANY_ACCOUNTS, 1, 1.0, stage.size(6_000, 600))
    starved = _run(stage, MANY_ACCOUNTS, 1, STARVED, stage.size(2_400, 300))
    figures.add(f"one worker with a whole core, {MANY_ACCOUNTS} accounts", whole.per_second, "events/s")
    figures.add(f"one worker at {STARVED:.0%} of a core, {MANY_ACCOUNTS} accounts", starved.per_second, "events/s")
    figures.add(name, starved.per_second / (whole.per_second * STARVED), "×", budget)


def _run(stage: Stage, accounts: int, workers: int, share: float, events: int) -> _Run:
    """Events wait; then the workers are let go, each held to its share. From that moment to the last event at the sink."""
    quotas = [Quota() for _ in range(workers)]
    try:
        with stage.gateway(stage.postgres.create(), worker=False, more_accounts=accounts) as gateway:
            shops = [f"many{number}" for number in range(1, accounts + 1)]
            keys = gateway.world.keys(shops)
            started = [gateway.world.worker(f"worker{at}", prefix=quota.prefix) for at, quota in enumerate(quotas)]
            before_all = stage.sink.state()[1]
            for round_ in (1, 2):  # everybody is up and connected
                _post(stage, gateway, keys, PER_POST * accounts)
                stage.sink.wait_for(before_all + round_ * PER_POST * accounts)
            for program in started:
                program.signal(signal.SIGSTOP)
            wanted = stage.sink.state()[1] + events
            _post(stage, gateway, keys, events)
            before, of_postgres = sum(map(_cpu, started)), stage.postgres.processor_seconds()
            for quota, program in zip(quotas, started, strict=True):
                quota.limit(share, [program])
                program.signal(signal.SIGCONT)
            took = seconds(lambda: stage.sink.wait_for(wanted))
            worked = sum(map(_cpu, started)) - before
            return _Run(events / took, worked * 1000 / events, (stage.postgres.processor_seconds() - of_postgres) * 1000 / events)
    finally:
        for quota in quotas:
            quota.close()


def _post(stage: Stage, gateway: Gateway, keys: dict[str, str], events: int) -> None:
    run, shops = stage.run(), list(keys)
    with httpx.Client(base_url=gateway.world.url, timeout=120) as http:
        for number, start in enumerate(range(0, events, PER_POST)):
            shop = shops[number % len(shops)]
            batch = a_batch(range(start, min(start + PER_POST, events)), run, events // 2)
            headers = {"Authorization": f"Bearer {keys[shop]}"}
            http.post(f"/v1/shops/{shop}/events", json=batch, headers=headers).raise_for_status()


def _cpu(program: Program) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
