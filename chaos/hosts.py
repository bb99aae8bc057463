"""Hosts of their own for workers: network namespaces, whose cable can be pulled. Needs root and `ip`."""

import asyncio
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence

from chaos.relay import Streams, relay
from chaos.suite import Skip

_ADDRESS = "10.213.255.1"
"""Of the machine itself, as every host sees it."""
_numbers = itertools.count(1)


class Hosts:
    """Some hosts, which reach only what they are connected with. Raises `Skip` where none can be made."""

    def __init__(self, number: int) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise Skip("network namespaces need root and `ip`")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._made: list[str] = []
        self._relays: list[subprocess.Popen[bytes]] = []
        try:
            _ip("address", "replace", f"{_ADDRESS}/32", "dev", "lo")
            self.names = [self._host() for _ in range(number)]
        except subprocess.CalledProcessError as error:
            self.close()
            raise Skip(f"no network namespace can be made: {error.stderr.decode(errors='replace').strip()}") from None

    def _host(self) -> str:
        number = next(_numbers)
        name = f"chaos{os.getpid() % 10_000}n{number}"  # fifteen characters at most: its cable carries the name
        subnet = f"10.213.{number}"
        self._made.append(name)
        _ip("netns", "add", name)
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("address", "add", f"{subnet}.1/30", "dev", name)
        _ip("link", "set", name, "up")
        _ip("-n", name, "address", "add", f"{subnet}.2/30", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "route", "add", "default", "via", f"{subnet}.1")
        return name

    def prefix(self, host: str) -> Sequence[str]:
        """What runs a program there."""
        return ("ip", "netns", "exec", host)

    def cut(self, host: str) -> None:
        """Pull the cable: nothing is refused, nothing arrives."""
        _ip("link", "set", host, "down")

    def join(self, host: str) -> None:
        _ip("link", "set", host, "up")

    def connect(self, host: str, socket: str, *ports: int) -> int:
        """On its loopback address the host gets these ports of the machine, and one more that leads to a socket; answers that one.

        Addresses without TLS are accepted on loopback alone, so a relay stands on each side of the cable.
        """
        outside = [self._offered(lambda port=port: asyncio.open_connection("127.0.0.1", port)) for port in ports]  # type: ignore[misc]
        database = self._offered(lambda: asyncio.open_unix_connection(socket))
        places = [f"{port}:{_ADDRESS}:{far}" for port, far in zip((*ports, database), (*outside, database), strict=True)]
        self._relays.append(subprocess.Popen([*self.prefix(host), sys.executable, "-m", "chaos.relay", *places]))
        return database

    def _offered(self, connect: Callable[[], Awaitable[Streams]]) -> int:
        """The port at which all hosts find it."""
        server = asyncio.run_coroutine_threadsafe(relay(_ADDRESS, 0, connect), self._loop).result(10)
        port: int = server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        """Once the programs have ended."""
        for relay_ in self._relays:
            relay_.kill()
            relay_.wait()
        for name in self._made:
            with contextlib.suppress(subprocess.CalledProcessError):
                _ip("netns", "delete", name)  # its cable goes with it
        self._made.clear()
        asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


async def _end_all() -> None:
    """Every connection that is still carried."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=20)
