"""Commands of operators: what is parked, try it again, the state of destinations."""

import shlex
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, PerhapsShop, ask, cause_in, local, out, run, show_json, wording_of


def parked(shop: PerhapsShop = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """What could not be delivered or decided, grouped by cause, the largest group first."""

    async def step() -> None:
        answer = await ask("GET", "/parked", params={"shop": shop} if shop else {})
        found = answer["groups"]
        if as_json:
            show_json(answer)
            return
        if not found:
            waits, calm = _NOTHING_PARKED[polish]
            out.print(f"[yellow]{waits}[/yellow]" if answer["waiting"] else f"[green]{calm}[/green]")
        show_waiting(answer["waiting"], polish=polish)
        suffix = "_pl" if polish else ""
        for group in found:
            where = wording_of(suffix).destination(group["destination"]) if polish else group["destination"] or "the rules"
            since, example = ("od", "na przykład") if polish else ("since", "for example")
            out.print(f"[bold]{group['number']}[/bold]  {group['shop']}  {where}  {since} {local(group['oldest'], seconds=False)}")
            if group["words"]:
                out.print(f"    [cyan]{escape(wording_of(suffix).detail(group['words']))}[/cyan]")
            if group["reason"]:
                out.print(f"    {escape(group['reason']['why' + suffix])}")
                out.print(f"    → {escape(group['reason']['what_to_do' + suffix])}")
            out.print(f"    {example} {escape(', '.join(group['samples']))}")
            out.print(f"    [dim]{escape(_command(group))}[/dim]", soft_wrap=True)

    run(step())


_NOTHING_PARKED = (
    ("Nothing is parked, but not everything is delivered:", "Nothing is parked, and nothing waits to be delivered."),
    ("Nic nie utknęło, ale nie wszystko zostało dostarczone:", "Nic nie utknęło i nic nie czeka na dostarczenie."),
)


def show_waiting(lines: list[dict[str, Any]], *, polish: bool = False) -> None:
    """What is not parked but waits: for which destination, why, and until when."""
    for one in lines:
        number = one["waiting"]
        people = f"osoby: {number}" if polish else "1 person" if number == 1 else f"{number} people"
        where = wording_of("_pl").destination(one["destination"]) if polish else one["destination"]
        out.print(f"[bold]{people}[/bold]  → {escape(where)}")
        if one["circuit"] == "closed":
            out.print("    czeka w kolejce, jest wysyłane" if polish else "    in the queue, being sent")
            continue
        since = f" ({local(one['since'])})" if one["since"] else ""
        said = "nie przyjmuje niczego" if polish else "takes nothing"
        out.print(f"    {said}{since}: [red]{escape(cause_in(one['cause'], '_pl' if polish else ''))}[/red]")
        if one["rest_until"]:
            out.print(f"    {'następna próba' if polish else 'next try'} {local(one['rest_until'])}")


def _command(group: dict[str, Any]) -> str:
    """What to type once the cause is mended."""
    named = {"--reason": group["reason"] and group["reason"]["code"], "--words": group["words"]}
    filters = [part for name, value in named.items() if value for part in (name, value)]
    # The words are a stranger's: for the shell they must be nothing but words.
    return shlex.join(["gateway", "replay", group["shop"], *filters])


def replay(
    shop: PerhapsShop = None,
    event: Annotated[str | None, typer.Option(help="Only the event with this id.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only what was parked for this reason.")] = None,
    words: Annotated[str | None, typer.Option(help="Only where the answer was exactly this.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that is parked.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Try parked items again: shows what would be sent, then asks. What changed meanwhile is sent as it is today."""
    named = {"event_id": event, "shop": shop, "reason": reason, "words": words}
    if any(value == "" for value in named.values()):
        raise typer.BadParameter("A filter is empty. Leave it out if it does not matter.")
    wanted = {name: value for name, value in named.items() if value is not None}
    if not wanted and not everything:
        raise typer.BadParameter("Say which: a shop, --event, --reason, --words, or --all.")

    async def step() -> None:
        preview = await ask("POST", "/replays", json={"mode": "preview", **wanted})
        if not as_json:
            _show(preview, "would be")
        if not preview["again"] and not preview["decided_again"] and not preview["closed"]:
            if as_json:
                show_json(preview)
            return
        if not yes:
            typer.confirm(f"Replay these {preview['again'] + preview['decided_again']}?", abort=True, err=as_json)
        done = await ask("POST", "/replays", json={"mode": "run", **wanted})
        if as_json:
            show_json(done)
        else:
            _show(done, "are")

    run(step())


def _show(replayed: dict[str, Any], verb: str) -> None:
    out.print(f"[bold]{replayed['again']}[/bold] {verb} sent again, {replayed['decided_again']} decided again.")
    for reason, number in replayed["closed"].items():
        out.print(f"    nothing is left of {number}: {reason}")
    if replayed["held"]:
        out.print(f"    {replayed['held']} stay parked: their shop is disabled")
    for one in replayed["samples"][:5] if verb == "would be" else []:
        out.print(f"    {escape(one['event_id'])}  {one['command'] or 'nothing left'}  {escape(str(one['summary'] or ''))}")


def neighbours(as_json: AsJson = False) -> None:
    """Every destination: its circuit breaker, its pace, and what waits for it."""

    async def step() -> None:
        answer = await ask("GET", "/neighbours")
        found = answer["neighbours"]
        if as_json:
            show_json(answer)
            return
        if not found:
            out.print("Nothing was sent to anybody yet. `gateway status` shows whether something waits to be decided.")
            return
        colours = {"closed": "green", "open": "red", "half_open": "yellow"}
        for one in found:
            pace = "" if one["calls_per_second"] is None else f", {one['calls_per_second']:.1f} calls a second"
            circuit = f"[{colours[one['circuit']]}]{one['circuit'].replace('_', ' ')}[/]"
            out.print(f"[bold]{escape(one['destination'])}[/bold]  circuit {circuit}{pace}")
            out.print(f"    {one['waiting']} contacts waiting, {one['claims']} on their way")
            if one["circuit"] != "closed":
                next_try = f"; next try {local(one['rest_until'])}" if one["rest_until"] else ""
                out.print(f"    {escape(one['cause'])}{next_try}")

    run(step())


def audit(shop: PerhapsShop = None, as_json: AsJson = False) -> None:
    """Who did what through API, console or command line, newest first. Nothing changes or removes a line."""

    async def step() -> None:
        answer = await ask("GET", "/audit", params={"shop": shop} if shop else {})
        found = answer["entries"]
        if as_json:
            show_json(answer)
            return
        if not found:
            out.print("Nobody did anything yet.")
        for one in found:
            about = " ".join(filter(None, (one["shop"], one["about"])))
            out.print(f"[bold]{local(one['at'])}[/bold]  {escape(one['who'])} ({one['door']})  {one['action']}  {escape(about)}")
            changed = " → ".join(filter(None, (one["before"], one["after"])))
            for line in changed.splitlines():
                out.print(f"    {escape(line)}")

    run(step())
