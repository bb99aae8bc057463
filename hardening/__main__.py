"""`make hardening`: every attack against a gateway in this process, and one table.

It ends within ten minutes on two cores: `--seconds N` gives each parser more time, `--inputs N` more inputs.
"""

import argparse
import asyncio
import sys
import time

from rich.console import Console
from rich.table import Table

from app.observability import logs
from hardening import access, inputs, sequences
from hardening.stage import Attack, Effort, Row, a_stage

ATTACKS: tuple[Attack, ...] = (
    access.strangers,
    access.other_shops,
    access.roles,
    access.guessing,
    inputs.document,
    sequences.sequences,
    inputs.parsers,
    inputs.bombs,
    inputs.inside,
)


async def attacked(effort: Effort) -> list[Row]:
    rows = []
    async with a_stage() as stage:
        for attack in ATTACKS:
            rows.append(await attack(stage, effort))
            sys.stderr.write(f"{rows[-1].name}: {rows[-1].inputs} inputs\n")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m hardening", description=__doc__)
    parser.add_argument("--inputs", type=int, default=2000, help="generated inputs per parser, at most (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=6, help="for each parser, at most (default: %(default)s)")
    given = parser.parse_args()
    logs.configure("CRITICAL", json=True)
    console, began = Console(width=None if sys.stdout.isatty() else 200), time.monotonic()
    rows = asyncio.run(attacked(Effort(given.inputs, given.seconds)))
    table = Table("what was tried", "OWASP API 2023", "inputs", "refused", "5xx", "held")
    for row in rows:
        counts = (f"{one:,}" for one in (row.inputs, row.refused, row.server_errors))
        table.add_row(row.name, row.covers, *counts, "[green]yes[/green]" if not row.broken else "[red]NO[/red]")
    console.print(table)
    for row in rows:
        for words in row.broken:
            console.print(f"[red]{row.name}:[/red] {words}", highlight=False)
    total = sum(row.inputs for row in rows)
    console.print(f"{total:,} inputs in {time.monotonic() - began:.0f} s, {sum(row.server_errors for row in rows)} answers of 5xx.")
    return 1 if any(row.broken or row.server_errors for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
