"""`gateway apply`: the file of shops, checked, shown as what it changes, and stored."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import InPolish, ask, out, quiet_logs, run, sure, wording_of


def apply(
    file: Annotated[Path, typer.Argument(help="The TOML file of accounts and shops.")],
    yes: Annotated[bool, typer.Option("--yes", help="Store without asking.")] = False,
    polish: InPolish = False,
) -> None:
    """Check a configuration, show what it changes, and store it."""

    import msgspec

    from app.admin.configuration_api import Configuration
    from app.configuration.settings import Settings
    from app.configuration.shops_file import load
    from app.services.shops.keyring import KeyRing

    quiet_logs()

    async def step() -> None:
        accounts, shops = load(file, KeyRing(list(Settings().encryption_keys)))
        shown = await ask("POST", "/configuration", content=msgspec.json.encode(Configuration(accounts, shops)))
        suffix = "_pl" if polish else ""
        in_words = wording_of(suffix).audited if polish else str
        for line in shown["changes"]:
            out.print(escape(in_words(line)), soft_wrap=True)
        if not shown["changes"]:
            out.print("Nic się nie zmienia." if polish else "Nothing changes.")
            return
        for line in shown["consequences" + suffix]:
            out.print(f"[yellow]→ {escape(line)}[/yellow]")
        if not yes:
            sure("Zapisać?" if polish else "Store this?", to_error=False)
        stored = await ask("POST", "/configuration", content=msgspec.json.encode(Configuration(accounts, shops, store=True)))
        out.print(f"[green]{'Zapisano.' if polish else 'Stored.'}[/green]")
        for warning in stored["warnings" + suffix]:
            out.print(f"[yellow]{escape(warning)}[/yellow]")

    run(step())
