"""What use cases ask of a clock."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The time, always aware, always UTC."""

    def __call__(self) -> datetime: ...
