"""Commands that ask: how is it, where do both sides disagree, what is kept and written down."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import (
    AsJson,
    InPolish,
    PerhapsShop,
    ask,
    fail,
    local,
    out,
    run,
    show_json,
    show_table,
    table_of,
    typed,
    words_of,
)
from app.cli.manual_tasks import show_conflict
from app.cli.operations import show_open, show_waiting
from app.domain.event_parts import Origin
from app.domain.operations.evidence import WORDS as ACTS
from app.domain.person.act_origin import WORDS as ORIGINS


def status(shop: PerhapsShop = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """Shops, their events by state, and the age of the oldest waiting one; of one shop, also why events were not sent lately."""

    async def step() -> None:
        report = await ask("GET", "/status")
        if shop is not None:
            report["shops"] = [one for one in report["shops"] if one["shop"] == shop]
            if not report["shops"]:
                fail("There is no such shop here.")
        if as_json:
            show_json(report)
            return
        say = words_of("_pl" if polish else "")
        for one in report["shops"]:
            age, parked = one["oldest_waiting_seconds"], one["events"].get("parked")
            if age:
                oldest = f"najstarsze zdarzenie czeka {age:.0f} s" if polish else f"the oldest waiting event is {age:.0f} s old"
            elif parked:
                oldest = "coś czeka na człowieka" if polish else "something waits for a person"
            elif any(item["about"] == one["shop"] for item in report["open"]):
                oldest = "nic się nie spóźnia, ale coś czeka" if polish else "nothing is late, but something waits"
            else:
                oldest = "żadne zdarzenie nie czeka" if polish else "no event waits"
            out.print(f"[bold]{escape(one['shop'])}[/bold]  {oldest}")
            numbers = [(number, say("state", state)) for state in _STATES if (number := one["events"].get(state))]
            counted = [f"{state}: {number}" if polish else f"{number} {state}" for number, state in numbers]
            out.print(f"    {', '.join(counted) or ('nie było jeszcze zdarzeń' if polish else 'no events yet')}")
            if shop is not None:
                _show_not_sent(one.get("not_sent", []), polish=polish)
        for problem in report["problems_pl" if polish else "problems"]:
            out.print(f"[yellow]{escape(problem)}[/yellow]")
        show_waiting(report["waiting"], sends=report["sends"], polish=polish)
        show_open(report["open"], polish=polish)

    run(step())


def _show_not_sent(reasons: list[dict[str, Any]], *, polish: bool) -> None:
    """A line per reason: in the last 7 and 14 days."""
    if not reasons:
        return
    out.print("\nnieprzekazane: 7 dni, 14 dni" if polish else "\nnot sent: 7 days, 14 days")
    say = words_of("_pl" if polish else "")
    for one in reasons:
        reason = one["reason"]
        why = f"{reason['why_pl' if polish else 'why']} ({reason['rule']})"
        out.print(f"    {one['last_7_days']:>6} {one['last_14_days']:>6}  {say('state', one['state'])}: {escape(why)}")


def doctor(
    shop: PerhapsShop = None,
    writes: Annotated[
        bool, typer.Option("--write/--no-write", help="Prove the right to write: a contact and a tag are written back as they are.")
    ] = True,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Look at database, accounts, panels, clocks and certificates; say what to do. Exit code 1 on trouble."""

    async def step() -> None:
        asked = {"writes": writes, **({"shop": shop} if shop else {})}
        found = await ask("GET", "/doctor", params=asked)
        findings, suffix = found["findings"], "_pl" if polish else ""
        if as_json:
            show_json(found)
        else:
            for finding in findings:
                mark = "[yellow]![/yellow]" if finding["warning"] else "[green]✓[/green]" if finding["good"] else "[red]✗[/red]"
                out.print(f"{mark} [bold]{escape(finding['about' + suffix])}[/bold]  {escape(finding['words' + suffix])}")
        if not all(finding["good"] for finding in findings):
            raise typer.Exit(1)

    run(step())


def support_bundle(
    file: Annotated[Path, typer.Argument(help="Where to write it, as JSON.")] = Path("support-bundle.json"),
    polish: InPolish = False,
) -> None:
    """Write down for support how the gateway is: no secret, no address, no phone number in it. Look at it before you send it."""

    async def step() -> None:
        found = await ask("GET", "/support-bundle")
        try:
            file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        except OSError as error:
            fail(f"{file} cannot be written: {error.strerror}.")
        out.print(f"{'Zapisano' if polish else 'Written to'} {escape(str(file))}.")

    run(step())


_STATES = ("received", "planned", "sent", "withheld", "superseded", "parked", "held")


