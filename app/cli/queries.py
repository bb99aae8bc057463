"""Commands that ask: how is it, why was this sent, what waits for a person."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, PerhapsShop, ask, fail, local, out, run, show_json, table_of
from app.cli.operations import show_waiting

hand_work = typer.Typer(no_args_is_help=True, help="Changes from SALESmanago that only a person can make in a shop.")


def status(as_json: AsJson = False) -> None:
    """Shops, their events by state, and the age of the oldest waiting one."""

    async def step() -> None:
        report = await ask("GET", "/status")
        if as_json:
            show_json(report)
            return
        for shop in report["shops"]:
            age = shop["oldest_waiting_seconds"]
            oldest = f"the oldest waiting event is {age:.0f} s old" if age else "no event waits"
            out.print(f"[bold]{escape(shop['shop_id'])}[/bold]  {oldest}")
            counted = [f"{number} {state}" for state in _STATES if (number := shop["events"].get(state))]
            out.print(f"    {', '.join(counted) or 'no events yet'}")
        for problem in report["problems"]:
            out.print(f"[yellow]{escape(problem)}[/yellow]")
        show_waiting([one for one in report["waiting"] if one["circuit"] != "closed"])

    run(step())


def doctor(
    shop: PerhapsShop = None,
    writes: Annotated[
        bool, typer.Option("--write/--no-write", help="Prove the right to write: a contact and a tag are written back as they are.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Look at database, accounts, panels, clocks and certificates; say what to do. Exit code 1 on trouble."""

    async def step() -> None:
        asked = {"writes": writes, **({"shop": shop} if shop else {})}
        findings = (await ask("GET", "/doctor", params=asked))["findings"]
        if as_json:
            show_json(findings)
        else:
            for finding in findings:
                mark = "[yellow]![/yellow]" if finding["warning"] else "[green]✓[/green]" if finding["good"] else "[red]✗[/red]"
                out.print(f"{mark} [bold]{escape(finding['about'])}[/bold]  {escape(finding['words'])}")
        if not all(finding["good"] for finding in findings):
            raise typer.Exit(1)

    run(step())


def support_bundle(
    file: Annotated[Path, typer.Argument(help="Where to write it, as JSON.")] = Path("support-bundle.json"),
) -> None:
    """Write down for support how the gateway is: no secret, no address, no phone number in it. Look at it before you send it."""

    async def step() -> None:
        found = await ask("GET", "/support-bundle")
        try:
            file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}.")
        out.print(f"Written to {escape(str(file))}.")

    run(step())


LOOK_SECONDS = 1.0
_STATES = ("received", "planned", "sent", "withheld", "superseded", "parked", "held")
_UNKNOWN = "Nothing is known about that. Was it posted? `gateway tail --refused` shows what was refused."
_UNKNOWN_PL = "Nic o tym nie wiadomo. Czy to wysłano? `gateway tail --refused` pokazuje, co odrzucono."


def why(
    about: Annotated[str, typer.Argument(help="An e-mail address, an order number or an event id.")],
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Show each change, until nothing of it waits any more, or Ctrl-C.")
    ] = False,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Why was this (not) sent?"""

    async def step() -> None:
        shown: Any = None
        while True:
            found = await ask("POST", "/why", json={"about": about})
            if found != shown:
                _show_found(found, shown or [], polish=polish, as_json=as_json)
            shown = found
            if not watch or (found and not any(event["waits"] for event in found)):
                break
            await asyncio.sleep(LOOK_SECONDS)
        if not found and not as_json:
            fail(_UNKNOWN_PL if polish else _UNKNOWN)

    run(step())


def _show_found(found: list[dict[str, Any]], before: list[dict[str, Any]], *, polish: bool, as_json: bool) -> None:
    """Events, or of those that were shown already the ones that changed."""
    if as_json:
        show_json(found)
        return
    for event in found:
        if event not in before:
            _show_event(event, "_pl" if polish else "")


def _show_event(event: dict[str, Any], suffix: str) -> None:
    say = _words(suffix)
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
    for command in event["commands"]:
        summary = json.dumps(command["summary"], ensure_ascii=False)
        out.print(f"    {say('command', command['command'])}  {_state(command, suffix)}  {escape(summary)}")
        if command["receipt"]:
            receipt = f"zmieniono w sklepie: {local(command['settled_at'])}" if suffix else command["receipt"]
            out.print(f"      [green]{escape(receipt)}[/green]")
        for attempt in command["attempts"]:
            call = attempt["call"] or ("sprawdzenie" if suffix else "look-up")
            detail = "" if attempt["detail"] == (command["reason"] or {}).get("code") else attempt["detail"]
            words = f"      {attempt['number']}. {call}  {say('outcome', attempt['outcome'])}  {detail}"
            out.print(escape(words))


def _evidence(one: dict[str, Any], event_id: str, suffix: str) -> str:
    """What, when, and which event told it, if it is another than the one above."""
    parts = [one["words" + suffix], local(one["at"]) if one["at"] else ""]
    if one["event_id"] not in (None, event_id):
        parts += [_words(suffix)("event", one["source"]) if one["source"] else "", one["event_id"]]
    return ", ".join(filter(None, parts))


def _state(command: dict[str, Any], suffix: str) -> str:
    if (command["reason"] or {}).get("code") == "shadow":
        return "zostałoby wysłane (tryb testowy)" if suffix else "would have been sent (test mode)"
    return _words(suffix)("state", command["state"])


def _words(suffix: str) -> Callable[[str, str], str]:
    """Codes as they are; in Polish as the console says them."""
    if not suffix:
        return lambda kind, code: code  # noqa: ARG005
    from app.console.wording import Wording

    return Wording("pl").word


def _show_wait(waits: dict[str, Any], suffix: str) -> None:
    cause = f" ({waits['cause']})" if waits["cause"] else ""
    out.print(f"    [yellow]{escape(waits['why' + suffix])}[/yellow]{escape(cause)}")
    if waits["next_try_at"]:
        out.print(f"    {'następna próba' if suffix else 'next try'} {local(waits['next_try_at'])}")
    out.print(f"    → {escape(waits['what_to_do' + suffix])}")


def conflicts(
    shop: PerhapsShop = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Where SALESmanago and a shop disagree: lost tags, tags that fold into one, statuses that do not take."""

    async def step() -> None:
        found = await ask("GET", "/conflicts", params={"shop": shop} if shop else {})
        if as_json:
            show_json(found)
            return
        if not found:
            await _say_what_was_compared(shop)
            return
        table = table_of("shop", "person", "what", "about", "words")
        for one in found:
            words = one["words_pl" if polish else "words"]
            table.add_row(one["shop"], escape(one["email"]), one["kind"], escape(", ".join(one["about"])), escape(words))
        out.print(table)

    run(step())


