"""`gateway pushes`: what shops' platforms pushed, and what became of it."""

import sys
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, local, out, run, show_json, show_table, table_of

pushes = typer.Typer(no_args_is_help=True, help="Pushes of shops' platforms.")

_COLOURS = {"waiting": "cyan", "told": "green", "not_understood": "red"}
_STATES = (
    {"waiting": "waiting", "told": "translated", "not_understood": "not understood"},
    {"waiting": "czeka", "told": "odczytane", "not_understood": "niezrozumiałe"},
)
_COLUMNS = (
    ("no.", "received", "push", "events", "state"),
    ("nr", "otrzymano", "powiadomienie", "zdarzenia", "stan"),
)
_NONE = (
    ("Nothing was pushed.", "Every push was understood."),
    ("Nie przyszło żadne powiadomienie.", "Wszystkie powiadomienia zrozumiano."),
)
_AGAIN = (
    ("There is no such push, or it was understood.", "It is translated once more."),
    ("Nie ma takiego powiadomienia albo zostało już zrozumiane.", "Powiadomienie zostanie odczytane jeszcze raz."),
)
Number = Annotated[int, typer.Argument(help="The push's number, as `list` shows it.", min=1)]


@pushes.command("list")
def list_pushes(
    wrong: Annotated[bool, typer.Option("--not-understood", help="Only those that were not understood.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=500, help="How many of the newest.")] = 50,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """What was pushed, the newest first."""

    async def step() -> None:
        answer = await ask("GET", "/pushes", params={"limit": lines, **({"state": "not_understood"} if wrong else {})})
        found = answer["pushes"]
        if as_json:
            show_json(answer)
            return
        if not found:
            none, every = _NONE[polish]
            out.print(f"[green]{every}[/green]" if wrong else none)
            return
        table = table_of(*_COLUMNS[polish])
        for one in found:
            state, words = _STATES[polish][one["state"]], one["words_pl" if polish else "words"]
            came = f"{one['platform']} {one['source']} {one['kind']}"
            became = f"[{_COLOURS[one['state']]}]{state}[/]" + (f": {escape(words)}" if words else "")
            table.add_row(str(one["id"]), local(one["received_at"]), escape(came), str(one["events"]), became)
        show_table(table)

    run(step())


@pushes.command("show")
def show_push(number: Number, polish: InPolish = False) -> None:  # noqa: ARG001  # of its refusals
    """The body of a push that was not understood, as it came. It is somebody's data."""

    async def step() -> None:
        sys.stdout.write((await ask("GET", f"/pushes/{number}/body"))["body"] + "\n")

    run(step())


@pushes.command("again")
def translate_again(number: Number, polish: InPolish = False) -> None:
    """Translate a push that was not understood once more."""

    async def step() -> None:
        done = (await ask("POST", f"/pushes/{number}/again"))["pushes"]
        out.print(_AGAIN[polish][bool(done)])

    run(step())
