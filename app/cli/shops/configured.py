"""`gateway config` and `gateway shops`: what is configured, as a file or a list, and a shop taken out."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import AsJson, InPolish, ask, fail, out, run, show_json, show_table, sure, table_of, write_for_owner

shops = typer.Typer(no_args_is_help=True, help="The shops that are configured.")
config = typer.Typer(no_args_is_help=True, help="What is configured.")


@config.command("show")
def show_config(
    shop: Annotated[str | None, typer.Argument(help="One shop and its account; all of them otherwise.")] = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """What is stored, as the file writes it; of secrets only that they are set."""

    async def step() -> None:
        wanted = {"language": "pl" if polish else "en"} | ({"shop": shop} if shop else {})
        found = await ask("GET", "/configuration", params=wanted)
        if as_json:
            show_json({"settings": found["settings"]})
        else:
            sys.stdout.write("\n".join(found["toml"]) or _NOTHING_CONFIGURED[polish])

    run(step())


_NOTHING_CONFIGURED = (
    "# No account and no shop is configured; `gateway apply FILE` does it.\n",
    "# Nie skonfigurowano jeszcze żadnego konta ani sklepu; robi to `gateway apply PLIK --pl`.\n",
)


@config.command("export")
def export_config(
    with_secrets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the secrets too, into this new file that only you can read.")
    ] = None,
    polish: InPolish = False,
) -> None:
    """The whole configuration as a file for `gateway apply`, here or on another machine; it names secrets by variables."""

    async def step() -> None:
        if with_secrets is not None and with_secrets.exists():
            fail(f"{with_secrets} exists already; name a new file.")
        found = await ask("POST", "/configuration/export", params={"with_secrets": with_secrets is not None})
        if with_secrets is not None:
            write_for_owner(with_secrets, "".join(f"{name}={shlex.quote(value)}\n" for name, value in found["variables"].items()))
        sys.stdout.write("\n".join([*_HEAD[polish], *(f"#   {name}" for name in found["variables"]), "", *found["toml"]]))

    run(step())


_HEAD = (
    (
        "# Made by `gateway config export`. Apply it with `gateway apply FILE`. Keys of shops and of staff are not in it:",
        "# only their hashes are known. It reads these secrets from the environment (`--with-secrets FILE` writes them):",
    ),
    (
        "# Utworzono poleceniem `gateway config export --pl`. Zastosuj plik poleceniem `gateway apply PLIK --pl`. Kluczy",
        "# sklepów i pracowników w nim nie ma: bramka zna tylko ich skróty. Hasła i klucze odczyta z tych zmiennych",
        "# środowiska (zapisuje je `--with-secrets PLIK`):",
    ),
)


@shops.command("list")
def list_shops(polish: InPolish = False, as_json: AsJson = False) -> None:
    """The shops by name, with their policy."""

    async def step() -> None:
        found = [one for one in (await ask("GET", "/configuration"))["settings"] if "shop" in one]
        if as_json:
            show_json({"shops": found})
            return
        headers = ("sklep", "konto", "domena", "zasada", "stan") if polish else ("shop", "account", "domain", "policy", "state")
        table = table_of(*headers)
        for one in found:
            said = one["settings"]
            state = "disabled" if not said["enabled"] else "shadow" if said["shadow"] else "enabled"
            policy = _POLICIES_PL[said["policy"]] if polish else said["policy"]
            table.add_row(one["shop"], said["account"], said["host"], policy, _STATES_PL[state] if polish else state)
        show_table(table)

    run(step())


_POLICIES_PL = {"order_consent": "tylko ze zgodą przy zamówieniu", "all_customers": "wszyscy klienci"}
_STATES_PL = {"enabled": "włączony", "disabled": "wyłączony", "shadow": "w trybie testowym (shadow)"}


@shops.command("remove")
def remove_shop(
    shop: Annotated[str, typer.Argument(help="The shop; it has to be disabled.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    unsent_too: Annotated[bool, typer.Option("--unsent-too", help="Drop what was not sent yet.")] = False,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Take a shop out, with its people, events and keys. SALESmanago, audit log and sealed consents keep what they have."""

    async def step() -> None:
        found = await ask("GET", f"/shops/{shop}/removal")
        if not yes:
            sure(_REMOVE[polish].format(shop=shop, **found), to_error=as_json)
        gone = await ask("DELETE", f"/shops/{shop}", params={"unsent_too": unsent_too})
        if as_json:
            show_json(gone)
        else:
            out.print(_REMOVED[polish].format(escape(shop)))

    run(step())


_REMOVE = (
    "Remove {shop} for ever (people: {people}, events: {events}, unsent commands: {unsent}, keys: {keys})?",
    "Usunąć na zawsze sklep {shop} (osoby: {people}, zdarzenia: {events}, niewysłane polecenia: {unsent}, klucze: {keys})?",
)
_REMOVED = (
    "{} is removed. Take it out of the file too, or the next `gateway apply` brings it back.",
    "Usunięto sklep {}. Usuń go też z pliku, inaczej następne `gateway apply --pl` go przywróci.",
)
