"""`python -m benchmarks.sink PORT`: a SALESmanago without limit. It says yes to every call and counts; never what is measured.

Who is compared talks to the same sink: a call per event and calls with hundreds of them count alike.
"""

import asyncio
import json
import sys
import time
from typing import cast

_YES = b'{"success":true,"message":[],"contactId":"c0ffee00-0000-4000-8000-000000000000","eventId":"e0","requestId":1}'
_JOB_ENDED = b'{"success":true,"message":[],"fileUrl":"https://example.com/job.csv"}'
_ONE_EVENT = b'"contactExtEventType"'
_STATE, _TIMES = b"/sandbox/state", b"/sandbox/times"  # under the first `gateway sandbox` tells the same


class Counts:
    """What came, and when (seconds since 1970)."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self.events: list[float] = []

    def answer(self, path: bytes, body: bytes) -> bytes:
        """The body of the answer to a call; two addresses are no calls but questions."""
        if path == _STATE:
            return json.dumps({"calls": len(self.calls), "events": len(self.events)}).encode()
        if path == _TIMES:
            return json.dumps({"calls": self.calls, "events": self.events}).encode()
        now = time.time()
        self.calls.append(now)
        if path.endswith(b"ContactExtEvent"):
            number = body.count(_ONE_EVENT)
            self.events += [now] * number
            return b'{"success":true,"message":[],"eventId":"e0","createdAmount":%d}' % number
        return _JOB_ENDED if path.endswith(b"/job/status") else _YES


class _Connection(asyncio.Protocol):
    """Just enough HTTP/1.1: requests with a Content-Length, one after another on a connection that stays open."""

    def __init__(self, counts: Counts) -> None:
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
            asked, self._received = self._received[head_end + 4 : whole], self._received[whole:]
            body = self._counts.answer(head.split(b" ", 2)[1], asked)
            lines = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self._transport.write(lines + body)


def _length(head: bytes) -> int:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lowered[at + 17 :].split(b"\r\n", 1)[0])


async def serve(port: int) -> None:
    """Until it is stopped."""
    counts = Counts()
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
