"""What a process that crashes leaves behind: a traceback that helps, and nobody's data in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.observability.crashes import described

ADDRESS, PHONE, SECRET, PASSWORD = "jan.kowalski@example.com", "+48600100200", "canary-secret-4711", "canary-password"
FERNETS = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=,bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb="

CRASH = """
import asyncio, os, threading
import structlog
from app.cli.common import run
from app.observability import logs

logs.configure("INFO", json=True)
log = structlog.get_logger("crash")
quoted = ("CANARY_ADDRESS", "CANARY_PHONE", "SHOP_SECRET", "GATEWAY_DATABASE_URL")
words = " ".join([*map(os.environ.get, quoted), os.environ["GATEWAY_ENCRYPTION_KEYS"].split(",")[1]])

async def forgotten():
    raise ValueError(words)

async def step():
    try:
        raise KeyError(words)
    except KeyError:
        log.exception("noticed")
    task = asyncio.ensure_future(forgotten())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task  # nobody looks at it: the loop says so
    try:
        int(words)
    except ValueError as error:
        raise RuntimeError(f"a defect about {words}") from error

run(step())
"""


def crash() -> subprocess.CompletedProcess[str]:
    """Run a process that ends by a defect whose words quote everything that must not be written."""
    environment = os.environ | {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "CANARY_ADDRESS": ADDRESS,
        "CANARY_PHONE": PHONE,
        "SHOP_SECRET": SECRET,
        "GATEWAY_DATABASE_URL": f"postgresql+asyncpg://gateway:{PASSWORD}@db.example/gateway",
        "GATEWAY_ENCRYPTION_KEYS": FERNETS,
    }
    command = [sys.executable, "-c", CRASH]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_process_that_crashes_writes_where_and_neither_secrets_nor_people() -> None:
    ended = crash()
    assert ended.returncode == 1
    written = ended.stdout + ended.stderr
    assert "RuntimeError: a defect about <address> <phone> <secret>" in written
    assert "The above exception was the direct cause" in written
    assert "in step" in written
    assert '"noticed"' in written
    assert "never retrieved" in written
    for canary in (ADDRESS, "jan.kowalski", PHONE, SECRET, PASSWORD, *FERNETS.split(",")):
        assert canary not in written.partition('Traceback (most recent call last):\n  File "<string>"')[2] + ended.stdout


def test_addresses_and_phones_are_masked_in_the_log_of_what_was_noticed_or_forgotten() -> None:
    written = crash().stderr
    for canary in (ADDRESS, "jan.kowalski", PHONE):
        assert canary not in written


@pytest.mark.parametrize("secret", ["short", ""])
def test_a_secret_too_short_to_be_told_from_words_is_left(secret: str) -> None:
    error = ValueError("a short word")
    assert "a short word" in described(ValueError, error, None, {"SHOP_SECRET": secret})
