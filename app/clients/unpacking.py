"""Answers unpacked within a limit: a few kilobytes can be packed so that they become gigabytes (R73)."""

import zlib
from collections.abc import Sequence

ACCEPTED = "gzip"
"""What we say we read. One layer of it; an answer in anything else is not read at all."""

_GZIP, _ZLIB = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS
_READ = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}


class TooLarge(Exception):
    """It is larger than the limit, packed or unpacked."""


class NotUnpacked(Exception):
    """It is packed in a way we do not read, or broken."""


class Unpacking:
    """Takes an answer piece by piece. Nothing more than `limit` bytes is ever unpacked."""

    def __init__(self, encodings: Sequence[str], limit: int) -> None:
        """Raises `NotUnpacked`."""
        named = [name for one in encodings if (name := one.strip().lower()) not in ("", "identity")]
        if len(named) > 1 or any(name not in _READ for name in named):
            raise NotUnpacked
        self._limit = limit
        self._packed = 0
        self._read = bytearray()
        self._window = _READ[named[0]] if named else None
        self._unpacker = zlib.decompressobj(self._window) if self._window is not None else None

    def feed(self, piece: bytes) -> None:
        """Raises `TooLarge` or `NotUnpacked`."""
        self._packed += len(piece)
        if self._packed > self._limit:
            raise TooLarge
        if self._unpacker is None or self._window is None:
            self._read += piece
            return
        try:
            while piece:
                if self._unpacker.eof:  # another file behind the first
                    self._unpacker = zlib.decompressobj(self._window)
                self._read += self._unpacker.decompress(piece, self._limit + 1 - len(self._read))
                if len(self._read) > self._limit:
                    raise TooLarge
                piece = self._unpacker.unused_data or self._unpacker.unconsumed_tail
        except zlib.error as error:
            raise NotUnpacked from error

    def whole(self) -> bytes:
        """Raises `NotUnpacked` if it ended in the middle."""
        if self._unpacker is not None and self._packed and not self._unpacker.eof:
            raise NotUnpacked
        return bytes(self._read)
