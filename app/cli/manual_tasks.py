"""`gateway hand-work`: changes from SALESmanago that only a person can make in a shop."""

from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, PerhapsShop, ask, out, run, show_json, wording_of

group = typer.Typer(no_args_is_help=True, help="Changes from SALESmanago that only a person can make in a shop.")


@group.command("list")
def list_manual_tasks(
    shop: PerhapsShop = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """What waits for a person, why, and what to do."""

    async def step() -> None:
        found = await ask("GET", "/hand-work", params={"shop": shop} if shop else {})
        if as_json:
            show_json(found)
            return
        if not found["items"]:
            calm = "Nie ma zadań ręcznych." if polish else "There is no manual task."
            out.print(f"[green]{calm}[/green]")
            return
        suffix = "_pl" if polish else ""
        wording = wording_of(suffix)
        for item in found["items"]:
            wanted = " · ".join(wording.summary(item["details"])) or wording.word("command", item["what"])
            out.print(f"[bold]{item['number']}[/bold]  {item['shop']}  {escape(item['email'])}  [cyan]{escape(wanted)}[/cyan]")
            if item["reason"]:
                out.print(f"    {escape(item['reason']['why' + suffix])}")
                out.print(f"    → {escape(item['reason']['what_to_do' + suffix])}")
            if item["answer"]:
                out.print(f"    {escape(wording.detail(item['answer']))}")

    run(step())


@group.command("done")
def manual_task_done(
    shop: Annotated[str, typer.Argument(help="The shop.")],
    number: Annotated[int, typer.Argument(help="The item's number.")],
    polish: InPolish = False,
) -> None:
    """A person carried it out: that is its receipt."""

    async def step() -> None:
        await ask("POST", f"/hand-work/{shop}/{number}/done")
        out.print("Zapisano." if polish else "Noted.")

    run(step())
