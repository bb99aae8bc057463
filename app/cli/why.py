"""`gateway why`: why was this (not) sent?"""

import asyncio
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, cause_in, fail, local, out, run, show_json, wording_of, words_of

POLL_SECONDS = 1.0


_UNKNOWN = "Nothing is known about that. Was it posted? `gateway tail --refused` shows what was refused."
_UNKNOWN_PL = "Nic o tym nie wiadomo. Czy to wysłano? `gateway tail --refused --pl` pokazuje, co odrzucono."


def why(
    about: Annotated[str, typer.Argument(help="An e-mail address, an order number or an event id.")],
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show each change, until nothing of it waits any more, or Ctrl-C.")
    ] = False,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Why was this (not) sent?

    What the rule in front of a reason says (R03: …) stands at /rules of the gateway.
    """

    async def step() -> None:
        shown: Any = None
        while True:
            found = (await ask("POST", "/why", json={"about": about}))["events"]
            if found != shown:
                _show_found(found, shown or [], polish=polish, as_json=as_json)
            shown = found
            if not watch or (found and not any(event["waits"] for event in found)):
                break
            await asyncio.sleep(POLL_SECONDS)
        if not found and not as_json:
            fail(_UNKNOWN_PL if polish else _UNKNOWN)

    run(step())


def _show_found(found: list[dict[str, Any]], before: list[dict[str, Any]], *, polish: bool, as_json: bool) -> None:
    """Events, or of those that were shown already the ones that changed."""
    if as_json:
        show_json({"events": found})
        return
    for event in found:
        if event not in before:
            _show_event(event, "_pl" if polish else "")


def _show_event(event: dict[str, Any], suffix: str) -> None:
    say = words_of(suffix)
    head = f"[bold]{local(event['occurred_at'])}[/bold]  {event['shop']}  {say('event', event['type'])}"
    out.print(f"{head}  [cyan]{say('state', event['state'])}[/cyan]  {escape(event['event_id'])}")
    if event["reason"]:
        out.print(f"    {event['reason']['rule']}: {escape(event['reason']['why' + suffix])}")
        out.print(f"    → {escape(event['reason']['what_to_do' + suffix])}")
    for one in event["evidence"]:
        if one["what"] != "own_event":
            out.print(f"    {'podstawa' if suffix else 'evidence'}: {escape(_evidence(one, event['event_id'], suffix))}")
    if event["waits"]:
        _show_wait(event["waits"], suffix)
    for warning in event["warnings" + suffix]:
        out.print(f"    [yellow]! {escape(warning)}[/yellow]")
    wording = wording_of(suffix)
    if event["detail"]:
        out.print(f"    {escape(wording.detail(event['detail']))}")
    for command in event["commands"]:
        summary = " · ".join(wording.summary(command["summary"]))
        out.print(f"    {say('command', command['command'])}  {_state(command, suffix)}  {escape(summary)}")
        if command["receipt"]:
            receipt = f"zmieniono w sklepie: {local(command['settled_at'])}" if suffix else command["receipt"]
            out.print(f"      [green]{escape(receipt)}[/green]")
        before = None
        for attempt in command["attempts"]:
            if before is not None and (between := attempt["number"] - before - 1) > 0:
                out.print(f"      … {'takie same pomiędzy' if suffix else 'the same in between'}: {between}")
            before = attempt["number"]
            call = attempt["call"] or ("sprawdzenie" if suffix else "verification")
            detail = "" if attempt["detail"] == (command["reason"] or {}).get("code") else wording.detail(attempt["detail"])
            words = f"      {attempt['number']}. {call}  {say('outcome', attempt['outcome'])}  {detail}"
            out.print(escape(words))


def _evidence(one: dict[str, Any], event_id: str, suffix: str) -> str:
    """What, when, and which event brought it, if it is another than the one above."""
    parts = [one["words" + suffix], local(one["at"]) if one["at"] else ""]
    if one["event_id"] not in (None, event_id):
        parts += [words_of(suffix)("event", one["source"]) if one["source"] else "", one["event_id"]]
    return ", ".join(filter(None, parts))


def _state(command: dict[str, Any], suffix: str) -> str:
    if (command["reason"] or {}).get("code") == "shadow":
        return "zostałoby wysłane (tryb testowy)" if suffix else "would have been sent (test mode)"
    return words_of(suffix)("state", command["state"])


def _show_wait(waits: dict[str, Any], suffix: str) -> None:
    cause = f" ({cause_in(waits['cause'], suffix)})" if waits["cause"] else ""
    out.print(f"    [yellow]{escape(waits['why' + suffix])}[/yellow]{escape(cause)}")
    if waits["next_try_at"]:
        out.print(f"    {'następna próba' if suffix else 'next try'} {local(waits['next_try_at'])}")
    out.print(f"    → {escape(waits['what_to_do' + suffix])}")
