"""`gateway installation …`: is the database where it was, or may it be a copy that must send nothing (J5)?"""

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, local, out, run, show_json

installation = typer.Typer(no_args_is_help=True, help="Whether the database may be a copy, which sends nothing.")


@installation.command()
def show(polish: InPolish = False, as_json: AsJson = False) -> None:
    """Where the database is, and where it was confirmed. Exit code 1 while nothing is sent."""

    async def step() -> None:
        found = await ask("GET", "/installation")
        if as_json:
            show_json(found)
        else:
            colour = "green" if found["confirmed"] else "red"
            out.print(f"[{colour}]{escape(found['words_pl' if polish else 'words'])}[/{colour}]")
            for one in found["was"]:
                seen = "ostatnio używana" if polish else "in use there"
                out.print(f"    {escape(one['words'])}: {seen} {local(one['last_seen_at'])}")
        if not found["confirmed"]:
            raise typer.Exit(1)

    run(step())


@installation.command()
def confirm(polish: InPolish = False) -> None:
    """Say that no other gateway uses this database's original: from now on things are sent from here."""

    async def step() -> None:
        before = await ask("POST", "/installation/confirm")
        if before["confirmed"]:
            words = ("There was nothing to confirm.", "Nie było czego potwierdzać.")
        else:
            words = ("Confirmed. What waits is sent now.", "Potwierdzono. To, co czeka, jest teraz wysyłane.")
        out.print(words[polish])

    run(step())
