"""Signing in at the console: a key of staff for a session that ends (R95)."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from app.domain.errors import UnknownCaller
from app.domain.operations.audit import Action, Actor, Door
from app.domain.shops.configuration import READER_ROLE, ApiKey, Session, may
from app.services.operations.audit import acts, note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

LASTS = timedelta(hours=8)
"""A day's work."""


@dataclass(frozen=True)
class SignedIn:
    """Who is at the console. `form_token` stands in every form: a page of somebody else's cannot know it."""

    key: ApiKey
    form_token: str

    @property
    def name(self) -> str:
        return f"{self.key.name or self.key.role} ({self.key.id})"

    def may(self, role: str) -> bool:
        return may(self.key.role, role)


class Sessions:
    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def sign_in(self, key: str) -> str:
        """The token of a new session. Raises `UnknownCaller` for a key that is unknown, ended, or a shop's."""
        caller = self._directory.caller(key.strip())
        known = self._directory.live_key(caller.key_id)
        if known is None or not may(caller.role, READER_ROLE):
            raise UnknownCaller
        token = secrets.token_urlsafe(32)
        now = self._clock()
        signed_in = SignedIn(known, "")
        acts(Actor(Door.CONSOLE, signed_in.name))
        async with self._store.work() as work:
            await work.sessions.begin(Session(_digest(token), known.id, now, now + LASTS))
            await note(work, self._clock, Action.SIGNED_IN)
            await work.commit()
        return token

    async def of(self, token: str) -> SignedIn | None:
        """Whose session it is; None once it has ended, or its key has. What is done from here on is done by them."""
        async with self._store.work() as work:
            session = await work.sessions.find(_digest(token), self._clock())
        key = None if session is None else self._directory.live_key(session.key_id)
        if key is None:
            return None
        signed_in = SignedIn(key, hmac.new(token.encode(), b"forms", "sha256").hexdigest())
        acts(Actor(Door.CONSOLE, signed_in.name))
        return signed_in

    async def sign_out(self, token: str) -> None:
        async with self._store.work() as work:
            await work.sessions.end(_digest(token))
            await note(work, self._clock, Action.SIGNED_OUT)
            await work.commit()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
