"""`gateway connect`: walk through connecting a shop on a platform, until its first delivery is seen."""

import asyncio
import secrets
import sys
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, ask, out, run, show_json

LOOK_SECONDS = 1.0
connect = typer.Typer(no_args_is_help=True, help="Connect a shop without writing code.")


@connect.command("idosell")
def connect_idosell(
    shop: Annotated[str, typer.Argument(help="The shop's id in the configuration.")],
    wait: Annotated[int, typer.Option("--wait", min=0, help="Seconds to wait for the first delivery.")] = 600,
    as_json: AsJson = False,
) -> None:
    """Try the rights of the panel's key, print what to enter in the panel, and wait for the first delivery."""

    async def step() -> None:
        found = await ask("GET", f"/connections/idosell/{shop}")
        if as_json:
            show_json(found)
            return
        _show(found)
        if not found["good"]:
            raise typer.Exit(1)
        if found["tokens"] and wait:
            await _first_delivery(found["panel"], wait)

    run(step())


def _show(found: dict[str, Any]) -> None:
    out.print("[bold]The rights of the key[/bold]")
    for one in found["checks"]:
        sign = "[green]✓[/green]" if one["good"] else "[red]✗[/red]"
        out.print(f"  {sign} {escape(one['what'])}  [dim]{one['area']} {one['level']}[/dim]  {escape(one['words'])}")
    if found["tokens"]:
        out.print("[bold]Enter in the panel, as a webhook[/bold]")
        sys.stdout.write(f"  address      {found['address']}\n  token        {found['tokens'][0]}\n  API version  8\n")
        out.print(f"  events       {', '.join(found['events'])}")
        out.print("  Bodies for the programmable Webhooki: docs/idosell.md")
    for words in found["notes"]:
        out.print(f"[yellow]→[/yellow] {escape(words)}", soft_wrap=True)
    if not found["tokens"]:
        _block(found)


def _block(found: dict[str, Any]) -> None:
    """What is to be written into the configuration, with a token nobody can guess."""
    variable = f"{found['shop_id'].upper().replace('-', '_')}_WEBHOOK_TOKEN"
    sys.stdout.write(
        f'\n[shops.{found["shop_id"]}.source]\nkind = "idosell"\npanel = {found["panel"] or "…"}\ntokens = ["env:{variable}"]\n\n'
        f"export {variable}={secrets.token_urlsafe(24)}\n"
    )


async def _first_delivery(panel: str, wait: int) -> None:
    before = {one["id"] for one in (await ask("GET", "/pushes", params={"limit": 500}))["pushes"] if one["source"] == panel}
    out.print(f"Waiting for a delivery of the panel, {wait} s at most. Change something in the panel; Ctrl-C ends the waiting.")
    for _ in range(wait):
        for one in (await ask("GET", "/pushes", params={"limit": 50}))["pushes"]:
            if one["source"] == panel and one["id"] not in before and one["state"] != "waiting":
                colour = "green" if one["state"] == "told" else "red"
                out.print(f"[{colour}]{escape(one['kind'])} arrived: {one['state']}[/]  {escape(one['words'] or '')}")
                out.print("The shop is connected. `gateway pushes list` shows what comes; switch `shadow` off when it looks right.")
                return
        await asyncio.sleep(LOOK_SECONDS)
    out.print("[yellow]Nothing came yet. The scan works all the same; look at the webhook's history in the panel.[/yellow]")
    raise typer.Exit(1)
