"""kill -9: at random moments, and at the named points between the steps (I1, I3, I5, I6, I14)."""

import random
import time
from collections.abc import Iterator

from chaos.ledger import Result, first_send, settle, stop, totals
from chaos.load import Crowd
from chaos.suite import Stage, scenario
from chaos.world import until


@scenario("kill-random", in_short=True)
def kill_random(stage: Stage) -> Iterator[Result]:
    """kill -9 at random moments under load, opt-outs among the orders (I1, I3, I5, I6)."""
    kills = stage.size(50, 2)
    chance = random.Random(20261123)
    with stage.world() as world:
        result = Result("kill-random", f"kill -9 of the gateway {kills} times under load")
        crowd = Crowd(world.url, world.key(), name="kr", pause=0.02 if not stage.short else 0.06).start()
        restarts: list[float] = []
        for _ in range(kills):
            time.sleep(0.2 + chance.random() * 0.3 if stage.short else 0.3 + chance.random() * 1.2)
            world.gateway.kill()
            result.kills += 1
            restarts.append(time.time())
            world.serve()
        time.sleep(0.2 if stage.short else 1)
        crowd.stop()
        settle(world, [crowd], result, since=time.time(), final=False)
        result.first_send = None
        entries = world.sandbox.entries()
        for at in restarts:
            first_send(result, entries, at)  # the slowest of them
        totals(result, world)
        stop(result, world)
        yield result


@scenario("kill-points")
def kill_points(stage: Stage) -> Iterator[Result]:
    """kill -9 between the steps: before and after each commit, after the claim, between calls, in the middle of recording."""
    from chaos.failpoints import POINTS  # with all of the gateway, which no other scenario needs here

    for point in POINTS:
        yield _killed_at(stage, point, stage.size(3, 1))


@scenario("kill-points-few")
def kill_points_few(stage: Stage) -> Iterator[Result]:
    """The two points that tell most: stored but not answered, sent but not recorded."""
    for point in ("intake.after-commit", "delivery.after-events"):
        yield _killed_at(stage, point, 1)


def _killed_at(stage: Stage, point: str, times: int) -> Result:
    with stage.world(open_=False) as world:
        result = Result(
            f"kill at {point}", "kill -9 exactly there, at its " + ", ".join(["first", "second", "fourth"][:times]) + " pass"
        )
        world.open()
        crowd = Crowd(world.url, world.key(), name="kp", pause=0.005)
        world.gateway.kill()
        crowd.start()
        for number in (1, 2, 4)[:times]:
            world.serve(f"kill:{point}:{number}", wait=False)
            result.demand(world.gateway.wait(45), f"{point} was never reached")
            result.kills += 1  # at the point, or else by us
            world.gateway.kill()
        since = time.time()
        world.serve()
        until(lambda: crowd.count > 150, 20)
        crowd.stop()
        return settle(world, [crowd], result, since=since)
