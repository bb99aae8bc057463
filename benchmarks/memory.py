"""The memory of a gateway that works through a backlog: how much, and does it grow?

It is started twice, as nearly every gateway was: only the very first start makes the database, and loads what does that.
"""

from benchmarks.report import Figures, at_most
from benchmarks.stage import Stage


def measure(stage: Stage, figures: Figures) -> None:
    events, parts = stage.size(6_000, 500), 4
    with stage.gateway() as gateway:
        gateway.world.gateway.stop()
        gateway.world.serve()
        held = []
        for _ in range(parts):
            wanted = stage.sink.state()[1] + events
            gateway.post(events, stage.run(), people=events // 2)
            stage.sink.wait_for(wanted)
            held.append(gateway.world.gateway.memory_mb())
    figures.add(f"memory of the gateway after {parts * events:,} events", held[-1], "MB", at_most(150))
    figures.add("memory: last quarter of them : second quarter", held[-1] / held[1], "×")
