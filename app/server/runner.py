"""Run servers: the gateway with its control socket and worker, and any application beside another."""

import asyncio
import contextlib
import itertools
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from starlette.types import ASGIApp

from app.admin.api import control_app
from app.bootstrap.gateway import open_gateway
from app.configuration.settings import Network, Settings
from app.domain.errors import GatewayError
from app.routers.edge.deadlines import DeadlineProtocol
from app.server.application import application_of, health_application_of

log = structlog.get_logger(__name__)

GRACE_SECONDS = 4
"""A stop lets requests end; together with the worker's five seconds it stays under ten."""


class CannotListen(GatewayError):
    """The address is taken, or not ours."""


class _Server(uvicorn.Server):
    """Signals belong to `stop_signals`: everything of the process stops in order."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._asked_to_stop = asyncio.Event()

    def ask_to_stop(self) -> None:
        self.should_exit = True
        self._asked_to_stop.set()

    async def main_loop(self) -> None:
        """As uvicorn's own, which looks up only at its next tick whether it should stop."""
        for tick in itertools.cycle(range(864_000)):
            if await self.on_tick(tick):
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked_to_stop.wait(), 0.1)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: ASGIApp, bound_to: socket.socket, proxies: Sequence[Network] = ()) -> AsyncIterator[None]:
    """Serve an application on a bound socket for as long as the block runs. `proxies`: who may say whom they speak for."""
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            http=DeadlineProtocol,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=[str(one) for one in proxies],
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[bound_to]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        yield
    finally:
        server.ask_to_stop()
        await serving


@asynccontextmanager
async def together(*services: AbstractAsyncContextManager[None]) -> AsyncIterator[None]:
    """What is served side by side: all of it stops at once, since each waits a tenth of a second for what was sent last."""
    async with contextlib.AsyncExitStack() as unless_all_started:
        for service in services:
            await unless_all_started.enter_async_context(service)
        unless_all_started.pop_all()
    try:
        yield
    finally:
        await asyncio.gather(*(service.__aexit__(None, None, None) for service in services))


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT (Ctrl-C) set, from before the first request is served."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        yield stopped
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to an address. Raises `CannotListen`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Where the protocol is named asyncio sends at once, as uvloop always does: otherwise a kept connection waits 40 ms.
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        raise CannotListen(f"Cannot listen on {host}, port {port}: {error.strerror or error}.") from error
    return made


def bound_nearby(host: str, port: int) -> socket.socket:
    """Bound to the port, or to a free one if it is taken: for demos, which say where they listen."""
    try:
        return bound(host, port)
    except CannotListen:
        return bound(host, 0)


def private_socket(path: Path) -> socket.socket:
    """A Unix socket that only its owner may open."""
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o077)
    try:
        made.bind(str(path))
    finally:
        os.umask(before)
    return made


async def serve(settings: Settings, *, with_worker: bool = True) -> None:
    """Serve until a signal asks to stop. Raises `AlreadyOwned`, `BadConfiguration` and `CannotListen` before the first request."""
    with stop_signals() as stopped:
        await _serve(settings, stopped, with_worker=with_worker)


async def _serve(settings: Settings, stopped: asyncio.Event, *, with_worker: bool) -> None:
    async with open_gateway(settings) as gateway, contextlib.AsyncExitStack() as stack:
        public = bound(settings.host, settings.port)
        if settings.control_socket is not None:
            await stack.enter_async_context(served(control_app(gateway), private_socket(settings.control_socket)))
            stack.callback(settings.control_socket.unlink, missing_ok=True)
        gateway.worker.start(delivering=with_worker)
        await stack.enter_async_context(served(application_of(gateway), public, settings.forwarded_allow_ips))
        log.info("serving", host=settings.host, port=settings.port, worker=with_worker)
        await stopped.wait()
        log.info("stopping")


async def work(settings: Settings) -> None:
    """Delivery and schedules alone, until a signal asks to stop; any number of them on PostgreSQL."""
    with stop_signals() as stopped:
        async with open_gateway(settings) as gateway, contextlib.AsyncExitStack() as stack:
            if settings.worker_port:
                public = bound(settings.host, settings.worker_port)
                await stack.enter_async_context(served(health_application_of(gateway), public, settings.forwarded_allow_ips))
            gateway.worker.start()
            log.info("working", health_port=settings.worker_port or None)
            await stopped.wait()
            log.info("stopping")
