"""What is pasted elsewhere: the addresses that SALESmanago calls, and its monitoring code for the shop's pages."""

import sys
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, fail, out, run, show_json


def callbacks(
    name: Annotated[str | None, typer.Argument(help="One shop or account; all of them otherwise.")] = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """The addresses to paste into SALESmanago (Integration Center > Callbacks). They carry the secret: show them to nobody else."""

    async def step() -> None:
        found = await ask("GET", "/callbacks", params={"name": name} if name else {})
        if as_json:
            show_json(found)
            return
        if not found["callbacks"]:
            fail("No callback_secret is configured there. Write one into the file of `gateway apply`.")
        suffix = "_pl" if polish else ""
        for one in found["callbacks"]:
            out.print(f"[bold]{escape(one['of' + suffix])}[/bold]  {escape(one['words' + suffix])}")
            sys.stdout.write(f"  opt-in   {one['opt_in']}\n  opt-out  {one['opt_out']}\n")

    run(step())


def tracking_code(
    shop: Annotated[str, typer.Argument(help="The shop.")],
    host: Annotated[str | None, typer.Option(help="Only for this one of its hosts.")] = None,
    polish: InPolish = False,  # noqa: ARG001  # of its refusals
    as_json: AsJson = False,
) -> None:
    """SALESmanago's monitoring code to paste into the head of the shop's pages; it waits for the consent manager's yes."""

    async def step() -> None:
        codes = (await ask("GET", f"/tracking-code/{shop}"))["codes"]
        found = [one for one in codes if host in (None, one["host"])]
        if as_json:
            show_json({"codes": found})
            return
        if not found:
            fail("The shop has no such host.")
        for one in found:
            sys.stdout.write(one["code"])

    run(step())
