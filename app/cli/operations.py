"""Commands of operators: what is parked, try it again, the state of destinations."""

import shlex
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import (
    AsJson,
    InPolish,
    PerhapsShop,
    ask,
    cause_in,
    local,
    out,
    run,
    show_json,
    sure,
    typed,
    wording_of,
    words_of,
)
from app.domain.reasons import EXPLANATIONS, Reason
from app.domain.text import counted_in_english


def parked(shop: PerhapsShop = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """What could not be delivered or decided, grouped by cause, the largest group first; and all that waits."""

    async def step() -> None:
        answer = await ask("GET", "/parked", params={"shop": shop} if shop else {})
        found = answer["groups"]
        if as_json:
            show_json(answer)
            return
        if not found:
            waits, calm = _NOTHING_PARKED[polish]
            out.print(f"[green]{calm}[/green]" if answer["calm"] else f"[yellow]{waits}[/yellow]")
        show_waiting(answer["waiting"], sends=answer.get("sends", True), polish=polish)
        show_open(answer["open"], polish=polish)
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
            out.print(f"    [dim]{escape(typed(_command(group), polish=polish))}[/dim]", soft_wrap=True)

    run(step())


_NOTHING_PARKED = (
    ("Nothing is parked, but something waits:", "Nothing is parked, and nothing waits."),
    ("Nic nie utknęło, ale coś czeka:", "Nic nie utknęło i nic nie czeka."),
)


def show_waiting(lines: list[dict[str, Any]], *, sends: bool, polish: bool) -> None:
    """What is not parked but waits: for which destination, why, and until when. `sends`: False where nothing is sent at all."""
    for one in lines:
        number = one["waiting"]
        people = f"osoby: {number}" if polish else "1 person" if number == 1 else f"{number} people"
        where = wording_of("_pl").destination(one["destination"]) if polish else one["destination"]
        out.print(f"[bold]{people}[/bold]  → {escape(where)}")
        if not sends:
            out.print(f"    {_SENDS_NOTHING[polish]}")
            continue
        if one.get("disabled"):
            out.print(f"    {_DISABLED[polish]}")
            continue
        next_try = f"{'następna próba' if polish else 'next try'} {local(at)}" if (at := one.get("next_try_at")) else ""
        if one["circuit"] == "closed":
            queued = "czeka w kolejce, jest wysyłane" if polish else "in the queue, being sent"
            out.print(f"    {next_try or queued}")
            continue
        since = f" ({local(one['since'])})" if one["since"] else ""
        said = "nie przyjmuje niczego" if polish else "takes nothing"
        out.print(f"    {said}{since}: [red]{escape(cause_in(one['cause'], '_pl' if polish else ''))}[/red]")
        if next_try:
            out.print(f"    {next_try}")


_DISABLED = ("the shop is disabled, so nothing is sent", "sklep jest wyłączony, więc nic nie jest wysyłane")
_SENDS_NOTHING = (
    "nothing is sent until somebody confirms that the database is no copy: gateway installation show",
    "nic nie jest wysyłane, dopóki ktoś nie potwierdzi, że baza nie jest kopią: gateway installation show --pl",
)


def show_open(items: list[dict[str, Any]], *, polish: bool = False) -> None:
    """What waits for something else than a destination: what it is, since when, and what to do."""
    suffix, since, at_least = ("_pl", "od", "co najmniej ") if polish else ("", "since", "at least ")
    for one in items:
        number = f"{at_least if one['at_least'] else ''}{one['number']}"
        begun = f"  {since} {local(one['since'], seconds=False)}" if one["since"] else ""
        out.print(f"[bold]{number}[/bold]  {escape(one['about'])}{begun}")
        out.print(f"    {escape(one['why' + suffix])}")
        if one["cause"]:
            out.print(f"    [red]{escape(one['cause'])}[/red]")
        out.print(f"    → {escape(one['what_to_do' + suffix])}")


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
    polish: InPolish = False,
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
            _show(preview, polish=polish)
        if not preview["again"] and not preview["decided_again"] and not preview["closed"]:
            if as_json:
                show_json(preview)
            return
        if not yes:
            number = preview["again"] + preview["decided_again"]
            sure(f"Spróbować ponownie ({number})?" if polish else f"Replay these {number}?", to_error=as_json)
        done = await ask("POST", "/replays", json={"mode": "run", **wanted})
        if as_json:
            show_json(done)
        else:
            _show(done, polish=polish)

    run(step())


def _show(replayed: dict[str, Any], *, polish: bool) -> None:
    is_preview = replayed["mode"] == "preview"
    again, anew, wording = replayed["again"], replayed["decided_again"], wording_of("_pl" if polish else "")
    if polish:
        sent, decided = (
            ("Do ponownego wysłania", "do ponownego rozpatrzenia") if is_preview else ("Wysyłane ponownie", "rozpatrywane ponownie")
        )
        out.print(f"{sent}: [bold]{again}[/bold], {decided}: {anew}.")
    else:
        out.print(f"[bold]{again}[/bold] {'would be' if is_preview else 'are'} sent again, {anew} decided again.")
    for reason, number in replayed["closed"].items():
        explained = EXPLANATIONS[Reason(reason)].why_pl
        out.print(
            f"    {number}: nie ma już czego wysyłać. {explained}" if polish else f"    nothing is left of {number}: {reason}"
        )
    if (held := replayed["held"]) and polish:
        out.print(f"    nadal czeka na człowieka: {held}, bo sklep jest wyłączony")
    elif held:
        out.print(f"    {held} stay parked: their shop is disabled")
    for one in replayed["samples"][:5] if is_preview else []:
        said = " · ".join(wording.summary(one["summary"] or {})) if polish else str(one["summary"] or "")
        command = wording.word("command", one["command"] or "") if polish else one["command"]
        out.print(f"    {escape(one['event_id'])}  {command or ('nic nie zostało' if polish else 'nothing left')}  {escape(said)}")


def neighbours(polish: InPolish = False, as_json: AsJson = False) -> None:
    """Every destination: its circuit breaker, its pace, and what waits for it."""

    async def step() -> None:
        answer = await ask("GET", "/neighbours")
        found = answer["neighbours"]
        if as_json:
            show_json(answer)
            return
        if not found:
            out.print(_NOTHING_SENT[polish])
            return
        colours = {"closed": "green", "open": "red", "half_open": "yellow"}
        for one in found:
            colour, pace = colours[one["circuit"]], one["calls_per_second"]
            if polish:
                where, said = wording_of("_pl").destination(one["destination"]), _CIRCUITS_PL[one["circuit"]]
                allowed = "" if pace is None else f", wywołania na sekundę: {pace:.1f}".replace(".", ",")
                queue = f"osoby w kolejce: {one['waiting']}, wysyłane właśnie paczki: {one['claims']}"
            else:
                where, said = one["destination"], f"circuit {one['circuit'].replace('_', ' ')}"
                allowed = "" if pace is None else f", {pace:.1f} calls a second"
                queue = f"{counted_in_english(one['waiting'], 'contact waits', 'contacts wait')}, {one['claims']} on their way"
            out.print(f"[bold]{escape(where)}[/bold]  [{colour}]{said}[/]{allowed}")
            out.print(f"    {queue}")
            if one["circuit"] != "closed":
                next_try = f"; {'następna próba' if polish else 'next try'} {local(at)}" if (at := one.get("next_try_at")) else ""
                out.print(f"    {escape(cause_in(one['cause'], '_pl' if polish else ''))}{next_try}")

    run(step())


_NOTHING_SENT = (
    "Nothing was sent to anybody yet. `gateway status` shows whether something waits to be decided.",
    "Nikomu jeszcze niczego nie wysłano. `gateway status --pl` pokazuje, czy coś czeka na rozpatrzenie.",
)
_CIRCUITS_PL = {"closed": "przyjmuje", "open": "nie przyjmuje niczego", "half_open": "sprawdzane jedną próbą"}


def audit(shop: PerhapsShop = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """Who did what through API, console or command line, newest first. Nothing changes or removes a line."""

    async def step() -> None:
        answer = await ask("GET", "/audit", params={"shop": shop} if shop else {})
        found = answer["entries"]
        if as_json:
            show_json(answer)
            return
        if not found:
            out.print("Nikt jeszcze niczego nie zrobił." if polish else "Nobody did anything yet.")
        wording, say = wording_of("_pl" if polish else ""), words_of("_pl" if polish else "")
        for one in found:
            about = " ".join(filter(None, (one["shop"], wording.audited(one["about"]) if polish else one["about"])))
            door, action = say("door", one["door"]), say("action", one["action"])
            out.print(f"[bold]{local(one['at'])}[/bold]  {escape(one['who'])} ({door})  {action}  {escape(about)}")
            changed = " → ".join(wording.audited(text) if polish else text for text in (one["before"], one["after"]) if text)
            for line in changed.splitlines():
                out.print(f"    {escape(line)}")

    run(step())
