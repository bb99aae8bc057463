"""Writes `docs/reference/` from the code: settings, the file of shops, commands, events, reasons, problems, rules, metrics;
and the list of decisions from their pages.

`make reference` writes the pages; a test holds them against the code. What is said of a thing stands in the code beside it.
"""

from pathlib import Path

from tools.reference import commands, configuration, events, lists

FOLDER = Path(__file__).parents[2] / "docs"


def pages() -> dict[str, str]:
    """Path in `docs/` -> its whole text."""
    return {
        "reference/settings.md": configuration.settings(),
        "reference/shops-file.md": configuration.shops_file(),
        "reference/commands.md": commands.commands(),
        "reference/events.md": events.events(),
        "reference/reasons.md": lists.reasons(),
        "reference/problems.md": lists.problems(),
        "reference/rules.md": lists.rules(),
        "reference/metrics.md": lists.of_metrics(),
        "decisions/index.md": lists.decisions(FOLDER / "decisions"),
    }
