"""Databases that releases left behind, with work in them.

`python -m tools.release_database` keeps them by running those releases. Each knew both kinds of database.
"""

import gzip
import json
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "files"


def kept(*, on: str) -> list[str]:
    return sorted(path.name.removesuffix(".sql.gz") for path in FILES.glob(f"*-{on}.sql.gz"))


def known_of(release: str) -> Any:
    return json.loads((FILES / f"{release}.json").read_text())


def sql_of(release: str) -> str:
    return gzip.decompress((FILES / f"{release}.sql.gz").read_bytes()).decode()
