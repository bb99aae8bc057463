"""`gateway connect`: walk through connecting a shop on a platform, until its first delivery is seen."""

import asyncio
import secrets
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, out, run, show_json
from app.configuration.control_socket import ask_running, configured_socket

POLL_SECONDS = 1.0
connect = typer.Typer(no_args_is_help=True, help="Connect a shop without writing code.")


@connect.command("idosell")
def connect_idosell(
    shop: Annotated[str, typer.Argument(help="The shop's id in the configuration.")],
    wait: Annotated[int, typer.Option("--wait", min=0, help="Seconds to wait for the first delivery.")] = 600,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Try the rights of the panel's key, print what to enter in the panel, and wait for the first delivery."""

    async def step() -> None:
        found = await ask("GET", f"/connections/idosell/{shop}")
        if as_json:
            show_json(found)
            return
        say = _POLISH if polish else _ENGLISH
        _show(found, say, "_pl" if polish else "")
        if not found["good"]:
            raise typer.Exit(1)
        if not found["tokens"] or not wait:
            return
        if _is_listening():
            await _first_delivery(found["panel"], wait, say, "words_pl" if polish else "words")
        else:
            out.print(f"[yellow]{say['nobody_listens']}[/yellow]")

    run(step())


def _show(found: dict[str, Any], say: Mapping[str, str], suffix: str) -> None:
    out.print(f"[bold]{say['rights']}[/bold]")
    for one in found["checks"]:
        sign = "[green]✓[/green]" if one["good"] else "[red]✗[/red]"
        what, words = escape(one[f"what{suffix}"]), escape(_in_polish(one["words"]) if suffix else one["words"])
        out.print(f"  {sign} {what}  [dim]{one['area']} {one['level']}[/dim]  {words}")
    if found["tokens"]:
        out.print(f"[bold]{say['enter']}[/bold]")
        lines = {
            say["address"]: found["address"],
            "token": found["tokens"][0],
            say["version"]: "8",
            say["events"]: ", ".join(found["events"]),
        }
        sys.stdout.writelines(f"  {name:<12} {value}\n" for name, value in lines.items())
        out.print(f"  {say['bodies']}")
    for words in found[f"notes{suffix}"]:
        out.print(f"[yellow]→[/yellow] {escape(words)}")
    if not found["tokens"]:
        _block(found)


def _in_polish(words: str) -> str:
    """Our own words about a call; what the panel answered stays as it is."""
    from app.sources.in_polish import trouble_in_polish

    return trouble_in_polish(words)


def _is_listening() -> bool:
    """Is there a gateway that takes deliveries? On PostgreSQL it may run on another machine."""
    return configured_socket() is None or ask_running("GET", "/pushes", params={"limit": 1}) is not None


def _block(found: dict[str, Any]) -> None:
    """What is to be written into the configuration, with a token nobody can guess."""
    variable = f"{found['shop'].upper().replace('-', '_')}_WEBHOOK_TOKEN"
    sys.stdout.write(
        f'\n[shops.{found["shop"]}.source]\nkind = "idosell"\npanel = {found["panel"] or "…"}\ntokens = ["env:{variable}"]\n\n'
        f"export {variable}={secrets.token_urlsafe(24)}\n"
    )


async def _first_delivery(panel: str, wait: int, say: Mapping[str, str], words: str) -> None:
    before = {one["id"] for one in (await ask("GET", "/pushes", params={"limit": 500}))["pushes"] if one["source"] == panel}
    out.print(say["waiting"].format(wait))
    for _ in range(wait):
        for one in (await ask("GET", "/pushes", params={"limit": 50}))["pushes"]:
            if one["source"] == panel and one["id"] not in before and one["state"] != "waiting":
                colour = "green" if one["state"] == "told" else "red"
                arrived = say["arrived"].format(escape(one["kind"]), say[one["state"]])
                out.print(f"[{colour}]{arrived}[/]  {escape(one[words] or '')}")
                out.print(say["connected"])
                return
        await asyncio.sleep(POLL_SECONDS)
    out.print(f"[yellow]{say['nothing']}[/yellow]")
    raise typer.Exit(1)


_ENGLISH = {
    "rights": "The rights of the key",
    "enter": "Enter in the panel, as a webhook",
    "address": "address",
    "version": "API version",
    "events": "events",
    "bodies": "Bodies for the programmable Webhooki: docs/start/idosell.md",
    "waiting": "Waiting for a delivery of the panel, {} s at most. Change something in the panel; Ctrl-C ends the waiting.",
    "arrived": "{} arrived: {}",
    "told": "passed on",
    "not_understood": "not understood",
    "connected": "The shop is connected. `gateway pushes list` shows what comes; switch `shadow` off when it looks right.",
    "nothing": "Nothing came yet. The scan works all the same; look at the webhook's history in the panel.",
    "nobody_listens": "No gateway runs here to which the panel could deliver. Start `gateway serve` in another terminal, and run "
    "this command again to see the first delivery.",
}
_POLISH = {
    "rights": "Uprawnienia klucza",
    "enter": "Wpisz w panelu jako webhook",
    "address": "adres",
    "version": "wersja API",
    "events": "zdarzenia",
    "bodies": "Treści dla programowalnych Webhooków: docs/start/idosell.md",
    "waiting": "Czekam na powiadomienie z panelu, najwyżej {} s. Zmień coś w panelu; Ctrl-C przerywa czekanie.",
    "arrived": "Przyszło {}: {}",
    "told": "przekazane dalej",
    "not_understood": "niezrozumiałe",
    "connected": "Sklep jest podłączony. `gateway pushes list --pl` pokazuje, co przychodzi; wyłącz `shadow`, "
    "gdy wszystko się zgadza.",
    "nothing": "Na razie nic nie przyszło. Odczyt panelu działa mimo to; sprawdź w panelu historię webhooka.",
    "nobody_listens": "Nie działa tu żadna bramka, do której panel mógłby coś dostarczyć. Uruchom `gateway serve` w drugim "
    "terminalu i powtórz to polecenie, aby zobaczyć pierwsze powiadomienie.",
}
