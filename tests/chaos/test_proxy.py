"""What stands between the gateway and the stand-in keeps to what it says."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from chaos.proxy import Proxy

PATIENCE_SECONDS = 10.0


class _Greeting(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that answers."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Greeting) as server:
        threading.Thread(target=server.serve_forever).start()
        made = Proxy()
        made.to(f"http://127.0.0.1:{server.server_port}")
        yield made
        made.close()
        server.shutdown()


def test_who_connected_just_before_an_outage_is_answered_and_who_comes_later_is_refused(proxy: Proxy) -> None:
    held, over = threading.Event(), threading.Event()
    proxy._loop.call_soon_threadsafe(lambda: (held.set(), over.wait(PATIENCE_SECONDS)))
    assert held.wait(PATIENCE_SECONDS)
    with socket.create_connection(("127.0.0.1", proxy._port), PATIENCE_SECONDS) as connection:
        outage = threading.Thread(target=proxy.down)
        outage.start()
        while not proxy._loop._ready:  # type: ignore[attr-defined]
            time.sleep(0.001)
        over.set()  # the next round of the loop accepts, and the one after that both serves and ends to listen
        outage.join()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.0 200")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy._port), PATIENCE_SECONDS)
