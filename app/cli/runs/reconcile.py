"""`gateway reconcile …`: compare both sides, look at the differences, repair them."""

import asyncio
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, cause_in, out, run, show_json, sure, typed, wording_of

reconcile = typer.Typer(no_args_is_help=True, help="Where SALESmanago, the panel and the gateway disagree.")

ShopName = Annotated[str, typer.Argument(help="The shop.")]
POLL_SECONDS = 0.5


@reconcile.command()
def preview(shop: ShopName, polish: InPolish = False, as_json: AsJson = False) -> None:
    """Compare, count, change nothing."""
    run(_go(shop, {"mode": "preview"}, polish=polish, as_json=as_json))


@reconcile.command()
def repair(
    shop: ShopName,
    only: Annotated[
        list[str] | None, typer.Option(metavar="CAUSE", help="Only this cause, by the name in `show`; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Compare, and put right what is found, by the usual rules."""
    if not yes:
        causes = ", ".join(only or ())
        english = f"Repair what the comparison finds{f' of {causes}' if causes else ''}?"
        question = f"Naprawić to, co wykaże porównanie{f' ({causes})' if causes else ''}?"
        sure(question if polish else english, to_error=as_json)
    run(_go(shop, {"mode": "repair", "causes": only or []}, polish=polish, as_json=as_json))


@reconcile.command()
def show(shop: ShopName, polish: InPolish = False, as_json: AsJson = False) -> None:
    """The newest comparison."""

    async def step() -> None:
        found = await ask("GET", "/reconciliations", params={"shop": shop})
        if as_json:
            show_json(found)
        elif found["reconciliations"]:
            _show(found["reconciliations"][0], polish=polish)
        else:
            look = f"`{typed(f'gateway reconcile preview {escape(shop)}', polish=polish)}`"
            out.print(f"Nie było jeszcze porównania; zrobi je {look}." if polish else f"No comparison yet; {look} makes one.")

    run(step())


async def _go(shop: str, body: dict[str, Any], *, polish: bool, as_json: bool) -> None:
    found = await ask("POST", f"/reconciliations/{shop}", json=body)
    with out.status("") as status:
        while found["phase"] != "finished" and not (found["trouble"] and found["checked"] == 0):
            trouble = escape(cause_in(found["trouble"], "_pl" if polish else ""))
            status.update(f"porównano: {found['checked']} {trouble}" if polish else f"{found['checked']} compared {trouble}")
            await asyncio.sleep(POLL_SECONDS)
            found = await ask("GET", f"/reconciliations/{shop}/{found['id']}")
    if as_json:
        show_json(found)
    else:
        _show(found, polish=polish)


def _show(found: dict[str, Any], *, polish: bool) -> None:
    suffix = "_pl" if polish else ""
    wording = wording_of(suffix)
    mode, phase = wording.word("mode", found["mode"]), wording.word("phase", found["phase"])
    name, compared, busy = ("Porównanie", "porównano", "zajętych") if polish else ("Comparison", "compared", "busy")
    head = f"[bold]{name} {found['id']}: {escape(found['shop'])}[/bold]  {mode}  [cyan]{phase}[/cyan]"
    numbers = f"{compared}: {found['checked']}" + (f", {busy}: {found['busy']}" if found["busy"] else "")
    out.print(f"{head}  {numbers}  {escape(wording.cause(found['trouble']))}")
    if not found["differences"] and found["phase"] == "finished":
        out.print(f"[green]{'Bez różnic.' if polish else 'No difference.'}[/green]")
    for one in found["differences"]:
        out.print(f"  {one['number']:>6}  {escape(one['why' + suffix])}  [dim]{one['cause']}[/dim]")
        out.print(f"          → {escape(one['repair' + suffix])}")
        if one["samples"]:
            out.print(f"          {escape(', '.join(one['samples']))}")
