"""What a command loads: a question to a running gateway waits for nothing that it does not use, and a server holds nothing more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running.processes import a_world

HEAVY = ("fastapi", "httpx", "pydantic_settings", "sqlalchemy", "structlog", "uvicorn", "cryptography", "phonenumbers")
"""What a question to a running gateway must not pay for: all of it together takes two seconds of processor time."""

_ASK = """
import sys
from app.cli import cli
try:
    cli(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(",".join(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


def imported_by(environment: dict[str, str], *command: str) -> str:
    asked = [sys.executable, "-c", _ASK.format(heavy=HEAVY), *command]
    ran = subprocess.run(asked, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60)
    return ran.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize("command", [["--help"], ["apply", "--help"], ["backfill", "--help"]])
def test_help_imports_nothing_of_the_gateway(command: list[str]) -> None:
    assert imported_by({}, *command) == ""


def test_a_question_to_a_running_gateway_imports_nothing_of_it(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        for command in (["status"], ["parked"], ["keys", "list"], ["neighbours"], ["conflicts"], ["hand-work", "list"]):
            assert imported_by(world.environment, *command) == "", command


_SERVE = """
import sys
from app.cli import server
server.run = lambda step, serves: step.close()  # everything is loaded before it runs
server.serve()
print(",".join(name for name in ("aiosmtplib", "asyncpg", "babel", "pygments") if sys.modules.get(name) is not None))
"""


def test_a_server_on_sqlite_holds_nothing_that_it_does_not_use() -> None:
    ran = subprocess.run([sys.executable, "-c", _SERVE], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == ""