async def _say_what_was_compared(shop: str | None) -> None:
    """No conflict is known; whether both sides agree is only known as of the last comparison."""
    out.print("[green]No conflict is known.[/green]")
    runs = await ask("GET", "/reconciliations", params={"shop": shop} if shop else {})
    newest: dict[str, dict[str, Any]] = {}
    for one in runs:
        newest.setdefault(one["shop"], one)
    for name in await ask("GET", "/shops"):
        if shop in (None, name):
            out.print(_compared(name, newest.get(name)))


def _compared(shop: str, newest: dict[str, Any] | None) -> str:
    look = f"`gateway reconcile show {shop}`"
    if newest is None:
        return f"  {escape(shop)}: both sides were not compared yet; `gateway reconcile preview {escape(shop)}` does it."
    number = sum(one["number"] for one in newest["differences"])
    when = local(newest["started_at"])
    if number:
        return f"  [yellow]{escape(shop)}: the comparison of {when} found {number} differences; {escape(look)} shows them.[/yellow]"
    return f"  {escape(shop)}: the comparison of {when} found no difference among {newest['checked']} compared."


def retention(polish: InPolish = False) -> None:
    """What is kept, for how long, and what an erasure leaves: as a table, from the settings in force."""
    from app.configuration.settings import Settings
    from app.domain.operations.retained import retention_page

    async def step() -> None:
        sys.stdout.write(retention_page(Settings().retention, polish=polish))

    run(step())


def ledger(shop: PerhapsShop = None, as_json: AsJson = False) -> None:
    """Examine every line of the consent ledger: was one changed or cut off? Exit code 1 if so."""

    async def step() -> None:
        found = await ask("GET", "/ledger", params={"shop": shop} if shop else {})
        if as_json:
            show_json(found)
        elif not found:
            out.print("Nobody consented to anything yet.")
        for one in found if not as_json else ():
            verdict = "[green]whole[/green]" if one["whole"] else "[red]broken[/red]"
            out.print(f"[bold]{escape(one['shop_id'])}[/bold]  {one['chains']} chains, {one['entries']} lines: {verdict}")
            for words in one["words"]:
                out.print(f"    [red]{escape(words)}[/red]")
        if not all(one["whole"] for one in found):
            raise typer.Exit(1)

    run(step())


def consents(email: Annotated[str, typer.Argument(help="Whose.")], as_json: AsJson = False) -> None:
    """What is written down of a person's consents, as evidence; `--json` gives the whole chain with its seals."""

    async def step() -> None:
        found = await ask("POST", "/consents", json={"email": email})
        if as_json:
            show_json(found)
            return
        if not found:
            fail("Nothing is written down about that address.")
        for chain in found:
            seal = "[green]the chain is whole[/green]" if chain["intact"] else "[red]the chain is broken[/red]"
            out.print(f"[bold]{escape(chain['shop'])}[/bold]  {seal}")
            table = table_of("when it happened", "about", "act", "how we know", "event", "details")
            for entry in chain["entries"]:
                details = {name: text for name, text in (entry["details"] or {}).items() if name not in ("salt", "email")}
                table.add_row(
                    local(entry["acted_at"]),
                    entry["matter"],
                    entry["act"],
                    entry["origin"] or entry["source"],
                    escape(entry["event_id"]),
                    escape(", ".join(f"{name}: {text}" for name, text in details.items())),
                )
            out.print(table)

    run(step())


@hand_work.command("list")
def list_hand_work(
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
        if not found:
            out.print("[green]Nothing waits for a person.[/green]")
            return
        suffix = "_pl" if polish else ""
        for item in found:
            wanted = ", ".join(f"{name}: {value}" for name, value in item["details"].items())
            out.print(f"[bold]{item['number']}[/bold]  {item['shop']}  {escape(item['email'])}  [cyan]{escape(wanted)}[/cyan]")
            if item["reason"]:
                out.print(f"    {escape(item['reason']['why' + suffix])}")
                out.print(f"    → {escape(item['reason']['what_to_do' + suffix])}")
            if item["answer"]:
                out.print(f"    {escape(item['answer'])}")

    run(step())


@hand_work.command("done")
def hand_work_done(
    shop: Annotated[str, typer.Argument(help="The shop.")], number: Annotated[int, typer.Argument(help="The item's number.")]
) -> None:
    """A person carried it out: that is its receipt."""

    async def step() -> None:
        await ask("POST", f"/hand-work/{shop}/{number}/done")
        out.print("Noted.")

    run(step())
