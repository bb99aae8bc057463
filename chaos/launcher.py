"""Run the gateway's ordinary command line with something broken on purpose, so that `app/` needs no hooks for it.

`python -m chaos.launcher PATCH... -- serve`, where a patch is `kill:POINT:N` or `stop:POINT:N` (see `failpoints`),
`mutate:NAME` (see `mutations`), `deadline:SECONDS`, `settling:SECONDS`, `delay:SECONDS` (before a second try) or
`check:SECONDS` (until a backfill is asked again what became of its events).
"""

import signal
import sys
from datetime import timedelta


def install(patch: str) -> None:
    """Raises `LookupError` for a patch that nobody knows, and whatever comes of a name that `app` does not have any more."""
    kind, _, rest = patch.partition(":")
    match kind:
        case "kill" | "stop":
            from chaos import failpoints

            point, _, number = rest.partition(":")
            failpoints.install(point, int(number or 1), signal.SIGKILL if kind == "kill" else signal.SIGSTOP)
        case "mutate":
            from chaos import mutations

            mutations.install(rest)
        case "deadline":
            from app.clients import transport

            transport.DEADLINE_SECONDS = float(rest)
        case "settling":
            from app.domain.delivery import outcomes

            outcomes.SETTLING = timedelta(seconds=float(rest))
        case "delay":
            from app.domain.delivery import outcomes

            outcomes.FIRST_DELAY = timedelta(seconds=float(rest))
        case "check":
            from app.domain.runs import backfill

            backfill.CHECK_AGAIN = timedelta(seconds=float(rest))
        case _:
            raise LookupError(patch)


def main() -> None:
    at = sys.argv.index("--")
    patches, arguments = sys.argv[1:at], sys.argv[at + 1 :]
    for patch in patches:
        install(patch)
    from app.cli import cli

    sys.argv = ["gateway", *arguments]
    cli()


if __name__ == "__main__":
    main()
