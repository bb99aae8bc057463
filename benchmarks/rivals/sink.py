"""`python -m benchmarks.rivals.sink PORT`: says yes to every call and counts them; cheap, so that it is never what is measured."""

import asyncio
import json
import sys
from typing import cast

_YES = b'{"success":true,"message":[],"contactId":"c0ffee00-0000-4000-8000-000000000000","eventId":"e0"}'
_COUNTERS = (b"/count", b"/sandbox/state")  # the second: the path under which `gateway sandbox` tells the same


class _Counts:
    calls = 0
    events = 0


class _Connection(asyncio.Protocol):
    """Just enough HTTP/1.1: requests with a Content-Length, one after another on a connection that stays open."""

    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own kind is none by inheritance

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (head_end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:head_end]
            whole = head_end + 4 + _length(head)
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        body = _YES
        if path in _COUNTERS:
            body = json.dumps({"calls": self._counts.calls, "events": self._counts.events}).encode()
        else:
            self._counts.calls += 1
            self._counts.events += path.endswith(b"ContactExtEvent")
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lowered[at + 17 :].split(b"\r\n", 1)[0])


async def serve(port: int) -> None:
    """Until it is stopped."""
    counts = _Counts()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(counts), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(int(sys.argv[1])))
    else:
        uvloop.run(serve(int(sys.argv[1])))
