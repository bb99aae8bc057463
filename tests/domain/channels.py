"""The rules hold for the e-mail newsletter and for SMS alike: what a test says of one, said of the other."""

from collections.abc import Callable
from typing import Any

from app.domain.decisions.changes.left_addresses import StatusesSaid
from app.domain.decisions.follow_ups import Channels

Turned = Callable[[Any], Any]
_OTHER = {"email": "phone", "phone": "email"}


def as_said(value: Any) -> Any:
    return value


def of_the_other_channel(value: Any) -> Any:
    """The same value, of which each field `email_…` has changed places with `phone_…`. An address stays, and so does a number."""
    if isinstance(value, Channels | StatusesSaid):
        return type(value)(value.phone, value.email)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(of_the_other_channel, value))
    if isinstance(value, list | tuple):
        return type(value)(map(of_the_other_channel, value))
    if not hasattr(value, "__dataclass_fields__"):
        return value
    turned, fields = object.__new__(type(value)), vars(value)
    for name, part in fields.items():
        words = name.split("_")
        other = "_".join(_OTHER.get(word, word) for word in words)
        turned.__dict__[other if len(words) > 1 and other in fields else name] = of_the_other_channel(part)
    return turned


BOTH = (as_said, of_the_other_channel)


def whole(value: Any) -> Any:
    """All fields of a command, also those that count for nothing when two are compared."""
    return (type(value), vars(value)) if hasattr(value, "__dataclass_fields__") else value
