"""Redocly and Spectral over openapi.yaml: no warning is left. Without Node or a network it says so, and is no failure.

python -m tools.lint_contract
"""

import sys
import tempfile
from pathlib import Path

from tools import node

ROOT = Path(__file__).parents[1]
REDOCLY = "@redocly/cli@2.77.0"
SPECTRAL = "@stoplight/spectral-cli@6.16.3"

_RULES = 'extends: ["spectral:oas"]\n'


def linted() -> list[tuple[str, bool, str]]:
    """(linter, is it clean, what it said), for those that could be run."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "spectral.yaml"
        rules.write_text(_RULES)
        contract = str(ROOT / "openapi.yaml")
        runs = (
            (REDOCLY, ["redocly", "lint", contract, "--format", "summary"], "You have "),
            (SPECTRAL, ["spectral", "lint", contract, "--ruleset", str(rules), "--fail-severity", "warn"], " warning "),
        )
        for package, command, warned in runs:
            ran = node.run([package], command, Path(folder))
            if ran is not None:
                said = ran.stdout + ran.stderr
                found.append((package, ran.returncode == 0 and warned not in said, said))
    return found


def main() -> int:
    found = linted()
    if not found:
        sys.stdout.write("contract not linted: Node is not here, or its packages cannot be reached\n")
    for package, is_clean, said in found:
        sys.stdout.write(f"{package}: clean\n" if is_clean else f"{package}:\n{said}\n")
    return 0 if all(is_clean for _, is_clean, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main())
