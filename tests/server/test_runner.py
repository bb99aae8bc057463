"""How applications are served on sockets of ours."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from app.routers.edge.deadlines import DeadlineProtocol
from app.server.runner import bound, served, together


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


async def test_what_is_served_together_stops_at_the_same_time() -> None:
    both_stop = asyncio.Barrier(2)

    @asynccontextmanager
    async def service() -> AsyncIterator[None]:
        yield
        await both_stop.wait()

    async with asyncio.timeout(10), together(service(), service()):
        assert both_stop.n_waiting == 0


async def test_what_was_to_be_served_together_stops_where_the_rest_cannot_start() -> None:
    stopped = []

    @asynccontextmanager
    async def starts() -> AsyncIterator[None]:
        try:
            yield
        finally:
            stopped.append(True)

    @asynccontextmanager
    async def cannot_start() -> AsyncIterator[None]:
        raise OSError("taken")
        yield

    with pytest.raises(OSError, match="taken"):
        async with together(starts(), cannot_start()):
            pass
    assert stopped == [True]
