"""Commands that configure: accounts, shops, keys, and the addresses SALESmanago calls."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from app.cli.common import (
    AsJson,
    InPolish,
    ask,
    fail,
    local,
    out,
    quiet_logs,
    run,
    show_json,
    sure,
    table_of,
    wording_of,
    write_for_owner,
)
from app.domain.shops.configuration import SHOP_ROLE, STAFF_ROLES

keys = typer.Typer(no_args_is_help=True, help="Keys of shops and operators.")
shops = typer.Typer(no_args_is_help=True, help="The shops that are configured.")
config = typer.Typer(no_args_is_help=True, help="What is configured.")


def apply(
    file: Annotated[Path, typer.Argument(help="The TOML file of accounts and shops.")],
    yes: Annotated[bool, typer.Option("--yes", help="Store without asking.")] = False,
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
        for line in shown["changes"]:
            out.print(escape(line), soft_wrap=True)
        if not shown["changes"]:
            out.print("Nothing changes.")
            return
        for line in shown["consequences"]:
            out.print(f"[yellow]→ {escape(line)}[/yellow]", soft_wrap=True)
        if not yes and not typer.confirm("Store this?"):
            raise typer.Exit(1)
        stored = await ask("POST", "/configuration", content=msgspec.json.encode(Configuration(accounts, shops, store=True)))
        out.print("[green]Stored.[/green]")
        for warning in stored["warnings"]:
            out.print(f"[yellow]account {escape(warning)}[/yellow]")

    run(step())


@config.command("show")
def show_config(
    shop: Annotated[str | None, typer.Argument(help="One shop and its account; all of them otherwise.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is stored, as the file writes it; of secrets only that they are set."""

    async def step() -> None:
        found = await ask("GET", "/configuration", params={"shop": shop} if shop else {})
        if as_json:
            show_json({"settings": found["settings"]})
        else:
            sys.stdout.write("\n".join(found["toml"]) or "# No account and no shop is configured; `gateway apply FILE` does it.\n")

    run(step())


@config.command("export")
def export_config(
    with_secrets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the secrets too, into this new file that only you can read.")
    ] = None,
) -> None:
    """The whole configuration as a file for `gateway apply`, here or on another machine; it names secrets by variables."""

    async def step() -> None:
        if with_secrets is not None and with_secrets.exists():
            fail(f"{with_secrets} exists already; name a new file.")
        found = await ask("POST", "/configuration/export", params={"with_secrets": with_secrets is not None})
        if with_secrets is not None:
            write_for_owner(with_secrets, "".join(f"{name}={shlex.quote(value)}\n" for name, value in found["variables"].items()))
        sys.stdout.write("\n".join([*_HEAD, *(f"#   {name}" for name in found["variables"]), "", *found["toml"]]))

    run(step())


