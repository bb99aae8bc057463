"""`gateway backfill …`: the first transfer of a shop's accounts, with its bar."""

import asyncio
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from app.cli.common import AsJson, InPolish, PerhapsShop, ask, local, out, run, show_json, show_table, table_of, typed, wording_of

backfill = typer.Typer(no_args_is_help=True, help="The first transfer of a shop's existing accounts.")

ShopName = Annotated[str, typer.Argument(help="The shop.")]
Number = Annotated[int | None, typer.Option("--number", "-n", help="Of several backfills, which; the newest otherwise.")]
POLL_SECONDS = 1.0
STILL = ("awaiting_approval", "paused", "cancelled", "counted", "complete", "complete_with_failures", "incomplete")
"""States in which nothing moves any more by itself."""


@backfill.command()
def start(
    shop: ShopName,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would happen and send nothing.")] = False,
    watch_it: Annotated[bool, typer.Option("--watch/--no-watch", help="Show the bar until it is over.")] = True,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Begin: with a dry run, or with the canary of a real transfer."""

    async def step() -> None:
        begun = await ask("POST", f"/backfills/{shop}", params={"mode": "dry_run" if dry_run else "run"})
        if as_json:
            show_json(begun)
        elif watch_it:
            await _watch(shop, begun["id"], polish=polish)
        else:
            _show(begun, polish=polish)

    run(step())


@backfill.command("list")
def list_backfills(shop: PerhapsShop = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """Every backfill and what it came to."""

    async def step() -> None:
        found = await ask("GET", "/backfills", params={"shop": shop} if shop else {})
        if as_json:
            show_json(found)
            return
        if not found["backfills"]:
            out.print("Nie zaczęto jeszcze pierwszego transferu." if polish else "No first transfer was begun yet.")
            return
        table = table_of(*_COLUMNS[polish])
        for one in found["backfills"]:
            sums = f"{one['found']} = {one['sent']} + {sum(one['withheld'].values())} + {one['failed']}"
            waiting = f" ({'czeka' if polish else 'waiting'} {one['waiting']})" if one["waiting"] else ""
            begun = local(one["started_at"], seconds=False)
            table.add_row(one["shop"], str(one["id"]), begun, _state(one, polish=polish), sums + waiting)
        show_table(table)

    run(step())


_COLUMNS = (
    ("shop", "no.", "begun", "state", "found = sent + withheld + failed"),
    ("sklep", "nr", "początek", "stan", "znaleziono = wysłano + nie wysłano + nieudane"),
)


def _state(found: dict[str, Any], *, polish: bool) -> str:
    state: str = found["state"]
    return wording_of("_pl").word("backfill", state) if polish else state.replace("_", " ")


@backfill.command()
def show(shop: ShopName, number: Number = None, polish: InPolish = False, as_json: AsJson = False) -> None:
    """How far it is, or its report: found = sent + withheld (by reason) + failed."""

    async def step() -> None:
        found = await _one(shop, number, polish=polish)
        if as_json:
            show_json(found)
        else:
            _show(found, polish=polish)

    run(step())


@backfill.command()
def watch(shop: ShopName, number: Number = None, polish: InPolish = False) -> None:
    """The bar, until it is over. Leaving with Ctrl-C changes nothing."""

    async def step() -> None:
        await _watch(shop, (await _one(shop, number, polish=polish))["id"], polish=polish)

    run(step())


def _acting(action: str, words: str) -> None:
    @backfill.command(action, help=words)
    def command(shop: ShopName, number: Number = None, polish: InPolish = False, as_json: AsJson = False) -> None:
        async def step() -> None:
            wanted = number if number is not None else (await _one(shop, None, polish=polish))["id"]
            changed = await ask("POST", f"/backfills/{shop}/{wanted}/{action}")
            if as_json:
                show_json(changed)
            else:
                _show(changed, polish=polish)

        run(step())


_acting("pause", "Stop listing accounts. What is queued still goes.")
_acting("resume", "Go on at the same place.")
_acting("approve", "After the dry run of an activation that waits for approval: begin.")
_acting("cancel", "End it here. What is queued still goes, and the report says what became of it.")


async def _one(shop: str, number: int | None, *, polish: bool) -> Any:
    if number is not None:
        return await ask("GET", f"/backfills/{shop}/{number}")
    found = (await ask("GET", "/backfills", params={"shop": shop}))["backfills"]
    if not found:
        count = f"`{typed(f'gateway backfill start {escape(shop)} --dry-run', polish=polish)}`"
        none = f"Nie było jeszcze transferu sklepu {escape(shop)}. Najpierw policzy to {count}."
        out.print(none if polish else f"No backfill of {escape(shop)} yet. {count} counts first.")
        raise typer.Exit(1)
    return found[0]


async def _watch(shop: str, number: int, *, polish: bool) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}")
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as bar:
        task: TaskID = bar.add_task(shop, total=None, words="")
        while True:
            found = await ask("GET", f"/backfills/{shop}/{number}")
            total = max(found["total"], found["found"]) or None
            doing, words = f"{found['shop']} · {_state(found, polish=polish)}", _words(found, polish=polish)
            bar.update(task, description=doing, total=total, completed=found["found"], words=words)
            if found["state"] in STILL:
                break
            await asyncio.sleep(POLL_SECONDS)
    _show(found, polish=polish)


def _sums(found: dict[str, Any], *, polish: bool) -> str:
    is_counted = found["mode"] == "dry_run" or found["state"] == "awaiting_approval"
    withheld, waiting = sum(found["withheld"].values()), found["waiting"]
    if polish:
        verb = "do wysłania" if is_counted else "wysłano"
        sums = f"znaleziono {found['found']} = {verb} {found['sent']} + nie wysłano {withheld} + nieudane {found['failed']}"
        return sums + (f" + czeka {waiting}" if waiting else "") + f"; w panelu: {found['total']}"
    verb = "would be sent" if is_counted else "sent"
    sums = f"{found['found']} found = {found['sent']} {verb} + {withheld} withheld + {found['failed']} failed"
    return sums + (f" + {waiting} waiting" if waiting else "") + f", of {found['total']} the panel counts"


def _words(found: dict[str, Any], *, polish: bool = False) -> str:
    if found["trouble"]:
        said = wording_of("_pl").cause(found["trouble"]) if polish else found["trouble"].replace("_", " ")
        return f"{'czeka' if polish else 'waits'}: {said}"
    ends = "koniec około" if polish else "expected to end"
    return f"{ends} {local(found['eta'], seconds=False)}" if found["eta"] else ""


def _show(found: dict[str, Any], *, polish: bool) -> None:
    wording = wording_of("_pl" if polish else "")
    mode = wording.word("mode", found["mode"]) if polish else found["mode"]
    head = "Pierwszy transfer" if polish else "Backfill"
    out.print(f"[bold]{head} {found['id']}: {escape(found['shop'])}[/bold]  {mode}  [cyan]{_state(found, polish=polish)}[/cyan]")
    out.print(f"  {_sums(found, polish=polish)}")
    for code, number in sorted(found["withheld"].items(), key=lambda one: -one[1]):
        explained = found["explained"].get(code)
        out.print(f"  {number:>6}  {escape(explained['why_pl' if polish else 'why'] if explained else code)}")
    for end, samples in found["samples"].items():
        for sample in samples if end == "would_send" else ():
            head = "np. konto" if polish else "e.g. account"
            out.print(f"  {head} {sample['account_id']}: {escape(_sample_words(sample, polish=polish))}")
    if found["paused_because"]:
        out.print(f"  [yellow]{escape(wording.word('pause', found['paused_because']))}[/yellow]")
    if found["trouble"] or found["eta"]:
        out.print(f"  {escape(_words(found, polish=polish))}")
    if found["state"] == "awaiting_approval":
        approve = typed(f"gateway backfill approve {found['shop']}", polish=polish)
        out.print(f"  → {escape(approve)}", soft_wrap=True)


def _sample_words(sample: dict[str, Any], *, polish: bool) -> str:
    """What would be sent of an account: tags, newsletters, names of fields."""
    if not polish:
        return ", ".join((*sample["tags"], *(f"opt-in {channel}" for channel in sample["opt_ins"]), *sample["fields"]))
    wording = wording_of("_pl")
    newsletters = (f"zgoda na newsletter {_CHANNELS.get(channel, channel)}" for channel in sample["opt_ins"])
    return ", ".join((*sample["tags"], *newsletters, *(wording.word("field", name) for name in sample["fields"])))


_CHANNELS = {"email": "e-mail", "sms": "SMS"}
