"""The names under which events and commands are stored, sealed in the consent ledger and shown, whatever their classes are called.

A stored name never changes: it stands in the database of every installation, and in ledger lines that are sealed. A class that is
renamed keeps its old name here.
"""

from typing import get_args

from app.domain.commands import Command, ErasedCommand
from app.domain.events import Event, OptInClaimed, OptOutClaimed, StatusObserved, StatusRejected, TagsObserved

_RENAMED: dict[type, str] = {
    StatusObserved: "StatusSeen",
    TagsObserved: "TagsSeen",
    OptInClaimed: "OptInReported",
    OptOutClaimed: "OptOutReported",
    StatusRejected: "StatusNotTaken",
}

NAMES: dict[type, str] = {kind: _RENAMED.get(kind, kind.__name__) for kind in (*get_args(Event), *get_args(Command), ErasedCommand)}

KINDS: dict[str, type] = {name: kind for kind, name in NAMES.items()}


def stored_name(value: Event | Command | ErasedCommand) -> str:
    return NAMES[type(value)]
