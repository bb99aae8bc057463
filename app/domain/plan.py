"""What a decision can be: commands to send, or a reason to send nothing."""

from dataclasses import dataclass

from app.domain.commands import Command
from app.domain.reasons import Reason


@dataclass(frozen=True)
class Send:
    commands: tuple[Command, ...]

    def __init__(self, *commands: Command) -> None:
        object.__setattr__(self, "commands", commands)


@dataclass(frozen=True)
class Withhold:
    """It must not travel."""

    reason: Reason


@dataclass(frozen=True)
class Supersede:
    """It need not travel: something else made it unnecessary."""

    reason: Reason


@dataclass(frozen=True)
class Await:
    """It may travel later, when its time comes: the cart engine takes over."""

    reason: Reason


Plan = Send | Withhold | Supersede | Await
