"""Writes `docs/reference/` from the code: settings, the file of shops, commands, events, reasons, problems, metrics.

`make reference` writes the pages; a test holds them against the code. What is said of a thing stands in the code beside it.
"""

from pathlib import Path

from tools.reference import commands, configuration, events, lists

FOLDER = Path(__file__).parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """File name -> its whole text."""
    return {
        "settings.md": configuration.settings(),
        "shops-file.md": configuration.shops_file(),
        "commands.md": commands.commands(),
        "events.md": events.events(),
        "reasons.md": lists.reasons(),
        "problems.md": lists.problems(),
        "metrics.md": lists.of_metrics(),
    }
