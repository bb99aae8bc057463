"""The account of the day, for people."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.demo.day import Moment
from app.demo.fast_forward import CartScene
from app.demo.panel_day import PanelStep
from app.demo.way_back import Scene

console = Console(width=None if Console().is_terminal else 200)

_STATUS = {"in": "opted in", "out": "opted out", "unknown": "never asked"}
_COLOURS = {"sent": "green", "withheld": "yellow", "superseded": "cyan", "parked": "red"}


def day(moments: Sequence[Moment], events: Sequence[dict[str, Any]]) -> None:
    """What arrived, what was withheld, and why: a table per shop."""
    for shop in dict.fromkeys(moment.shop for moment in moments):
        policy = "order_consent" if shop == "sklep" else "all_customers"
        table = Table(title=f"Shop {shop} (policy {policy})", box=box.SIMPLE_HEAD, title_justify="left", show_lines=True)
        table.add_column("what happened", ratio=2)
        table.add_column("became", no_wrap=True)
        table.add_column("what SALESmanago was sent, or why nothing", ratio=4, overflow="fold")
        for moment, event in zip(moments, events, strict=True):
            if moment.shop == shop:
                colour = _COLOURS.get(event["state"], "white")
                happened = f"[bold]{escape(moment.person.partition('@')[0])}[/bold] {escape(moment.said)}"
                table.add_row(happened, f"[{colour}]{event['state']}[/]", escape(_words_of(event)))
        console.print(table)


def way_back(scenes: Sequence[Scene], customer: dict[str, Any]) -> None:
    """What happened in SALESmanago, where it arrived, and the customer as the panel shows him in the end."""
    table = Table(title="The way back: from SALESmanago to the shops", box=box.SIMPLE_HEAD, title_justify="left", show_lines=True)
    table.add_column("what happened in SALESmanago", ratio=3)
    table.add_column("receipts", ratio=4, overflow="fold")
    for scene in scenes:
        table.add_row(escape(scene.said), escape("\n".join(scene.receipts)))
    console.print(table)
    agreed = [f"shop {number}: {'yes' if yes else 'no'}" for number, yes in sorted(customer["approvals"]["email"].items())]
    tags = ", ".join(f"{name} ({points})" for name, points in sorted(customer["tags"].items()))
    console.print(
        f"In the panel {escape(customer['name'])} now has the newsletter {', '.join(agreed)}, and the tags {escape(tags)}."
    )
    console.print()


def contacts(shown: Sequence[dict[str, Any]]) -> None:
    """What SALESmanago holds in the end: tags folded to upper case, as it does."""
    table = Table(title="What SALESmanago holds now", box=box.SIMPLE_HEAD, title_justify="left", show_lines=True)
    for heading in ("contact", "name", "e-mail status", "tags", "events"):
        table.add_column(heading)
    for contact in shown:
        tags = ", ".join(tag["name"] for tag in contact["tags"])
        events = ", ".join(f"{event['type']} {event.get('externalId') or ''}".strip() for event in contact["events"])
        table.add_row(
            escape(contact["email"]), escape(contact["name"] or ""), _STATUS[contact["status"]["email"]], tags, escape(events)
        )
    console.print(table)


def panel_day(steps: Sequence[PanelStep]) -> None:
    """The shop nobody posts for: what its panel reported, and what became of it."""
    title = "A third shop, on IdoSell, for which nobody writes code: its panel tells"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", show_lines=True)
    table.add_column("what happened", ratio=3)
    table.add_column("reported by", ratio=2)
    table.add_column("became", no_wrap=True)
    table.add_column("what SALESmanago was sent, or why nothing", ratio=4, overflow="fold")
    for one in steps:
        state = one.event["state"] if one.event is not None else "nothing"
        words = _words_of(one.event) if one.event is not None else ""
        table.add_row(escape(one.said), escape(one.by), f"[{_COLOURS.get(state, 'white')}]{state}[/]", escape(words))
    console.print(table)


def carts(scenes: Sequence[CartScene]) -> None:
    """What became of carts once their idle hour was over."""
    title = "An hour later (the demo's clock is put forward): carts"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", show_lines=True)
    table.add_column("what happened", ratio=3)
    table.add_column("became", no_wrap=True)
    table.add_column("what SALESmanago was sent, or why nothing", ratio=4, overflow="fold")
    for scene in scenes:
        colour = _COLOURS.get(scene.event["state"], "white")
        table.add_row(escape(scene.said), f"[{colour}]{scene.event['state']}[/]", escape(_words_of(scene.event)))
    console.print(table)


@contextmanager
def bar() -> Iterator[Callable[[dict[str, Any]], None]]:
    """The first transfer's bar; each call moves it to where the transfer is."""
    console.print("The first transfer: existing accounts of the panel, at the pace of the plan (a night in seconds)")
    columns = TextColumn("  {task.description:<20}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[lands]}")
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, lands="")

        def show(found: dict[str, Any]) -> None:
            lands = f"lands {datetime.fromisoformat(found['eta']).astimezone():%a %H:%M}" if found["eta"] else ""
            progress.update(
                task,
                description=found["state"].replace("_", " "),
                completed=found["found"],
                total=found["total"] or None,
                lands=lands,
            )

        yield show


