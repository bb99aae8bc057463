"""`python -m hardening.mutation [FILE…]`: a table per module of `app/domain` of the mutants that tests noticed, and who survived.

A mutant that means the same as before, or is left alone on purpose, stands in `survivors.toml` with its reason. The command fails
when one survives without a reason, or when a reason is given for one that does not survive.
"""

import argparse
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hardening.mutation.functions import ROOT
from hardening.mutation.mutants import Mutant
from hardening.mutation.run import Run, run

SURVIVORS = Path(__file__).parent / "survivors.toml"
GUARD = (
    "app/domain/consent.py",
    "app/domain/decisions/guard.py",
    "app/domain/decisions/recheck.py",
    "app/domain/delivery/revocation.py",
)
"""What decides who may be opted in and what may be sent: nothing may survive here without meaning the same."""


class Tally:
    """What became of the mutants of each file."""

    def __init__(self, reasons: dict[str, str]) -> None:
        self._reasons = reasons
        self.killed: Counter[str] = Counter()
        self.explained: Counter[str] = Counter()
        self.survived: Counter[str] = Counter()
        self.needless: list[str] = []
        """Reasons given for what tests notice."""

    def add(self, mutant: Mutant, noticed: bool) -> None:
        file = mutant.file
        if noticed:
            self.killed[file] += 1
            if mutant.name in self._reasons:
                self.needless.append(mutant.name)
        elif mutant.name in self._reasons:
            self.explained[file] += 1
        else:
            self.survived[file] += 1
            sys.stdout.write(f"survived {mutant.line:4} {mutant.name}\n")
            sys.stdout.flush()

    def end_of(self, file: str) -> None:
        """A line per module at once: a run over everything takes long, and may be cut short."""
        counts = (self.killed[file], self.explained[file], self.survived[file])
        sys.stdout.write("done {}: {} killed, {} explained, {} survived\n".format(file, *counts))
        sys.stdout.flush()

    def table(self, files: Sequence[str]) -> Table:
        table = Table("module", "mutants", "killed", "explained", "survived")
        for file in files:
            counts = (self.killed[file], self.explained[file], self.survived[file])
            table.add_row(file, *(f"{one:,}" for one in (sum(counts), *counts)))
        sums = (self.killed.total(), self.explained.total(), self.survived.total())
        table.add_row("all", *(f"{one:,}" for one in (sum(sums), *sums)))
        return table


def reasons() -> dict[str, str]:
    """Name of a mutant -> why it may survive."""
    stored = tomllib.loads(SURVIVORS.read_text())
    return {f"{file}::{mutant}": reason for file, listed in stored.items() for mutant, reason in listed.items()}


def survivors_of(output: str) -> set[str]:
    """Names of the mutants that survived, from what a run printed."""
    return {line.split(maxsplit=2)[2] for line in output.splitlines() if line.startswith("survived ")}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hardening.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="modules; all of app/domain if none is named")
    parser.add_argument("--tests", nargs="+", default=["tests/domain"], help="what may notice (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="processor time for the tests of a mutant (default: %(default)s)")
    parser.add_argument("--only", default="", help="only mutants whose name has this in it")
    parser.add_argument("--inside", action="store_true", help="only inside of functions: at import costs far more")
    parser.add_argument("--again", type=Path, metavar="OUTPUT", help="only what survived in this output of an earlier run")
    parser.add_argument("--guard", action="store_true", help="only the modules of the consent guard")
    given = parser.parse_args()
    everything = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "app" / "domain").rglob("*.py"))
    before = None if given.again is None else survivors_of(given.again.read_text())
    files = list(GUARD) if given.guard else given.files or everything
    if before is not None:
        files = [file for file in files if any(name.startswith(f"{file}::") for name in before)]
    tally = Tally(reasons())

    def is_wanted(mutant: Mutant) -> bool:
        is_asked = given.only in mutant.name and (before is None or mutant.name in before)
        return is_asked and not (given.inside and mutant.function is None)

    plugin = Run(files, is_wanted, tally.add, tally.end_of, given.seconds)
    run(plugin, given.tests)
    if plugin.failing:
        sys.stdout.write("the tests fail without any change:\n" + "\n".join(plugin.failing) + "\n")
        return 2
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(tally.table(files))
    for name in tally.needless:
        console.print(f"[red]a test notices, no reason is needed:[/red] {name}", highlight=False)
    return 1 if tally.survived or tally.needless else 0


if __name__ == "__main__":
    sys.exit(main())
