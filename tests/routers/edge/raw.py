"""Requests as bytes, to a gateway with little patience."""

import asyncio
import contextlib

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HEAD = b"POST /v1/shops/shop1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """What arrives, until the other side is gone: to one that still sends, its end may be a reset."""
    heard = b""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            while some := await reader.read(65_536):
                heard += some
    return heard


def request(*headers: bytes, path: bytes = b"/healthz", body: bytes = b"") -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: x", *headers, b"", b""]) + body
