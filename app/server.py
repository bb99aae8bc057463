"""Run servers: the gateway with its control socket and worker, and any application beside another."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from app.bootstrap import open_gateway
from app.control import control_app
from app.main import application_of
from app.settings import Settings

GRACE_SECONDS = 8
"""A stop lets requests end; together with the worker it stays under ten seconds."""


def server_of(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Server:
    return uvicorn.Server(_config(app, host=host, port=port))


def _config(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class _Beside(uvicorn.Server):
    """A server beside another in one process: signals belong to the other."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def beside(app: ASGIApp, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an application on a bound socket for as long as the block runs."""
    server = _Beside(_config(app))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await serving


def bound(host: str, port: int) -> socket.socket:
    """A listening socket on the port, or on a free one if it is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.bind((host, 0))
    return listening


def private_socket(path: Path) -> socket.socket:
    """A Unix socket that only its owner may open."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o077)
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    return listening


async def serve(settings: Settings, *, with_worker: bool = True) -> None:
    """Serve until told to stop. Raises `AlreadyOwned` and `BadConfiguration` before the first request."""
    async with open_gateway(settings) as gateway, contextlib.AsyncExitStack() as stack:
        if with_worker:
            gateway.worker.start()
        if settings.control_socket is not None:
            await stack.enter_async_context(beside(control_app(gateway), private_socket(settings.control_socket)))
            stack.callback(settings.control_socket.unlink, missing_ok=True)
        await server_of(application_of(gateway), settings.host, settings.port).serve()


async def work(settings: Settings) -> None:
    """Delivery and schedules alone, until cancelled; any number of them on PostgreSQL."""
    async with open_gateway(settings) as gateway:
        gateway.worker.start()
        await asyncio.Event().wait()
