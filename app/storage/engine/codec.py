"""Domain values to bytes and back: JSON by msgspec, which reads our frozen dataclasses as they are."""

from collections.abc import Iterable
from types import GenericAlias
from typing import Any, TypeVar

import msgspec

from app.domain.commands import Command, DeleteContact, ErasedCommand
from app.domain.event_kinds.stored_names import KINDS, stored_name
from app.domain.events import Event
from app.storage.engine.stored_fields import stored_type, with_own_names, with_stored_names

T = TypeVar("T")

UNREADABLE = (msgspec.MsgspecError, TypeError, KeyError)
"""Raised for bytes that are not what they should be, or of another version."""

_encoder = msgspec.json.Encoder(decimal_format="string")
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


class _Tagged(msgspec.Struct, array_like=True):
    kind: str
    body: msgspec.Raw


_tagged_decoder = msgspec.json.Decoder(_Tagged)


def encode(value: object) -> bytes:
    return _encoder.encode(with_stored_names(value))


def decode(data: bytes, kind: type[T]) -> T:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders.setdefault(kind, msgspec.json.Decoder(stored_type(kind)))
    value: T = with_own_names(decoder.decode(data), kind)
    return value


def encode_all(values: Iterable[object]) -> bytes:
    return _encoder.encode([with_stored_names(one) for one in values])


def decode_all(data: bytes, kind: type[T]) -> tuple[T, ...]:
    """What `encode_all` made of values of one kind."""
    decoder = _decoders.get((kind,))
    if decoder is None:
        decoder = _decoders.setdefault((kind,), msgspec.json.Decoder(GenericAlias(list, stored_type(kind))))
    return tuple(with_own_names(one, kind) for one in decoder.decode(data))


def encode_tagged(value: Event | Command | ErasedCommand) -> bytes:
    """The value with its stored name, for the columns that hold one of a union."""
    return _encoder.encode([stored_name(value), with_stored_names(value)])


def decode_event(data: bytes) -> Event:
    event: Event = _decode_tagged(data)
    return event


def decode_command(data: bytes) -> Command | None:
    """None: it cannot be read, because it is broken or of another version. That is for its own contact to bear (R73)."""
    try:
        command: Command | ErasedCommand = _decode_tagged(data)
    except UNREADABLE:
        return None
    return DeleteContact(email=command.email) if isinstance(command, ErasedCommand) else command


def decode_traced(data: bytes) -> Command | ErasedCommand:
    """As it is shown to people: also what was erased. Of what cannot be read nothing is shown, either."""
    try:
        command: Command | ErasedCommand = _decode_tagged(data)
    except UNREADABLE:
        return ErasedCommand(email="", was=_NAMELESS)
    return command


def kind_of(data: bytes) -> str:
    """The name of the class of a tagged value; of an erased command, of what it was."""
    try:
        tagged = _tagged_decoder.decode(data)
        return decode(bytes(tagged.body), ErasedCommand).was if tagged.kind == ErasedCommand.__name__ else tagged.kind
    except UNREADABLE:
        return _NAMELESS


_NAMELESS = "Unreadable"


def _decode_tagged(data: bytes) -> Any:  # the two callers above narrow it
    tagged = _tagged_decoder.decode(data)
    return decode(bytes(tagged.body), KINDS[tagged.kind])
