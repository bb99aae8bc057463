"""What every platform answers: is a push genuine, what is it called, and what does it say."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from app.domain.intake.pushes import StoredPush
from app.domain.shops.shop import Shop, SourceKind
from app.services.shops.directory import SourceSecrets
from app.sources.findings import NotUnderstood, Translation


class Envelope(NamedTuple):
    """What a push is called. `uid` is equal for a repetition; None where the platform gives no means to tell one."""

    kind: str
    uid: str | None
    source: str | None = None
    """Who pushes, where the push says so: the panel's number (R80)."""


class Later(Exception):
    """What is needed to translate cannot be looked up now. `words` say why."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


Read = Translation | NotUnderstood | Later
"""What became of one push."""


class Platform(Protocol):
    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Does somebody only ask whether the address is there? It is answered, and nothing is kept."""
        ...

    def is_genuine(self, headers: Mapping[str, str], body: bytes, known: SourceSecrets) -> bool:
        """Is the raw body from the platform? In constant time. `headers` have lower-case names."""
        ...

    def envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope: ...

    async def read(self, pushes: Sequence[StoredPush], shops: Sequence[Shop]) -> list[Read]:
        """What each of them says. One for which something is missing answers `Later` and holds up no other."""
        ...


Platforms = Mapping[SourceKind, Platform]