def backfill(found: dict[str, Any]) -> None:
    """The report: found = sent + withheld (by reason) + failed."""
    preview = found["preview"] or {"found": 0, "sent": 0}
    console.print(f"  dry run: {preview['found']} accounts, of which {preview['sent']} would be sent; approved")
    withheld = sum(found["withheld"].values())
    sums = f"{found['found']} found = {found['sent']} sent + {withheld} withheld + {found['failed']} failed"
    console.print(f"  [bold]{found['state']}[/bold]: {sums}")
    for code, number in sorted(found["withheld"].items(), key=lambda one: -one[1]):
        explained = found["explained"].get(code)
        console.print(f"  {number:>6}  {escape(explained['why'] if explained else code)}")
    console.print()


def verdict(count: int, repeated: dict[str, Any], calls: int, mistakes: Sequence[str]) -> None:
    console.print(
        f"{count} events posted, one of them twice (answered [cyan]{repeated['result']}[/cyan]); {calls} calls at SALESmanago."
    )
    for mistake in mistakes:
        console.print(f"[red]✗ {escape(mistake)}[/red]")
    if not mistakes:
        console.print("[green]✓ Everything is as the rules say.[/green]")


def addresses(gateway: str, sandbox: str, panel: str, keys: dict[str, str], sign_in: str, settings: dict[str, str]) -> None:
    """`settings`: what the commands of another terminal need to know, by the name of the variable."""
    console.print()
    console.print(f"[bold]The console                 {gateway}/console/[/bold]")
    console.print(f"  sign in with              {sign_in}", soft_wrap=True)
    console.print("  times run ahead: the demo's clock was moved on by hours, so that carts and the transfer could end")
    console.print(f"The operators' API          {gateway}/v1/operations/…   (Authorization: Bearer, with the same key)")
    console.print("The command line            in another terminal:")
    for name, setting in settings.items():
        console.print(f"  export {name}={setting}", soft_wrap=True)
    console.print("  gateway status")
    console.print(f"Swagger UI of the gateway   [bold]{gateway}/docs[/bold]   (Authorize with a key below)")
    console.print(f"SALESmanago's stand-in      [bold]{sandbox}/[/bold]")
    console.print(f"The panel's stand-in        [bold]{panel}/[/bold]")
    for shop, key in keys.items():
        console.print(f"Key of shop {shop:<6} {key}", soft_wrap=True)
    console.print("Ctrl-C ends it.")


def sandbox_addresses(url: str, client_id: str, api_secret: str, owner: str, panel_url: str) -> None:
    console.print(f"SALESmanago's stand-in: [bold]{url}/[/bold]")
    console.print(f'endpoint = "{url}"\nclient_id = "{client_id}"\napi_secret: {api_secret}\nowner = "{owner}"')
    console.print(f"The panel's stand-in:   [bold]{panel_url}/[/bold]   (X-API-KEY: demo-panel-key)")


def tags_of(event: dict[str, Any], kind: str) -> list[str]:
    return [tag for command in event["commands"] for tag in command["summary"].get(kind, ())]


def _words_of(event: dict[str, Any]) -> str:
    if event["reason"]:
        return f"{event['reason']['rule']}: {event['reason']['why']}"
    words = []
    for command in event["commands"]:
        said = command["summary"]
        words += [f"+ {', '.join(said['add_tags'])}"] if said.get("add_tags") else []
        words += [f"− {', '.join(said['remove_tags'])}"] if said.get("remove_tags") else []
        words += ["renamed to the new address"] if said.get("renamed") else []
        words += [f"e-mail {said['email_status'].replace('_', '-')}"] if said.get("email_status") else []
        words += [f"fields: {', '.join(said['fields'])}"] if said.get("fields") else []
        words += (
            [f"{said['kind']} {said.get('external_id', '')} {said.get('value', '')} {said.get('currency', '')}".strip()]
            if "kind" in said
            else []
        )
    return "\n".join(words)
