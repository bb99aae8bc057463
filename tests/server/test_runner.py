"""How applications are served on sockets of ours."""

import socket
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from app.routers.edge.deadlines import DeadlineProtocol
from app.server.runner import bound, served


async def test_an_answer_is_sent_at_once_and_does_not_wait_for_the_caller_to_confirm_its_headers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once = []
    made = DeadlineProtocol.connection_made

    def connected(self: DeadlineProtocol, transport: Any) -> None:
        at_once.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(self, transport)

    monkeypatch.setattr(DeadlineProtocol, "connection_made", connected)
    listening = bound("127.0.0.1", 0)
    async with served(PlainTextResponse("here"), listening), httpx.AsyncClient() as http:
        answer = await http.get(f"http://127.0.0.1:{listening.getsockname()[1]}/")
    assert answer.text == "here"
    assert at_once == [1]