def conflicts(
    shop: PerhapsShop = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Where SALESmanago and a shop disagree: tags that one side lost, tags that fold into one, statuses that do not take."""

    async def step() -> None:
        found = await ask("GET", "/conflicts", params={"shop": shop} if shop else {})
        if as_json:
            show_json(found)
            return
        if not found["conflicts"] and not found["shops_with_more"]:
            await _say_what_was_compared(shop, polish=polish)
            return
        for one in found["conflicts"]:
            show_conflict(one["shop"], one, polish=polish)
        for name in found["shops_with_more"]:
            out.print(f"[bold]{escape(name)}[/bold]  {_MORE[polish]}")
        if any(one["seen_at"] is None for one in found["conflicts"]):
            out.print(_HOW_TO_MARK[polish])

    run(step())


_MORE = ("there are more; they show when these were seen.", "jest ich więcej; pokażą się, gdy te zostaną sprawdzone.")
_HOW_TO_MARK = (
    "What was seen to: `gateway conflicts-seen SHOP EMAIL`.",
    "To, co sprawdzono, oznacza `gateway conflicts-seen SKLEP EMAIL --pl`.",
)


async def _say_what_was_compared(shop: str | None, *, polish: bool) -> None:
    """No conflict is known; whether both sides agree is only known as of the last comparison."""
    out.print(f"[green]{'Nie ma znanych konfliktów.' if polish else 'No conflict is known.'}[/green]")
    runs = (await ask("GET", "/reconciliations", params={"shop": shop} if shop else {}))["reconciliations"]
    newest: dict[str, dict[str, Any]] = {}
    for one in runs:
        newest.setdefault(one["shop"], one)
    for name in await ask("GET", "/shops"):
        if shop in (None, name):
            out.print(_compared(name, newest.get(name), polish=polish))


def _compared(shop: str, newest: dict[str, Any] | None, *, polish: bool) -> str:
    name, look = escape(shop), escape(f"`{typed(f'gateway reconcile show {shop}', polish=polish)}`")
    if newest is None:
        make = escape(f"`{typed(f'gateway reconcile preview {shop}', polish=polish)}`")
        if polish:
            return f"  {name}: stron jeszcze nie porównano; zrobi to {make}."
        return f"  {name}: both sides were not compared yet; {make} does it."
    number = sum(one["number"] for one in newest["differences"])
    when = local(newest["started_at"])
    if polish:
        said = f"porównanie z {when}: różnice: {number}, porównano: {newest['checked']}"
        said += f"; pokaże je {look}." if number else "."
    else:
        said = f"the comparison of {when} found {number or 'no'} difference{'s' if number > 1 else ''}"
        said += f"; {look} shows {'them' if number > 1 else 'it'}." if number else f" among {newest['checked']} compared."
    return f"  [yellow]{name}: {said}[/yellow]" if number else f"  {name}: {said}"


def retention(
    polish: InPolish = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a table in Markdown, for a page.")] = False,
) -> None:
    """What is kept, for how long, and what an erasure leaves, from the settings in force."""
    from app.configuration.settings import Settings
    from app.domain.operations.retention_page import RETAINED, retention_page

    async def step() -> None:
        kept = Settings().retention
        if markdown:
            sys.stdout.write(retention_page(kept, polish=polish))
            return
        names = ("tabele", "przechowywane", "po usunięciu danych") if polish else ("tables", "kept", "left by an erasure")
        for one in RETAINED:
            out.print(f"[bold]{escape(one.holds[polish])}[/bold]")
            for name, said in zip(names, (", ".join(one.tables), one.kept(kept)[polish], one.left[polish]), strict=True):
                out.print(f"    {name}: {escape(said)}")

    run(step())


def ledger(shop: PerhapsShop = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """Examine every line of the consent ledger: was one changed or cut off? Exit code 1 if so."""

    async def step() -> None:
        found = await ask("GET", "/ledger", params={"shop": shop} if shop else {})
        if as_json:
            show_json(found)
        elif not found["ledgers"]:
            out.print("Nikt jeszcze na nic się nie zgodził." if polish else "Nobody consented to anything yet.")
        whole, broken = ("nienaruszony", "naruszony") if polish else ("whole", "broken")
        for one in found["ledgers"] if not as_json else ():
            verdict = f"[green]{whole}[/green]" if one["whole"] else f"[red]{broken}[/red]"
            chains, lines = one["chains"], one["entries"]
            counted = f"łańcuchy: {chains}, wpisy: {lines}; rejestr" if polish else f"chains: {chains}, lines: {lines};"
            out.print(f"[bold]{escape(one['shop'])}[/bold]  {counted} {verdict}")
            for words in one["words_pl" if polish else "words"]:
                out.print(f"    [red]{escape(words)}[/red]")
        if not all(one["whole"] for one in found["ledgers"]):
            raise typer.Exit(1)

    run(step())


_CHAINS = (
    ("the chain is whole", "the chain is broken"),
    ("łańcuch jest nienaruszony", "łańcuch jest naruszony"),
)
_CONSENT_COLUMNS = (
    ("when it happened", "what", "how we know", "event", "details"),
    ("kiedy", "co", "skąd to wiemy", "zdarzenie", "szczegóły"),
)


def _how_we_know(entry: dict[str, Any], *, polish: bool) -> str:
    """The transfer is reported by shops alone. Of a newsletter whose event was erased nobody says it any more."""
    if entry["origin"] is None and entry["matter"] != "transfer":
        return ""
    return ORIGINS[Origin(entry["origin"] or "shop")][polish]


def consents(email: Annotated[str, typer.Argument(help="Whose.")], polish: InPolish = False, as_json: AsJson = False) -> None:
    """What is written down of a person's consents, as evidence; `--json` gives the whole chain with its seals."""

    async def step() -> None:
        found = await ask("POST", "/consents", json={"email": email})
        if as_json:
            show_json(found)
            return
        if not found["chains"]:
            fail("O tym adresie nic nie zapisano." if polish else "Nothing is written down about that address.")
        whole, broken = _CHAINS[polish]
        for chain in found["chains"]:
            seal = f"[green]{whole}[/green]" if chain["intact"] else f"[red]{broken}[/red]"
            out.print(f"[bold]{escape(chain['shop'])}[/bold]  {seal}")
            table = table_of(*_CONSENT_COLUMNS[polish])
            for entry in chain["entries"]:
                details = {name: text for name, text in (entry["details"] or {}).items() if name not in ("salt", "email")}
                table.add_row(
                    local(entry["acted_at"]),
                    ACTS[f"{entry['matter']}_{entry['act']}"][polish],
                    _how_we_know(entry, polish=polish),
                    escape(entry["event_id"]),
                    escape(", ".join(f"{name}: {text}" for name, text in details.items())),
                )
            show_table(table)

    run(step())