_HEAD = (
    "# Made by `gateway config export`. Apply it with `gateway apply FILE`. Keys of shops and of staff are not in it: only their",
    "# hashes are known. It reads these secrets from the environment (`--with-secrets FILE` writes them):",
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
        out.print(table)

    run(step())


_POLICIES_PL = {"order_consent": "tylko ze zgodą przy zamówieniu", "all_customers": "wszyscy klienci"}
_STATES_PL = {"enabled": "włączony", "disabled": "wyłączony", "shadow": "w trybie testowym (shadow)"}


@shops.command("remove")
def remove_shop(
    shop: Annotated[str, typer.Argument(help="The shop; it has to be disabled.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    unsent_too: Annotated[bool, typer.Option("--unsent-too", help="Drop what was not sent yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a shop out, with its people, events and keys. SALESmanago, audit log and sealed consents keep what they have."""

    async def step() -> None:
        found = await ask("GET", f"/shops/{shop}/removal")
        words = f"{found['people']} people, {found['events']} events ({found['unsent']} commands unsent) and {found['keys']} keys"
        if not yes:
            sure(f"Remove {shop} with {words} for ever?", to_error=as_json)
        gone = await ask("DELETE", f"/shops/{shop}", params={"unsent_too": unsent_too})
        if as_json:
            show_json(gone)
        else:
            out.print(f"{escape(shop)} is removed. Take it out of the file too, or the next `gateway apply` brings it back.")

    run(step())


@keys.command("issue")
def issue_key(
    shop: Annotated[str | None, typer.Argument(help="The shop the key is for.")] = None,
    role: Annotated[str, typer.Option(help="shop; or for people: reader, operator or admin.")] = SHOP_ROLE,
    name: Annotated[str, typer.Option(help="Who uses it; shown in lists and in the audit log.")] = "",
    days: Annotated[float | None, typer.Option(help="After so many days it ends by itself.")] = None,
    polish: InPolish = False,  # noqa: ARG001  # of its refusals
) -> None:
    """Make a key. It is printed alone, this once, and stored only as a hash."""
    if role not in (SHOP_ROLE, *STAFF_ROLES):
        fail(f"--role is one of {', '.join((SHOP_ROLE, *STAFF_ROLES))}.")
    if role == SHOP_ROLE and shop is None:
        fail("Name the shop: gateway keys issue SHOP")
    if role != SHOP_ROLE and shop is not None:
        fail("A key for people reads every shop; leave the shop out, or leave out --role.")

    async def step() -> None:
        said = {"shop": shop, "role": role, "name": name or None, "days": days}
        answer = await ask("POST", "/keys", params={key: value for key, value in said.items() if value is not None})
        sys.stdout.write(answer["key"] + "\n")

    run(step())


@keys.command("list")
def list_keys(polish: InPolish = False, as_json: AsJson = False) -> None:
    """Keys by id; the keys themselves are known to nobody."""

    async def step() -> None:
        found = await ask("GET", "/keys")
        if as_json:
            show_json(found)
            return
        table = table_of(*_KEY_COLUMNS[polish])
        never, revoked = ("nigdy", "unieważniony") if polish else ("never", "revoked")
        for key in found["keys"]:
            whose = " ".join(filter(None, (key["shop"], key["name"])))
            ends = f"{revoked} {_day(key['revoked_at'])}" if key["revoked_at"] else _day(key["expires_at"])
            used = local(key["last_used_at"], seconds=False) if key["last_used_at"] else never
            role = wording_of("_pl").word("role", key["role"]) if polish else key["role"]
            table.add_row(key["id"], role, escape(whose), _day(key["created_at"]), used, ends)
        out.print(table)

    run(step())


_KEY_COLUMNS = (
    ("id", "role", "whose", "made", "last used", "ends"),
    ("id", "rola", "czyj", "wydany", "ostatnio użyty", "wygasa"),
)


def _day(at: str | None) -> str:
    return local(at, seconds=False)[:10] if at else ""


@keys.command("revoke")
def revoke_key(key_id: str, polish: InPolish = False) -> None:
    """Revoke a key by its id."""

    async def step() -> None:
        await ask("DELETE", f"/keys/{key_id}")
        out.print("Unieważniono." if polish else "Revoked.")

    run(step())


@keys.command("rotate")
def rotate_keys(as_json: AsJson = False) -> None:
    """Encrypt every stored secret anew with the newest key, and say when the older ones may go.

    First put the new key in front of the old one in GATEWAY_ENCRYPTION_KEYS and restart every process.
    """
    from app.configuration.settings import Settings
    from app.services.shops.keyring import KeyRing

    async def step() -> None:
        newest = KeyRing(list(Settings().encryption_keys)).fingerprint
        done = await ask("POST", "/keys/rotation", params={"newest": newest})
        if as_json:
            show_json(done)
            return
        out.print(f"{done['closed_anew']} of {done['secrets']} stored secrets were encrypted anew; all are under the key {newest}.")
        if done["old_keys_may_go_at"] is None:
            out.print("It is the only key.")
            return
        out.print(
            f"Recovery links of carts that the older keys made are good until {local(done['old_keys_may_go_at'], seconds=False)}. "
            "After that, or now if those links need not open any more, take the older keys out of GATEWAY_ENCRYPTION_KEYS and "
            "restart every process. Keep them as long as a backup from before today may be restored."
        )

    run(step())


@keys.command("encryption")
def encryption_key() -> None:
    """Make a key for GATEWAY_ENCRYPTION_KEYS."""
    from cryptography.fernet import Fernet

    sys.stdout.write(Fernet.generate_key().decode() + "\n")


def callbacks(
    name: Annotated[str | None, typer.Argument(help="One shop or account; all of them otherwise.")] = None, as_json: AsJson = False
) -> None:
    """The addresses to paste into SALESmanago (Integration Center > Callbacks). They carry the secret: show them to nobody else."""

    async def step() -> None:
        found = await ask("GET", "/callbacks", params={"name": name} if name else {})
        if as_json:
            show_json(found)
            return
        if not found["callbacks"]:
            fail("No callback_secret is configured there. Write one into the file of `gateway apply`.")
        for one in found["callbacks"]:
            out.print(f"[bold]{escape(one['of'])}[/bold]  {escape(one['words'])}")
            sys.stdout.write(f"  opt-in   {one['opt_in']}\n  opt-out  {one['opt_out']}\n")

    run(step())


def tracking_code(
    shop: Annotated[str, typer.Argument(help="The shop.")],
    host: Annotated[str | None, typer.Option(help="Only for this one of its hosts.")] = None,
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
