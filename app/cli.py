"""`gateway …`: every command works whether the gateway runs or not. `--json` prints for machines."""

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import msgspec
import typer
from cryptography.fernet import Fernet
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from app import demo, logs, main, server
from app.control import Configuration, control
from app.domain.errors import GatewayError
from app.domain.registry import OPERATOR_ROLE, SHOP_ROLE
from app.services.secrets_at_rest import KeyRing
from app.settings import Settings
from app.shops_file import load

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The gateway between shops and SALESmanago."
)
keys = typer.Typer(no_args_is_help=True, help="Keys of shops and operators.")
cli.add_typer(keys, name="keys")
out = Console()
err = Console(stderr=True)


@cli.callback()
def quiet() -> None:
    """The gateway between shops and SALESmanago."""
    # Standard output belongs to the command; what goes wrong is said on standard error.
    logs.configure("WARNING", json=False)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run(step: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(step)
    except GatewayError as error:
        fail(str(error))
    except ValidationError as error:
        fail(
            "; ".join(
                f"GATEWAY_{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors(include_input=False)
            )
        )
    except (SQLAlchemyError, OSError) as error:
        fail(f"The database cannot be used ({type(error).__name__}). Look at GATEWAY_DATABASE_URL.")
    except httpx.TransportError as error:
        fail(f"The running gateway did not answer on its control socket ({type(error).__name__}).")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def fail(words: str) -> NoReturn:
    err.print(f"[red]{escape(words)}[/red]")
    raise typer.Exit(1)


async def ask(method: str, path: str, **more: Any) -> Any:
    async with control(Settings()) as client:
        answer = await client.request(method, path, **more)
    if answer.status_code == httpx.codes.NO_CONTENT:
        return None
    body = answer.json()
    if answer.is_error:
        fail(body["detail"])
    return body


def show_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Accept and answer only; workers run elsewhere.")] = False,
) -> None:
    """Serve the API and run the worker in the same process. Migrates the database if needed."""
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}

    async def step() -> None:
        settings = Settings(**changed)  # type: ignore[arg-type]  # pydantic checks them
        logs.configure(settings.log_level, json=not sys.stderr.isatty())
        await server.serve(settings, with_worker=not no_worker)

    run(step())


@cli.command()
def worker() -> None:
    """Deliver and run schedules without serving the API; any number of them on PostgreSQL."""

    async def step() -> None:
        settings = Settings()
        logs.configure(settings.log_level, json=not sys.stderr.isatty())
        await server.work(settings)

    run(step())


@cli.command()
def apply(
    file: Annotated[Path, typer.Argument(help="The TOML file of accounts and shops.")],
    yes: Annotated[bool, typer.Option("--yes", help="Store without asking.")] = False,
) -> None:
    """Check a configuration, show what it changes, and store it."""

    async def step() -> None:
        accounts, shops = load(file, KeyRing(list(Settings().encryption_keys)))
        shown = await ask("POST", "/configuration", content=msgspec.json.encode(Configuration(accounts, shops)))
        for line in shown["changes"]:
            out.print(escape(line))
        if not shown["changes"]:
            out.print("Nothing changes.")
            return
        if not yes and not typer.confirm("Store this?"):
            raise typer.Exit(1)
        await ask("POST", "/configuration", content=msgspec.json.encode(Configuration(accounts, shops, store=True)))
        out.print("[green]Stored.[/green]")

    run(step())


@keys.command("issue")
def issue_key(
    shop: Annotated[str | None, typer.Argument(help="The shop the key is for.")] = None,
    role: Annotated[str, typer.Option(help="shop or operator.")] = SHOP_ROLE,
) -> None:
    """Make a key. It is printed alone, this once, and stored only as a hash."""
    if role not in (SHOP_ROLE, OPERATOR_ROLE):
        fail("--role is shop or operator.")
    if role == SHOP_ROLE and shop is None:
        fail("Name the shop: gateway keys issue SHOP")
    if role == OPERATOR_ROLE and shop is not None:
        fail("An operator's key reads every shop; leave the shop out, or leave out --role.")

    async def step() -> None:
        sys.stdout.write((await ask("POST", "/keys", params={"role": role, **({"shop": shop} if shop else {})}))["key"] + "\n")

    run(step())


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """Keys by id; the keys themselves are known to nobody."""

    async def step() -> None:
        found = await ask("GET", "/keys")
        if as_json:
            show_json(found)
            return
        table = Table("id", "role", "shop", "made", "revoked")
        for key in found:
            table.add_row(key["id"], key["role"], key["shop"] or "", key["created_at"][:19], (key["revoked_at"] or "")[:19])
        out.print(table)

    run(step())


