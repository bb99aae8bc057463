"""How long a caller may take to say what it wants. uvicorn waits for ever; a slow caller must not hold a socket for ever.

The body has its own deadline, in `routers.border`.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

WHOLE = "gateway.whole"
"""In the scope of a request whose body is here: nobody has to wait for it."""

HEAD_SECONDS = 10.0
"""From the connection, or from the first byte of a later request, to the end of its headers."""


class DeadlineProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it. A connection whose request does not begin, or whose headers do not end, is closed."""

    _timer: asyncio.TimerHandle | None = None
    _heard = False
    """The headers of the present request are whole. Mostly all of it comes at once, and nothing has to be timed."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._time()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._time()

    def on_message_begin(self) -> None:
        self._heard = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._heard = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.scope[WHOLE] = True  # type: ignore[literal-required]  # ASGI leaves room for names of one's own
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard = True
        self._time()
        super().connection_lost(exc)

    def _time(self) -> None:
        if self._heard and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif not self._heard and self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
