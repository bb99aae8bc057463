"""Known vulnerabilities of what is locked. Without a network it says so, and is no failure: no check hangs on somebody's host.

    python tools/audit.py [--strict] requirements.lock

With `--strict` a vulnerability that is found ends it with 1; otherwise it is a warning.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

SECONDS = 60


def findings(output: str) -> tuple[int, list[str]]:
    """How many packages were looked up, and a line per vulnerability, from pip-audit's JSON. (0, []): nothing is known."""
    try:
        listed = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, []
    looked_up = [one for one in listed if "skip_reason" not in one]
    found = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for one in looked_up
        for flaw in one["vulns"]
    ]
    return len(looked_up), found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("lock", type=Path)
    asked = parser.parse_args()
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json", "-r", str(asked.lock)]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        output = ran.stdout
    except subprocess.TimeoutExpired:
        output = ""
    looked_up, found = findings(output)
    if not looked_up:
        sys.stdout.write("audit skipped: no service that knows vulnerabilities was reached\n")
        return 0
    sys.stdout.write("".join(f"{line}\n" for line in found) or f"audit: none known of {looked_up} packages\n")
    return 1 if found and asked.strict else 0


if __name__ == "__main__":
    sys.exit(main())
