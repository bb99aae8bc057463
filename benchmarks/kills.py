"""kill -9 under load, as the chaos suite plays it."""

from io import StringIO

from rich.console import Console

import chaos.scenarios  # noqa: F401 - they register themselves
from benchmarks.report import Figures, never
from benchmarks.stage import Stage
from chaos import suite


def measure(stage: Stage, figures: Figures) -> None:
    report = suite.run(["kill-random"], short=stage.short, told=Console(file=StringIO()))
    for result in report.results:
        if result.skipped:
            figures.skip(result.did, result.skipped, never())
            continue
        # A scenario that was not played to its end has lost nothing either: that alone must not look like a kept promise.
        figures.add(f"{result.did}: promises broken", len(result.broken), "promises", never())
        figures.add(f"{result.did}: accepted events", result.acknowledged, "events")
        figures.add(f"{result.did}: lost", result.lost, "events", never())
        figures.add(f"{result.did}: doubled", result.doubled, "effects", never())
        figures.add(f"{result.did}: out of order", result.out_of_order, "effects", never())
        figures.add(f"{result.did}: sent after an opt-out", result.after_opt_out, "effects", never())
