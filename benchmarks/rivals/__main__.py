"""`python -m benchmarks.rivals NAME --events 2000`: one rival, one JSON line."""

import argparse
import contextlib
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.rivals.bench import Bench, CannotRunError, Took, a_sink

RIVALS = {
    "naive": "naive",
    "procrastinate": "procrastinate_rival",
    "dbos-sqlite": "dbos_rival",
    "dbos-postgresql": "dbos_rival",
    "celery": "celery_rival",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    parser.add_argument("rival", choices=RIVALS)
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--endpoint", help="a stand-in of SALESmanago; a sink of its own when left out")
    parser.add_argument("--postgres", metavar="DSN", help="a server where databases may be made; one of its own when left out")
    parser.add_argument("--processes", type=int, help="instead of the rival's best")
    parser.add_argument("--concurrency", type=int, help="instead of the rival's best, per process")
    parser.add_argument("--variant", help="a rival's other way to run, named in its module")
    asked = parser.parse_args()
    try:
        line = _run(asked)
    except (CannotRunError, ImportError) as error:
        line = {"rival": asked.rival, "skipped": " ".join(str(error).split())}
    print(json.dumps(line))


def _run(asked: argparse.Namespace) -> dict[str, Any]:
    rival = importlib.import_module(f"benchmarks.rivals.{RIVALS[asked.rival]}")
    with contextlib.ExitStack() as stack:
        # Short, because it carries the name of a socket.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rival-", ignore_cleanup_errors=True)))
        endpoint = asked.endpoint or stack.enter_context(a_sink(folder))
        # What a library prints of its own accord belongs beside the answer, not into it.
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        bench = Bench(asked.events, endpoint.rstrip("/"), folder, asked.postgres, asked.processes, asked.concurrency, asked.variant)
        took: Took = rival.run(asked.rival, bench)
        measured = took.measured
    return {
        "rival": asked.rival,
        "events": asked.events,
        "seconds": round(measured.seconds, 3),
        "per_second": round(asked.events / measured.seconds, 1),
        "calls_per_1000_events": round(measured.calls * 1000 / asked.events, 1),
        "cpu_ms_per_event": round(measured.cpu_seconds * 1000 / asked.events, 2),
        "versions": took.versions,
        "settings": f"{took.settings}; to {'the stand-in given' if asked.endpoint else 'the sink'}",
    }


if __name__ == "__main__":
    main()
