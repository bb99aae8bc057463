"""Ending a connection without an answer, as well as an ASGI app can."""

import asyncio

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SERVER_NOTICES_SECONDS = 0.01


class ConnectionDropped(httpx.RemoteProtocolError):
    """What an in-process client sees where a client on the network sees the connection end."""


class NoAnswer(httpx.ReadTimeout):
    """What an in-process client sees where a client on the network loses its patience."""


class Dropped(Response):
    """Closes the connection. ASGI has no word for it, so we reach for uvicorn's transport where there is one."""

    def __init__(self, *, timed_out: bool) -> None:
        super().__init__()
        self._error = NoAnswer("no answer in time") if timed_out else ConnectionDropped("closed without an answer")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, send  # There is nothing to say and nobody to say it to.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is None:
            raise self._error
        transport.close()
        # The server notices the closing in its next turn; returning before that, it would try to answer 500.
        await asyncio.sleep(SERVER_NOTICES_SECONDS)
