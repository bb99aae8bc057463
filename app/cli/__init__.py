"""`gateway …`: every command works whether the gateway runs or not. `--json` prints for machines."""

import typer

from app.cli import configuration, imports, operations, queries, server
from app.cli.backfill import backfill
from app.cli.connect import connect
from app.cli.pushes import pushes
from app.cli.reconcile import reconcile
from app.cli.tail import tail

cli = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The gateway between shops and SALESmanago."
)


@cli.callback()
def gateway() -> None:
    """The gateway between shops and SALESmanago."""


for command in (
    server.serve,
    server.worker,
    configuration.apply,
    configuration.callbacks,
    queries.status,
    queries.doctor,
    queries.why,
    queries.conflicts,
    queries.consents,
    operations.parked,
    operations.replay,
    operations.neighbours,
    tail,
    imports.import_subscribers,
    server.openapi,
    server.sandbox,
):
    cli.command()(command)
cli.command("demo")(server.run_demo)
cli.add_typer(configuration.keys, name="keys")
cli.add_typer(backfill, name="backfill")
cli.add_typer(reconcile, name="reconcile")
cli.add_typer(pushes, name="pushes")
cli.add_typer(connect, name="connect")
cli.add_typer(queries.hand_work, name="hand-work")
