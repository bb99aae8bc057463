"""`make chaos`: every scenario against real processes, and one table. `python -m chaos NAME...` plays some of them."""

import argparse
import sys
import time

from rich.console import Console

import chaos.scenarios  # noqa: F401 - they register themselves
from chaos import mutations, suite

AT_ONCE = 3
"""Of the quick ones: most of their time is waiting."""


def main() -> int:
    asked = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 220)
    if asked.list:
        for one in suite.SCENARIOS.values():
            console.print(f"{one.name:24}{'short  ' if one.in_short else '       '}{one.about}", markup=False, highlight=False)
        return 0
    if asked.mutations:
        return 0 if mutations.check(console, asked.names) else 1
    unknown = [name for name in asked.names if name not in suite.SCENARIOS]
    if unknown:
        console.print(f"no such scenario: {', '.join(unknown)}")
        return 2
    names = asked.names or [one.name for one in suite.SCENARIOS.values() if one.in_short or not asked.short]
    began, at_once = time.monotonic(), AT_ONCE if asked.short and not asked.names else 1
    report = suite.run(names, short=asked.short, patches=asked.patch, told=console, at_once=at_once)
    took = time.monotonic() - began
    console.print()
    console.print(suite.table(report))
    console.print(suite.total(report), highlight=False)
    where = suite.write(report, short=asked.short, seconds=took)
    console.print(
        f"{len(report.results)} rows in {took:.0f} s; {where.name} written; {'all kept' if report.good else 'PROMISES BROKEN'}"
    )
    return 0 if report.good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m chaos", description="Faults against real processes, and a ledger check after each."
    )
    parser.add_argument("names", nargs="*", help="scenarios; all of them otherwise")
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--short", action="store_true", help="small sizes; without names only those that are quick")
    parser.add_argument("--mutations", action="store_true", help="remove one guard after the other: the suite must notice each")
    parser.add_argument("--patch", action="append", default=[], help="break something in every gateway, as mutate:NAME")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
