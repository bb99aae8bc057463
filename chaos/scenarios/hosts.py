"""Workers on several hosts, and a network between them that fails (I3, I5, I6, I8, I10)."""

import random
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from chaos.hosts import Hosts
from chaos.ledger import Result, settle
from chaos.load import Crowd
from chaos.scenarios.postgresql import LEASE, shared
from chaos.suite import Stage, scenario
from chaos.world import Program, World, until


@scenario("hosts")
def hosts(stage: Stage) -> Iterator[Result]:
    """Three workers on hosts of their own; one after the other loses its network, the last for ever: others go on (I8, I10)."""
    cuts, longest = stage.size(8, 2), stage.size(25, 4)
    apart, dice = Hosts(3), random.Random(5)
    try:
        with stage.world(worker=False, **shared(stage)) as world:
            did = f"3 workers in network namespaces; {cuts} times one is cut off for up to {longest} s, then one for ever"
            result = Result("hosts", f"{did}; lease {LEASE:.0f} s")
            workers = [_worker(world, apart, host, stage.postgres.socket) for host in apart.names]
            crowd = Crowd(world.url, world.key(), name="ho", pause=0.05).start()
            until(lambda: crowd.count >= 30, 30)
            for turn in range(cuts):
                host = apart.names[turn % len(apart.names)]
                apart.cut(host)
                sent = world.states("ho").get("sent", 0)
                time.sleep(longest * (0.2 + 0.8 * dice.random()))
                result.demand(
                    until(lambda sent=sent: world.states("ho").get("sent", 0) > sent, 40),  # type: ignore[misc]
                    f"I10: nothing was delivered while {host} was cut off",
                )
                apart.join(host)
                time.sleep(longest * 0.2)
            apart.cut(apart.names[0])
            time.sleep(2)
            workers[0].kill()
            world.programs.remove(workers[0])
            result.kills += 1
            since = time.time()
            crowd.stop()
            ended = [program.name for program in world.programs if not program.running]
            result.demand(not ended, f"I10: ended: {ended}")
            yield settle(world, [crowd], result, since=since)
    finally:
        apart.close()


def _worker(world: World, apart: Hosts, host: str, folder: str) -> Program:
    port = apart.connect(host, f"{folder}/.s.PGSQL.5432", world.sandbox.port)
    name = urlsplit(world.environment["GATEWAY_DATABASE_URL"]).path
    address = {"GATEWAY_DATABASE_URL": f"postgresql+asyncpg://postgres@127.0.0.1:{port}{name}"}
    return world.worker(f"worker-{host}", prefix=apart.prefix(host), environment=address)
