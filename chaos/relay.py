"""Carries connections from one place to another: `python -m chaos.relay PORT:HOST:PORT …` listens on the loopback address."""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(host: str, port: int, connect: Callable[[], Awaitable[Streams]]) -> asyncio.Server:
    """Listens, and carries every connection to where `connect` leads."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled when all is over: the loop would report that of a connection's task.
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await connect()
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    return await asyncio.start_server(carry, host, port)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _serve(places: list[tuple[int, str, int]]) -> None:
    for port, far_host, far_port in places:
        await relay("127.0.0.1", port, lambda host=far_host, to=far_port: asyncio.open_connection(host, to))  # type: ignore[misc]
    await asyncio.Event().wait()


def _place(words: str) -> tuple[int, str, int]:
    port, host, far_port = words.split(":")
    return int(port), host, int(far_port)


if __name__ == "__main__":
    asyncio.run(_serve([_place(words) for words in sys.argv[1:]]))
