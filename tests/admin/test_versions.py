"""A command and the gateway that runs beside it understand each other only if they are of one version."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer
from threading import Thread

import pytest

from app import __version__
from app.admin.api import control_app
from app.configuration.control_socket import VERSION_HEADER, socket_of
from tests.support.gateways import client_of, open_door
from tests.support.running.terminals import ONE_SHOP, Terminal


async def test_a_command_of_another_version_is_refused_before_it_does_anything(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, client_of(control_app(door.gateway)) as local:
        refused = await local.get("/status", headers={VERSION_HEADER: "0.0.1"})
        assert refused.status_code == 409
        assert __version__ in refused.json()["detail"]
        assert "0.0.1" in refused.json()["detail"]
        for headers in ({}, {VERSION_HEADER: __version__}):
            answer = await local.get("/status", headers=headers)
            assert (answer.status_code, answer.headers[VERSION_HEADER]) == (200, __version__)


class _Older(BaseHTTPRequestHandler):
    """A gateway from before versions were told: another shape, and no header."""

    def do_GET(self) -> None:
        body = json.dumps([]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def address_string(self) -> str:
        return "local"

    def log_message(self, *_: object) -> None:
        return


class _Server(UnixStreamServer):
    server_name, server_port = "gateway", 0


def test_a_command_beside_an_older_gateway_says_so_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="secret")
    path = socket_of(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    with _Server(str(path), _Older) as server:
        answering = Thread(target=server.serve_forever)
        answering.start()
        try:
            asked = [terminal.run(*words) for words in (["status"], ["why", "jan@example.com"], ["ledger"])]
        finally:
            server.shutdown()
            answering.join()
    assert [(one.exit_code, "of an older version" in one.stderr) for one in asked] == [(1, True)] * len(asked)
