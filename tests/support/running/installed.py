"""A folder as an administrator has it, in which the commands of a page are run."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.databases import migrated_file
from tests.support.pages import Block, Page
from tests.support.running.processes import Process, free_port
from tests.support.running.terminal import Terminal

TOOLS = ("curl", "jq", "openssl", "python3", "sqlite3")
"""What pages use beside the gateway and a shell."""

PORTS = ("8000", "8001", "8100", "8200")
SHOPS = """
[accounts.main]
endpoint = "http://127.0.0.1:8100"
client_id = "demo-client-id"
api_secret = "env:SALESMANAGO_SECRET"
owner = "owner@example.com"
calls_per_second = 100
callback_secret = "env:CALLBACK_SECRET"

[shops.shop1]
account = "main"
host = "sklep.example"
location = "sklep_example"
number = 1
policy = "all_customers"
integration_started_at = 2026-11-23T00:00:00+01:00
callback_secret = "env:CALLBACK_SECRET"
[shops.shop1.panel]
kind = "idosell"
base_url = "http://127.0.0.1:8200"
api_key = "env:SHOP1_PANEL_KEY"
calls_per_second = 100

[shops.shop2]
account = "main"
host = "hurt.example"
location = "hurt_example"
number = 2
policy = "all_customers"
integration_started_at = 2026-11-23T00:00:00+01:00
"""


def _run(page: Page) -> list[Block]:
    return [block for block in page.blocks() if block.is_run]


class Installed:
    """A folder as an administrator has it: a gateway that runs, its file of shops, and the stand-ins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.terminal = Terminal(folder)
        self.ports = {number: str(free_port()) for number in PORTS}
        (folder / "shops.toml").write_text(self.moved(SHOPS))
        key = subprocess.run([self.terminal.path / "gateway", "keys", "encryption"], capture_output=True, text=True, check=True)
        self.key = ""
        self.environment = {
            "PATH": f"{self.terminal.path}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "GATEWAY_ENCRYPTION_KEYS": key.stdout.strip(),
            "GATEWAY_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'gateway.db'}",
            "GATEWAY_PORT": self.ports["8000"],
            "GATEWAY_NIGHTLY_SECONDS": "86400",
            "GATEWAY_POLL_SECONDS": "0.2",
            "GATEWAY_DIRECTORY_SECONDS": "0.5",
            "SALESMANAGO_SECRET": "demo-api-secret",
            "SHOP1_PANEL_KEY": "demo-panel-key",
            "CALLBACK_SECRET": "k3Jd82hGqLm0Zx7Y",
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def moved(self, text: str, ports: dict[str, str] | None = None) -> str:
        """Pages name the usual ports; a machine that runs tests may have them taken."""
        ports = ports or self.ports
        text = re.sub(r"(?<=127\.0\.0\.1:)8\d\d\d\b", lambda port: ports[port[0]], text)
        sandbox = f"gateway sandbox --salesmanago-port {ports['8100']} --panel-port {ports['8200']}"
        return text.replace("gateway sandbox", sandbox)

    def run(self, page: Page) -> tuple[int | None, str]:
        """A page that starts its own stand-ins begins in an empty folder, with nothing set."""
        blocks = _run(page)
        folder, ports, environment = self.folder, self.ports, self.environment | {"KEY": self.key}
        if any("gateway sandbox" in block.text for block in blocks):
            folder = Path(tempfile.mkdtemp(dir=self.folder))
            ports = {number: str(free_port()) for number in PORTS}
            unset = {"GATEWAY_DATABASE_URL", "GATEWAY_ENCRYPTION_KEYS"}
            environment = {name: value for name, value in self.environment.items() if name not in unset}
            environment["GATEWAY_PORT"] = ports["8000"]
        script = ["set -eu -o pipefail"]
        for block in blocks:
            script += [f"echo '{page.name}:{block.line}' > {self.folder}/at", block.text]
        said = self.folder / "said"  # a file: what runs on in the background would hold a pipe open
        with said.open("w") as output:
            shell = subprocess.Popen(
                ["bash", "-c", self.moved("\n".join(script), ports)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                ended = shell.wait(timeout=120)
            except subprocess.TimeoutExpired:
                ended = None
            finally:
                _end(shell.pid)
        return ended, said.read_text()


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def an_installed(folder: Path) -> Iterator[Installed]:
    """With a gateway that runs beside the stand-ins."""
    there = Installed(folder)
    shutil.copy(migrated_file(), folder / "gateway.db")
    ports = ["--salesmanago-port", there.ports["8100"], "--panel-port", there.ports["8200"]]
    sandbox = Process(folder, "sandbox", ["sandbox", *ports], {}, f"http://127.0.0.1:{there.ports['8100']}/sandbox/state")
    gateway = Process(folder, "gateway", ["serve"], there.environment, f"http://127.0.0.1:{there.ports['8000']}/healthz")
    sandbox.start()
    try:
        gateway.start()
        prepared = (
            "gateway apply shops.toml --yes > apply.log && gateway keys issue shop1"  # asked of the running gateway it is quick
        )
        shell = ["bash", "-c", prepared]
        issued = subprocess.run(shell, cwd=folder, env=there.environment, capture_output=True, text=True, check=True)
        there.key = issued.stdout.strip()
        yield there
    finally:
        gateway.kill()
        sandbox.kill()
        there.terminal.close()


def does_what_it_says(page: Page, installed: Installed) -> None:
    missing = [
        tool for tool in TOOLS if any(re.search(rf"\b{tool}\b", block.text) for block in _run(page)) and not shutil.which(tool)
    ]
    if missing:
        pytest.skip(f"{page.name} uses {', '.join(missing)}, which this machine does not have")
    ended, said = installed.run(page)
    at = (installed.folder / "at").read_text().strip()
    assert ended == 0, f"the block at {at} {'did not end' if ended is None else f'ended with {ended}'}:\n{said[-4000:]}"
