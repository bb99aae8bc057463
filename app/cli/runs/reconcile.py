"""`gateway reconcile …`: compare both sides, look at the differences, repair them."""

import asyncio
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, out, run, show_json

reconcile = typer.Typer(no_args_is_help=True, help="Where SALESmanago, the panel and the gateway disagree.")

ShopName = Annotated[str, typer.Argument(help="The shop.")]
POLL_SECONDS = 0.5


@reconcile.command()
def preview(shop: ShopName, polish: InPolish = False, as_json: AsJson = False) -> None:
    """Compare, count, change nothing."""
    run(_go(shop, "preview", polish=polish, as_json=as_json))


@reconcile.command()
def repair(
    shop: ShopName,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Compare, and put right what is found, by the usual rules."""
    if not yes and not typer.confirm("Repair what the comparison finds?"):
        raise typer.Exit(1)
    run(_go(shop, "repair", polish=polish, as_json=as_json))


@reconcile.command()
def show(shop: ShopName, polish: InPolish = False, as_json: AsJson = False) -> None:
    """The newest comparison."""

    async def step() -> None:
        found = await ask("GET", "/reconciliations", params={"shop": shop})
        if as_json:
            show_json(found)
        elif found:
            _show(found[0], polish=polish)
        else:
            out.print(f"No comparison of {escape(shop)} yet. `gateway reconcile preview {escape(shop)}` makes one.")

    run(step())


async def _go(shop: str, mode: str, *, polish: bool, as_json: bool) -> None:
    found = await ask("POST", f"/reconciliations/{shop}", params={"mode": mode})
    with out.status("") as status:
        while found["phase"] != "finished" and not (found["trouble"] and found["checked"] == 0):
            status.update(f"{found['checked']} compared {escape(found['trouble'])}")
            await asyncio.sleep(POLL_SECONDS)
            found = await ask("GET", f"/reconciliations/{shop}/{found['id']}")
    if as_json:
        show_json(found)
    else:
        _show(found, polish=polish)


def _show(found: dict[str, Any], *, polish: bool) -> None:
    suffix = "_pl" if polish else ""
    head = f"[bold]Comparison {found['id']} of {escape(found['shop'])}[/bold]  {found['mode']}  [cyan]{found['phase']}[/cyan]"
    busy = f", {found['busy']} busy" if found["busy"] else ""
    out.print(f"{head}  {found['checked']} compared{busy}  {escape(found['trouble'])}")
    if not found["differences"]:
        out.print("[green]No difference.[/green]")
    for one in found["differences"]:
        out.print(f"  {one['number']:>6}  {escape(one['why' + suffix])}")
        out.print(f"          → {escape(one['repair' + suffix])}")
        out.print(f"          {escape(', '.join(one['samples']))}")