@keys.command("revoke")
def revoke_key(key_id: str) -> None:
    """Revoke a key by its id."""

    async def step() -> None:
        await ask("DELETE", f"/keys/{key_id}")
        out.print("Revoked.")

    run(step())


@keys.command("encryption")
def encryption_key() -> None:
    """Make a key for GATEWAY_ENCRYPTION_KEYS."""
    sys.stdout.write(Fernet.generate_key().decode() + "\n")


@cli.command()
def status(as_json: AsJson = False) -> None:
    """Shops, their events by state, and the age of the oldest waiting one."""

    async def step() -> None:
        report = await ask("GET", "/status")
        if as_json:
            show_json(report)
            return
        table = Table("shop", "oldest waiting", "received", "planned", "sent", "withheld", "superseded", "parked", "held")
        for shop in report["shops"]:
            numbers = [
                str(shop["events"].get(state, 0))
                for state in ("received", "planned", "sent", "withheld", "superseded", "parked", "held")
            ]
            table.add_row(shop["shop_id"], f"{shop['oldest_waiting_seconds']:.0f} s", *numbers)
        out.print(table)
        for problem in report["problems"]:
            out.print(f"[yellow]{escape(problem)}[/yellow]")

    run(step())


@cli.command()
def doctor(
    shop: Annotated[str | None, typer.Argument(help="One shop; all of them otherwise.")] = None, as_json: AsJson = False
) -> None:
    """Look at configuration, database and rights at SALESmanago; say what to do. Exit code 1 on trouble."""

    async def step() -> None:
        findings = (await ask("GET", "/doctor", params={"shop": shop} if shop else {}))["findings"]
        if as_json:
            show_json(findings)
        else:
            for finding in findings:
                mark = "[green]✓[/green]" if finding["good"] else "[red]✗[/red]"
                out.print(f"{mark} [bold]{escape(finding['about'])}[/bold]  {escape(finding['words'])}")
        if not all(finding["good"] for finding in findings):
            raise typer.Exit(1)

    run(step())


@cli.command()
def why(
    about: Annotated[str, typer.Argument(help="An e-mail address, an order number or an event id.")],
    polish: Annotated[bool, typer.Option("--pl", help="Reasons in Polish.")] = False,
    as_json: AsJson = False,
) -> None:
    """Why was this (not) sent?"""

    async def step() -> None:
        found = await ask("POST", "/why", json={"about": about})
        if as_json:
            show_json(found)
            return
        if not found:
            fail("Nothing is known about that. Was it posted? Was it another shop's?")
        for event in found:
            _show_event(event, "_pl" if polish else "")

    run(step())


def _show_event(event: dict[str, Any], suffix: str) -> None:
    head = f"[bold]{event['occurred_at'][:19]}[/bold]  {event['shop']}  {event['type']}  [cyan]{event['state']}[/cyan]"
    out.print(f"{head}  {escape(event['event_id'])}")
    if event["reason"]:
        out.print(f"    {event['reason']['rule']}: {escape(event['reason']['why' + suffix])}")
        out.print(f"    → {escape(event['reason']['what_to_do' + suffix])}")
    for command in event["commands"]:
        out.print(f"    {command['command']}  {command['state']}  {escape(json.dumps(command['summary'], ensure_ascii=False))}")
        for attempt in command["attempts"]:
            words = f"      {attempt['number']}. {attempt['call'] or 'look-up'}  {attempt['outcome']}  {attempt['detail']}"
            out.print(escape(words))


@cli.command()
def openapi() -> None:
    """Print the contract as YAML."""
    sys.stdout.write(main.openapi_yaml())


@cli.command()
def sandbox(
    salesmanago_port: Annotated[int, typer.Option(help="Port of the stand-in of SALESmanago.")] = 8100,
    panel_port: Annotated[int, typer.Option(help="Port of the stand-in of the panel.")] = 8200,
) -> None:
    """Run the stand-ins of SALESmanago and of the panel, each with a page to watch it and faults on demand."""
    run(demo.run_sandbox(salesmanago_port, panel_port))


@cli.command("demo")
def run_demo(
    once: Annotated[bool, typer.Option("--once", help="End after the account; exit code 0 if all is as expected.")] = False,
    port: Annotated[int, typer.Option(help="Port of the gateway.")] = 8000,
    salesmanago_port: Annotated[int, typer.Option(help="Port of the stand-in of SALESmanago.")] = 8100,
) -> None:
    """A believable day of two shops, and an account of what arrived where and why some did not."""

    async def step() -> None:
        if not await demo.run_demo(port, salesmanago_port, stay=not once):
            raise typer.Exit(1)

    run(step())
