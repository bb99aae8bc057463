"""`gateway tail`: the newest requests at the door, and those that come."""

import asyncio
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, PerhapsShop, ask, local, out, refusal, run, show_json

POLL_SECONDS = 1.0
_COLOURS = {"taken": "green", "read": "dim", "refused": "yellow", "unknown_key": "magenta", "failed": "red"}


def tail(
    shop: PerhapsShop = None,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused or failed.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=500, help="How many of the newest.")] = 20,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Recent requests at the door: what was answered, and what was wrong with those that were refused."""
    wanted: dict[str, Any] = {"limit": lines}
    if shop is not None:
        wanted["shop"] = shop
    if refused:
        wanted["outcome"] = ["refused", "unknown_key", "failed"]

    async def step() -> None:
        found = await ask("GET", "/requests", params=wanted)
        if as_json and not follow:
            show_json(found)
            return
        if not found["requests"] and not follow:
            say = _WORDS[polish]
            out.print(say["none"] if shop is None else say["none_of_shop"].format(escape(shop)))
        while True:
            for one in found["requests"]:
                if as_json:
                    show_json(one)
                else:
                    _show(one, polish=polish)
            if not follow:
                return
            await asyncio.sleep(POLL_SECONDS)
            found = await ask("GET", "/requests", params={**wanted, "limit": 500, "after": found["next"]})

    run(step())


def _show(one: dict[str, Any], *, polish: bool) -> None:
    say = _WORDS[polish]
    if one["not_kept"]:
        out.print(f"[dim]… {say['not_kept'].format(one['not_kept'])}[/dim]")
    colour = _COLOURS[one["outcome"]]
    about = f"  {one['event_id']}" if one["event_id"] else ""
    out.print(f"{local(one['at'])}  [{colour}]{one['status']}[/]  {escape(one['method'])} {escape(one['path'])}{escape(about)}")
    if one["outcome"] in ("refused", "unknown_key", "failed"):
        key = f" {say['key'].format(one['key'])}" if one["key"] else f" {say['no_key']}" if one["outcome"] == "unknown_key" else ""
        out.print(f"    {escape(refusal(one['detail']))}{escape(key)}")
        for mistake in one["errors"]:
            out.print(f"    [bold]{escape(refusal(mistake['field']))}[/bold]  {escape(refusal(mistake['message']))}")
        out.print(f"    [dim]{say['request'].format(one['request_id'])}[/dim]")


_WORDS = (
    {
        "none": "No request is remembered.",
        "none_of_shop": "No request is remembered of {}.",
        "not_kept": "{} more like the next, counted only",
        "key": "Key {}.",
        "no_key": "No key.",
        "request": "request {}",
    },
    {
        "none": "Nie zapamiętano żadnego żądania.",
        "none_of_shop": "Nie zapamiętano żadnego żądania sklepu {}.",
        "not_kept": "podobne do następnego, tylko policzone: {}",
        "key": "Klucz {}.",
        "no_key": "Bez klucza.",
        "request": "żądanie {}",
    },
)
