"""The bill of materials as CycloneDX 1.6, from the lock file alone: no network, the same bytes from the same lock.

python tools/sbom.py requirements.lock build/sbom.cdx.json
"""

import hashlib
import json
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def pinned(lock: str) -> Iterator[tuple[str, str, list[str]]]:
    """(name, version, SHA-256 of each accepted file), in the order of the lock."""
    name = version = ""
    hashes: list[str] = []
    for line in lock.splitlines():
        if found := _PINNED.match(line):
            if name:
                yield name, version, hashes
            name, version, hashes = found[1], found[2], []
        hashes += _HASH.findall(line)
    if name:
        yield name, version, hashes


def bill_of(lock: str, name: str, version: str) -> dict[str, Any]:
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{package.lower()}@{number}",
            "name": package,
            "version": number,
            "purl": f"pkg:pypi/{package.lower()}@{number}",
            "properties": [{"name": "lock:sha256", "value": one} for one in hashes],
        }
        for package, number, hashes in pinned(lock)
    ]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(lock.encode()).hexdigest())}",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name, "version": version}},
        "components": components,
        "dependencies": [{"ref": name, "dependsOn": [one["bom-ref"] for one in components]}],
    }


def main(lock: Path, target: Path) -> None:
    name = re.search(r'^name = "([^"]+)"', (lock.parent / "pyproject.toml").read_text(), re.MULTILINE)
    version = re.search(r'^__version__ = "([^"]+)"', (lock.parent / "app" / "__init__.py").read_text(), re.MULTILINE)
    assert name is not None
    assert version is not None
    bill = bill_of(lock.read_text(), name[1], version[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill, indent=1) + "\n")
    sys.stdout.write(f"{target}: {len(bill['components'])} components\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
