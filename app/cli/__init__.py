"""`gateway …`: every command works whether the gateway runs or not. `--json` prints for machines."""

import typer

from app.cli import asking, configuring, importing, operating, running
from app.cli.backfill import backfill
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
    running.serve,
    running.worker,
    configuring.apply,
    configuring.callbacks,
    asking.status,
    asking.doctor,
    asking.why,
    asking.conflicts,
    asking.consents,
    operating.parked,
    operating.replay,
    operating.neighbours,
    tail,
    importing.import_subscribers,
    running.openapi,
    running.sandbox,
):
    cli.command()(command)
cli.command("demo")(running.run_demo)
cli.add_typer(configuring.keys, name="keys")
cli.add_typer(backfill, name="backfill")
cli.add_typer(reconcile, name="reconcile")
cli.add_typer(pushes, name="pushes")
cli.add_typer(asking.hand_work, name="hand-work")
