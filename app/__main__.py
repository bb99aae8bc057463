"""`python -m app` is `gateway`."""

from app.cli import cli

cli()
