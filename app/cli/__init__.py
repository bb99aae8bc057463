"""`gateway …`: every command works whether the gateway runs or not. `--json` prints for machines."""

from typing import Annotated

import typer

from app import __version__
from app.cli import data_requests, manual_tasks, operations, queries, server, why
from app.cli.common import Commands
from app.cli.connect import connect
from app.cli.installation import installation
from app.cli.pushes import pushes
from app.cli.runs import imports
from app.cli.runs.backfill import backfill
from app.cli.runs.reconcile import reconcile
from app.cli.shops import applying, configured, keys, pasted
from app.cli.tail import tail

cli = typer.Typer(
    cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, help="The gateway between shops and SALESmanago."
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@cli.callback()
def gateway(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    """The gateway between shops and SALESmanago.

    Exit codes: 0 done, 1 refused or trouble found, 2 wrong words on the command line, 130 stopped by Ctrl-C.
    """


for command in (
    server.serve,
    server.worker,
    applying.apply,
    pasted.callbacks,
    pasted.tracking_code,
    queries.status,
    queries.doctor,
    queries.support_bundle,
    why.why,
    queries.conflicts,
    manual_tasks.conflicts_seen,
    queries.consents,
    queries.ledger,
    queries.retention,
    data_requests.erase,
    data_requests.access_report,
    operations.parked,
    operations.replay,
    operations.neighbours,
    operations.audit,
    tail,
    imports.import_subscribers,
    server.openapi,
    server.sandbox,
):
    cli.command()(command)
cli.command("demo")(server.run_demo)
cli.add_typer(keys.keys, name="keys")
cli.add_typer(configured.shops, name="shops")
cli.add_typer(configured.config, name="config")
cli.add_typer(backfill, name="backfill")
cli.add_typer(reconcile, name="reconcile")
cli.add_typer(pushes, name="pushes")
cli.add_typer(connect, name="connect")
cli.add_typer(installation, name="installation")
cli.add_typer(manual_tasks.group, name="hand-work")
