"""How long a caller may take to say what it wants, and in how many headers. uvicorn waits for ever, for a head of any size.

The body has its own limits, in `routers.edge.body_limits`.
"""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

WHOLE = "gateway.whole"
"""In the scope of a request whose body is here: nobody has to wait for it."""

HEAD_SECONDS = 10.0
"""From the connection, or from the first byte of a later request, to the end of its headers."""

HEAD_BYTES = 32 * 1024
"""Of the address and all headers together, as nginx takes them by default."""

HEADERS = 100

CHUNK_OVERHEAD = 5
"""Bytes of framing per byte of a body: chunks of a single byte. More is trailers, or chunk extensions, without end."""

LINGER_SECONDS = 5.0
"""How long what still comes is read, and thrown away, after an answer: a client that is cut off while it sends reads no answer."""


class HeadTooLarge(Exception):
    """Raised in a callback of the parser, to stop it."""


class DeadlineProtocol(HttpToolsProtocol):
    """HTTP/1.1 as uvicorn speaks it. A connection whose request does not begin, or whose headers do not end, is closed;

    one whose headers are too large or too many is answered 431 first.
    """

    _timer: asyncio.TimerHandle | None = None
    _has_headers = False
    """The headers of the present request are whole. Mostly all of it comes at once, and nothing has to be timed."""
    _whole = True
    _lingering: asyncio.TimerHandle | None = None
    _too_large = False
    _refused = False
    """Nothing more is read of this connection; what comes is thrown away."""
    _received = 0
    """Bytes of the present request, but for the piece its first byte came in."""
    _piece = 0
    _body = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._time()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._piece = len(data)
        self._received += len(data)
        super().data_received(data)
        if self._received > HEAD_BYTES and not self.transport.is_closing():
            self._check_size()
        self._time()

    def on_message_begin(self) -> None:
        self._has_headers = self._whole = False
        self._received = self._body = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if len(self.headers) > HEADERS or (self._received + self._piece > HEAD_BYTES and self._head() > HEAD_BYTES):
            self._too_large = True
            raise HeadTooLarge
        self._has_headers = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.scope[WHOLE] = True  # type: ignore[literal-required]  # ASGI leaves room for names of one's own
        self._whole = True
        self._stop_lingering()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._whole and self.cycle.response_complete and self._lingering is None:
            self._lingering = self.loop.call_later(LINGER_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._has_headers = True
        self._time()
        self._stop_lingering()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        if self._too_large:
            limits = f"At most {HEADERS} headers, and {HEAD_BYTES // 1024} KiB with the address. Nothing was stored."
            self._refuse(431, "Request Header Fields Too Large", "headers-too-large", limits)
        else:
            self._refuse(400, "Bad Request", "not-http", msg)

    def _refuse(self, status: int, phrase: str, kind: str, detail: str) -> None:
        """A problem document, as everywhere, and the end of the connection, once the caller has had time to read it."""
        self._refused = self._has_headers = True
        title = f"{phrase.capitalize()}."
        body = json.dumps({"type": f"/problems/{kind}", "title": title, "status": status, "detail": detail, "errors": []}).encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/problem+json\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self.transport.close()  # another answer is being made, and must not come after this one
            return
        self.transport.write_eof()
        if self._lingering is None:
            self._lingering = self.loop.call_later(LINGER_SECONDS, self._give_up)

    def _head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _check_size(self) -> None:
        """A head that has not ended is too large by its bytes; what is no body of a request that has begun is framing."""
        if self._refused:
            return
        if not self._has_headers:
            self._too_large = True
            self.send_400_response("")
        elif self._received - self._body > HEAD_BYTES + CHUNK_OVERHEAD * self._body:
            self.transport.close()

    def _time(self) -> None:
        if self._has_headers and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif not self._has_headers and self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_lingering(self) -> None:
        if self._lingering is not None:
            self._lingering.cancel()
            self._lingering = None

    def _give_up(self) -> None:
        self._timer = self._lingering = None
        if not self.transport.is_closing():
            self.transport.close()
