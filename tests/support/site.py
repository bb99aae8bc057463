"""The documentation as a site, built once per process beside the repository, so that two processes build it at the same time."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.support.pages import ROOT


@cache
def built_site() -> Path:
    """Builds as `make docs` does: a warning is a failure."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-site-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    command = [Path(sys.executable).with_name("zensical"), "build", "--strict"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | {"NO_COLOR": "1"}, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build" / "site"
