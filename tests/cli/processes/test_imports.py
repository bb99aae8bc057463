"""What a command loads: a question to a running gateway waits for nothing that it does not use, and a server holds nothing more."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.running.processes import a_world

HEAVY = ("fastapi", "httpx", "pydantic_settings", "sqlalchemy", "structlog", "uvicorn", "cryptography", "phonenumbers")
"""What a question to a running gateway must not pay for: all of it together takes two seconds of processor time."""

_ASK = """
import sys
from app.cli import cli
for command in {commands!r}:
    try:
        cli(command)
    except SystemExit as end:
        assert not end.code, end.code
    found = [name for name in {heavy!r} if name in sys.modules]
    assert not found, (command, found)
"""


def fault_of(environment: dict[str, str], *commands: list[str]) -> str:
    """Of the first command that failed or imported too much. One interpreter runs them all: what was imported once stays."""
    asked = [sys.executable, "-c", _ASK.format(heavy=HEAVY, commands=commands)]
    ran = subprocess.run(asked, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60)
    return ran.stderr.strip() if ran.returncode else ""


def test_help_imports_nothing_of_the_gateway() -> None:
    assert fault_of({}, ["--help"], ["apply", "--help"], ["backfill", "--help"]) == ""


def test_a_question_to_a_running_gateway_imports_nothing_of_it(tmp_path: Path) -> None:
    questions = (["status"], ["parked"], ["keys", "list"], ["neighbours"], ["conflicts"], ["hand-work", "list"])
    with a_world(tmp_path) as world:
        assert fault_of(world.environment, *questions) == ""


def test_a_command_that_imports_something_is_found_behind_one_that_does_not() -> None:
    assert "(['keys', 'encryption'], ['cryptography'])" in fault_of({}, ["--help"], ["keys", "encryption"])


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
