"""What waits for a person: `gateway hand-work`, changes from SALESmanago that only people can make in a shop, and conflicts."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, PerhapsShop, ask, local, out, run, show_json, sure, wording_of

group = typer.Typer(no_args_is_help=True, help="Changes from SALESmanago that only a person can make in a shop.")


@group.command("list")
def list_manual_tasks(
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
        if not found["items"] and not found["shops_with_more"]:
            calm = "Nie ma zadań ręcznych." if polish else "There is no manual task."
            out.print(f"[green]{calm}[/green]")
            return
        suffix = "_pl" if polish else ""
        wording = wording_of(suffix)
        for item in found["items"]:
            wanted = " · ".join(wording.summary(item["details"])) or wording.word("command", item["what"])
            out.print(f"[bold]{item['number']}[/bold]  {item['shop']}  {escape(item['email'])}  [cyan]{escape(wanted)}[/cyan]")
            if item["reason"]:
                out.print(f"    {escape(item['reason']['why' + suffix])}")
                out.print(f"    → {escape(item['reason']['what_to_do' + suffix])}")
            if item["answer"]:
                out.print(f"    {escape(wording.detail(item['answer']))}")
        for name in found["shops_with_more"]:
            out.print(f"[bold]{escape(name)}[/bold]  {_MORE[polish]}")

    run(step())


_MORE = ("there are more; they show when these are done.", "jest ich więcej; pokażą się, gdy te zostaną wykonane.")


@group.command("done")
def manual_task_done(
    shop: Annotated[str, typer.Argument(help="The shop.")],
    number: Annotated[int, typer.Argument(help="The item's number.")],
    polish: InPolish = False,
) -> None:
    """A person carried it out: that is its receipt."""

    async def step() -> None:
        await ask("POST", f"/hand-work/{shop}/{number}/done")
        out.print("Zapisano." if polish else "Noted.")

    run(step())


def show_conflict(shop: str, one: dict[str, Any], *, polish: bool) -> None:
    """Of whom and what, what it is, what to do; and whether somebody saw to it."""
    suffix = "_pl" if polish else ""
    about = f"  {', '.join(one['about'])}" if one["about"] else ""
    since = f"  {'od' if polish else 'since'} {local(one['since'], seconds=False)}" if one["since"] else ""
    out.print(f"[bold]{escape(shop)}[/bold]  {escape(one['email'])}{escape(about)}{since}")
    out.print(f"    {escape(one['words' + suffix])}")
    if one["seen_at"]:
        out.print(f"    [green]{'sprawdzone' if polish else 'seen'} {local(one['seen_at'], seconds=False)}[/green]")
    else:
        out.print(f"    → {escape(one['what_to_do' + suffix])}")


def conflicts_seen(
    shop: Annotated[str, typer.Argument(help="The shop.")],
    email: Annotated[str, typer.Argument(help="Whom the conflicts concern.")],
    kind: Annotated[str | None, typer.Option(help="Only those of this kind, as `conflicts --json` names it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    polish: InPolish = False,
) -> None:
    """Say that somebody saw to the conflicts about a person: shows them, then asks. Nothing is sent.

    They stay on the list of `gateway conflicts` as seen. What happens anew is open again.
    """

    async def step() -> None:
        wanted = {"email": email} if kind is None else {"email": email, "kind": kind}
        for one in (await ask("POST", f"/conflicts/{shop}", json=wanted))["conflicts"]:
            show_conflict(shop, one, polish=polish)
        if not yes:
            sure("Oznaczyć jako sprawdzone?" if polish else "Mark as seen?", to_error=False)
        await ask("POST", f"/conflicts/{shop}/seen", json=wanted)
        out.print("Oznaczono jako sprawdzone." if polish else "Marked as seen.")

    run(step())
