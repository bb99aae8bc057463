"""Programs of Node's world, each of an exact version. Nothing of them is kept in the repository."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SECONDS = 300
"""To fetch a program once, and to run it."""

_QUIET = {"CI": "1", "NO_UPDATE_NOTIFIER": "1", "REDOCLY_TELEMETRY": "off", "NPM_CONFIG_FUND": "false", "NPM_CONFIG_AUDIT": "false"}


def run(packages: Sequence[str], command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str] | None:
    """Run a command of some packages (`name@version`). None if Node is not there, or the packages cannot be fetched."""
    if shutil.which("npx") is None:
        return None
    fetch = ["npx", "--yes", *(f"--package={one}" for one in packages), "--"]
    environment = os.environ | _QUIET
    try:
        there = subprocess.run(
            [*fetch, command[0], "--version"], capture_output=True, timeout=SECONDS, check=False, env=environment
        )
        if there.returncode != 0:
            return None
        return subprocess.run(
            [*fetch, *command], cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return None
