"""Commands that run something until it is stopped, and the contract."""

import sys
from typing import Annotated

import typer

from app.cli.common import quiet_logs, run, tuned_to_serve


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Accept and answer only; workers run elsewhere.")] = False,
) -> None:
    """Serve the API and run the worker in the same process. Migrates the database if needed."""
    _without_pygments()
    tuned_to_serve()
    from app.configuration.settings import Settings
    from app.observability import logs
    from app.server import runner

    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}

    async def step() -> None:
        settings = Settings(**changed)  # type: ignore[arg-type]  # pydantic checks them
        logs.configure(settings.log_level, json=not sys.stderr.isatty())
        await runner.serve(settings, with_worker=not no_worker)

    run(step(), serves=True)


def worker() -> None:
    """Deliver and run schedules without serving the API; any number of them on PostgreSQL."""
    _without_pygments()
    tuned_to_serve()
    from app.configuration.settings import Settings
    from app.observability import logs
    from app.server import runner

    async def step() -> None:
        settings = Settings()
        logs.configure(settings.log_level, json=not sys.stderr.isatty())
        await runner.work(settings)

    run(step(), serves=True)


def _without_pygments() -> None:
    """httpx and structlog load it where it is installed, to colour code: six megabytes in a process that shows nobody any."""
    sys.modules.setdefault("pygments", None)  # type: ignore[arg-type]  # to import it fails, for which both are prepared


def openapi() -> None:
    """Print the contract as YAML."""
    from app.server.contract_text import openapi_yaml

    sys.stdout.write(openapi_yaml())


def sandbox(
    salesmanago_port: Annotated[int, typer.Option(help="Port of the stand-in of SALESmanago.")] = 8100,
    panel_port: Annotated[int, typer.Option(help="Port of the stand-in of the panel.")] = 8200,
    accounts: Annotated[int, typer.Option(min=0, help="How many accounts the panel begins with.")] = 40,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what no document allows; otherwise it is taken with a warning, as in reality.")
    ] = False,
) -> None:
    """Run the stand-ins of SALESmanago and of the panel, each with a page to watch it and faults on demand."""
    tuned_to_serve()
    from app import demo  # with both stand-ins: no other command should pay for it

    quiet_logs()
    run(demo.run_sandbox(salesmanago_port, panel_port, accounts, strict=strict), serves=True)


def run_demo(
    once: Annotated[bool, typer.Option("--once", help="End after the account; exit code 0 if all is as expected.")] = False,
    port: Annotated[int, typer.Option(help="Port of the gateway.")] = 8000,
    salesmanago_port: Annotated[int, typer.Option(help="Port of the stand-in of SALESmanago.")] = 8100,
    panel_port: Annotated[int, typer.Option(help="Port of the stand-in of the panel.")] = 8200,
) -> None:
    """A believable day of three shops, and an account of what arrived where and why some did not."""
    _without_pygments()
    tuned_to_serve()
    from app import demo

    quiet_logs("ERROR")  # alarms are warnings: the demo puts its clock forward, so on a slow machine scans seem late

    async def step() -> None:
        if not await demo.run_demo(port, salesmanago_port, panel_port, stay=not once):
            raise typer.Exit(1)

    run(step(), serves=True)
