"""Where this gateway's database is, and whether that is where it was: a copy sends nothing until a person confirms it (J5)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from app.domain.values import Words, value

ENTRY = "place:"
"""Entries about the installation whose names begin so are places that were confirmed; an empty one was left."""

UNCONFIRMED: Final = "installation_unconfirmed"
"""The alarm's name."""


@value()
class Place:
    """`origin`: which database it is; a copy has another one. `address`: the way to it, where several ways are possible.

    `words`: how a person names it; never a password.
    """

    origin: str
    address: str
    words: str


@value()
class KnownPlace:
    """A place that was confirmed. `seen_at`: when a gateway there last said so."""

    place: Place
    confirmed_at: datetime
    seen_at: datetime

    @property
    def entry(self) -> str:
        return f"{ENTRY}{self.place.origin}@{self.place.address}"

    def written(self) -> str:
        return json.dumps(
            {
                "origin": self.place.origin,
                "address": self.place.address,
                "words": self.place.words,
                "confirmed_at": self.confirmed_at.astimezone(UTC).isoformat(),
                "seen_at": self.seen_at.astimezone(UTC).isoformat(),
            }
        )


@value()
class Whereabouts:
    """`here`: where the database is. `elsewhere`: where it was confirmed, if that is not here."""

    here: Place
    elsewhere: tuple[KnownPlace, ...] = ()

    @property
    def is_confirmed(self) -> bool:
        return not self.elsewhere

    @property
    def words(self) -> Words:
        if self.is_confirmed:
            return Words(
                f"The database is where it was: {self.here.words}.", f"Baza danych jest tam, gdzie była: {self.here.words}."
            )
        there = ", ".join(sorted({one.place.words for one in self.elsewhere}))
        return Words(
            f"This database was last used at {there}, and is now at {self.here.words}: it may be a copy. Events are accepted, "
            "but nothing is sent. If no other gateway uses it there any more, run `gateway installation confirm`.",
            f"Tej bazy danych używano ostatnio tutaj: {there}, a teraz jest tutaj: {self.here.words}; to może być kopia. "
            "Zdarzenia są przyjmowane, ale nic nie jest wysyłane. Jeśli żadna inna bramka nie działa już w tamtym miejscu, uruchom "
            "`gateway installation confirm --pl`.",
        )


def known_places(entries: Mapping[str, str]) -> tuple[KnownPlace, ...]:
    """Of everything that is noted about the installation, the places that were confirmed and not left since."""
    found = []
    for name, text in entries.items():
        if name.startswith(ENTRY) and text:
            said = json.loads(text)
            place = Place(said["origin"], said["address"], said["words"])
            times = (datetime.fromisoformat(said[one]) for one in ("confirmed_at", "seen_at"))
            found.append(KnownPlace(place, *times))
    return tuple(found)


def whereabouts(here: Place, known: tuple[KnownPlace, ...]) -> Whereabouts:
    """Nothing known: the first place is right, for there was none to be copied from."""
    is_known = any((one.place.origin, one.place.address) == (here.origin, here.address) for one in known)
    return Whereabouts(here, () if is_known or not known else known)


def is_shared(here: Place, known: tuple[KnownPlace, ...], before: tuple[KnownPlace, ...]) -> bool:
    """Another way to the very database: a gateway at a place that is known has written into it while we watched.

    Only this process writes into a copy. `before`: what was known at an earlier check.
    """
    seen = {one.entry: one.seen_at for one in before}
    return any(one.place.origin == here.origin and one.entry in seen and one.seen_at > seen[one.entry] for one in known)
