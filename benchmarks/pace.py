"""How much of an account's allowed call rate is used while a backlog waits, and whether it is ever exceeded."""

import time

from benchmarks.report import Figures, at_least, never
from benchmarks.stage import Stage
from chaos.ledger import overshoot
from chaos.world import until

CALLS_PER_SECOND = 4.0


def measure(stage: Stage, figures: Figures) -> None:
    span = stage.size(20, 8)
    with stage.gateway(pace=CALLS_PER_SECOND, worker=False) as gateway:
        events = int(span * CALLS_PER_SECOND * 120)  # more than so many calls can take along
        gateway.post(events, stage.run(), people=events)
        before = stage.sink.state()[0]
        gateway.world.gateway.stop()
        gateway.world.serve()
        until(lambda: stage.sink.state()[0] > before, 30)
        time.sleep(span + 3)
        times = stage.sink.times()[0][before:]
    began = times[0] + 2  # the first calls wait for the first round of planning
    used = sum(1 for at in times if began <= at < began + span)
    figures.add("share of the allowed calls used under backlog", used * 100 / (span * CALLS_PER_SECOND), "%", at_least(95))
    beyond = overshoot([at for at in times if at < began + span], CALLS_PER_SECOND)
    figures.add("calls beyond the allowed rate", beyond, "calls", never())
