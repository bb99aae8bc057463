"""Close every stored secret anew with the newest encryption key, and say when the older keys may go (M6)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.errors import NotPossible
from app.domain.operations.audit import Action
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.recovery_links import LASTS
from app.services.shops.keyring import PEPPER, KeyRing

SECRET_FACTS = (PEPPER,)
"""Facts that are kept encrypted."""

_SINCE = "newest_encryption_key"
"""Which key was the newest at the last rotation, and since when: `fingerprint time`."""


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `old_keys_may_go_at`: recovery links that an older key made are good until then; None: only one key."""

    closed_anew: int
    secrets: int
    newest: str
    old_keys_may_go_at: datetime | None


class KeyRotation:
    def __init__(self, store: Store, ring: KeyRing, clock: Clock) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock

    async def rotate(self, newest: str | None = None) -> Rotation:
        """All in one transaction: after a crash either every secret is under the newest key, or none was touched.

        `newest`: fingerprint of the key that the caller takes for the newest. Raises `NotPossible` if this process was started
        with another one, `BadConfiguration` if a secret is under no key of the ring; then nothing is changed.
        """
        if newest is not None and newest != self._ring.fingerprint:
            raise NotPossible(
                "The running gateway was started with other encryption keys. Restart every process of it with the new key first, "
                "followed by the old one, in GATEWAY_ENCRYPTION_KEYS."
            )
        now, anew, total = self._clock(), 0, 0
        async with self._store.work() as work:
            for account in await work.registry.accounts():
                secrets, changed = self._anew(account.secrets)
                total, anew = total + len(secrets), anew + changed
                if changed:
                    await work.registry.save_accounts([replace(account, secrets=secrets)], now)
            for shop in await work.registry.shops():
                secrets, changed = self._anew(shop.secrets)
                total, anew = total + len(secrets), anew + changed
                if changed:
                    await work.registry.save_shops([replace(shop, secrets=secrets)], now)
            facts = await work.registry.entries()
            secrets, changed = self._anew({name: facts[name] for name in SECRET_FACTS if name in facts})
            total, anew = total + len(secrets), anew + changed
            for name, closed in secrets.items() if changed else ():
                await work.registry.set_entry(name, closed)
            since = _since(facts.get(_SINCE, ""), self._ring.fingerprint) or now
            await work.registry.set_entry(_SINCE, f"{self._ring.fingerprint} {since.isoformat()}")
            if anew:
                await note(work, self._clock, Action.KEYS_ROTATED, after=f"{anew} secrets under {self._ring.fingerprint}")
            await work.commit()
        return Rotation(anew, total, self._ring.fingerprint, since + LASTS if self._ring.has_older_keys else None)

    def _anew(self, secrets: Mapping[str, str]) -> tuple[dict[str, str], int]:
        """The secrets under the newest key, and how many were under another one."""
        found = {name: self._ring.closed_anew(closed) for name, closed in secrets.items()}
        return {name: closed or secrets[name] for name, closed in found.items()}, sum(one is not None for one in found.values())


def _since(fact: str, fingerprint: str) -> datetime | None:
    """Since when the key has been the newest, if it was at the last rotation."""
    known, _, at = fact.partition(" ")
    return datetime.fromisoformat(at) if known == fingerprint else None
