"""Who is who: accounts, shops and keys, as a snapshot in memory that is renewed when they change."""

import hashlib
import hmac
import secrets
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.errors import BadConfiguration, NotFound, UnknownCaller
from app.domain.intake.pushes import SourceName
from app.domain.operations.audit import Action
from app.domain.shops.configuration import LIVE_KEYS_PER_SHOP, SHOP_ROLE, ApiKey, StoredAccount, StoredShop
from app.domain.shops.shop import Account, Shop
from app.domain.values import replace
from app.services.operations.audit import note
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.keyring import KeyRing
from app.services.shops.snapshot import Known, Snapshot, read_again

KEY_PREFIX = "gwk"

COMPARE_EVERY = timedelta(minutes=1)
"""How often the version of every row is compared though no stamp says that any changed: an older process may write none."""


@dataclass(frozen=True)
class Caller:
    """Who calls, by key: a shop, or an operator."""

    role: str
    shop_id: str | None
    key_id: str
    name: str = ""


class _Proven(NamedTuple):
    """A key that is stored, and who has it."""

    key: ApiKey
    caller: Caller


@dataclass(frozen=True)
class AccountAccess:
    """An account with its secret opened; never logged, never stored like this."""

    account: Account
    api_secret: str = field(repr=False)


@dataclass(frozen=True)
class PanelAccess:
    """A shop with what opens its side; never logged, never stored like this."""

    shop: Shop
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True)
class SourceSecrets:
    """Of a source, the newest first; two of each while one takes the place of the other. Never logged."""

    tokens: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


class ShopDirectory:
    def __init__(self, store: Store, ring: KeyRing, clock: Clock) -> None:
        self._store = store
        self._ring = ring
        self._clock = clock
        self._known = Known()
        self._compared_at: datetime | None = None
        self._opened: dict[str, tuple[StoredAccount, AccountAccess]] = {}
        self._proven: dict[str, _Proven] = {}
        """By key, of those that called; as many as are stored at most. Never logged."""
        self.version = 0
        """Another number whenever anything has changed."""
        self.uses: dict[str, datetime] = {}
        """Key -> when this process let it in last; `KeyUse` stores it."""

    @property
    def _snapshot(self) -> Snapshot:
        return self._known.snapshot

    async def refresh(self) -> None:
        """Read what has changed since the last time."""
        now = self._clock()
        everything = self._compared_at is None or not timedelta(0) <= now - self._compared_at < COMPARE_EVERY
        async with self._store.work() as work:
            known = await read_again(work.registry, self._known, whatever_the_stamps=everything)
        if everything:
            self._compared_at = now
        if known.snapshot is not self._snapshot:
            self.version += 1
            self._proven.clear()
        self._known = known

    def stored(self) -> tuple[Mapping[str, StoredAccount], Mapping[str, StoredShop]]:
        """Accounts and shops as stored, by id."""
        return self._snapshot.accounts, self._snapshot.shops

    # -- reading SALESmanago ---------------------------------------------------------------------------------------------

    def shops(self) -> list[Shop]:
        return [stored.shop for stored in self._snapshot.shops.values()]

    def shop(self, shop_id: str) -> Shop | None:
        stored = self._snapshot.shops.get(shop_id)
        return stored.shop if stored is not None else None

    def accounts(self) -> list[Account]:
        return [stored.account for stored in self._snapshot.accounts.values()]

    def account(self, account_id: str) -> Account | None:
        stored = self._snapshot.accounts.get(account_id)
        return stored.account if stored is not None else None

    def access(self, account_id: str) -> AccountAccess:
        stored = self._snapshot.accounts[account_id]
        known = self._opened.get(account_id)
        if known is None or known[0] is not stored:
            access = AccountAccess(stored.account, self._ring.open(stored.secrets["api_secret"]))
            known = self._opened[account_id] = (stored, access)
        return known[1]

    def signing_secrets(self, shop_id: str) -> list[str]:
        """Opened; two while one takes the place of the other. Some only for a shop with `signed_requests`."""
        stored = sorted(self._snapshot.shops[shop_id].secrets.items())
        return [self._ring.open(closed) for name, closed in stored if name.startswith("signing_secret")]

    def shops_of(self, account_id: str) -> Sequence[Shop]:
        return self._snapshot.by_account.get(account_id, ())

    def panel_access(self, shop_id: str) -> PanelAccess:
        """Whatever opens the shop's side; empty where nothing does."""
        return self.opened(self._snapshot.shops[shop_id])

    def opened(self, stored: StoredShop) -> PanelAccess:
        """As `panel_access`, of a shop that may not be stored yet."""
        key, secret = stored.secrets.get("panel_api_key"), stored.secrets.get("webhook_secret")
        return PanelAccess(stored.shop, self._ring.open(key) if key else "", self._ring.open(secret) if secret else "")

    def shop_callback_secrets(self, shop_id: str) -> list[str]:
        stored = self._snapshot.shops.get(shop_id)
        return self._callback_secrets(stored.secrets if stored is not None else {})

    def account_callback_secrets(self, account_id: str) -> list[str]:
        stored = self._snapshot.accounts.get(account_id)
        return self._callback_secrets(stored.secrets if stored is not None else {})

    def _callback_secrets(self, secrets_: Mapping[str, str]) -> list[str]:
        """Opened; two while one takes the place of the other, none where callbacks are not wanted."""
        return [self._ring.open(closed) for name, closed in sorted(secrets_.items()) if name.startswith("callback_")]

    def sources(self) -> list[SourceName]:
        """Every platform that reports to a shop, each once."""
        return list(self._snapshot.by_source)

    def shops_of_source(self, source: SourceName) -> Sequence[Shop]:
        """The shops a platform reports to; those of one panel differ by their number."""
        return self._snapshot.by_source.get(source, ())

    def source_secrets(self, source: SourceName) -> SourceSecrets:
        """What proves that a push is from there: of all shops together, since a panel pushes for all of them with one webhook."""
        stored = [self._snapshot.shops[shop.id].secrets for shop in self.shops_of_source(source)]

        def opened(prefix: str) -> tuple[str, ...]:
            closed = (secrets_[name] for secrets_ in stored for name in sorted(secrets_) if name.startswith(prefix))
            return tuple(dict.fromkeys(self._ring.open(one) for one in closed))

        return SourceSecrets(opened("source_token_"), opened("source_secret_"))

    def open_shops(self, account_id: str) -> list[str]:
        return [shop.id for shop in self.shops_of(account_id) if shop.enabled]

    def closed_shops(self) -> Collection[str]:
        """Disabled shops: what waits for them stays, also where a shop has moved to another account since."""
        return self._snapshot.closed

    def is_disabled(self, destination: str) -> bool:
        """Is it of a disabled shop, or of an account whose shops are all disabled?"""
        kind, _, name = destination.partition(":")
        shops = [shop.id for shop in self.shops_of(name)] if kind in ("account", "reading") else [name]
        return bool(shops) and all(shop_id in self.closed_shops() for shop_id in shops)

    # -- keys ------------------------------------------------------------------------------------------------------------

    def caller(self, key: str) -> Caller:
        """Who a key belongs to. Raises `UnknownCaller`; takes the same time for a wrong secret as for a key that nobody has."""
        known = self._proven.get(key)
        if known is None:
            known = self._proven[key] = self._prove(key)
        now = self._clock()
        if not known.key.is_live(now):
            raise UnknownCaller
        self.uses[known.key.id] = now
        return known.caller

    def _prove(self, key: str) -> _Proven:
        parts = key.split("_")
        known = self._snapshot.keys.get(parts[1]) if len(parts) == 4 and parts[0] == KEY_PREFIX else None
        expected = known.digest if known is not None else _digest("")
        matches = hmac.compare_digest(_digest(key), expected)
        if known is None or not matches:
            raise UnknownCaller
        return _Proven(known, Caller(known.role, known.shop_id, known.id, known.name))

    def live_key(self, key_id: str) -> ApiKey | None:
        """A key that would be let in."""
        known = self._snapshot.keys.get(key_id)
        return known if known is not None and known.is_live(self._clock()) else None

    def all_keys(self) -> list[ApiKey]:
        return list(self._snapshot.keys.values())

    async def issue_key(
        self, shop_id: str | None, role: str = SHOP_ROLE, *, name: str = "", expires_at: datetime | None = None
    ) -> str:
        """A new key, shown this once. Raises `NotFound` for an unknown shop, `BadConfiguration` if two keys live already."""
        await self.refresh()
        if role == SHOP_ROLE:
            if shop_id is None or shop_id not in self._snapshot.shops:
                raise NotFound("shop")
            live = [key for key in self._snapshot.keys.values() if key.shop_id == shop_id and key.is_live(self._clock())]
            if len(live) >= LIVE_KEYS_PER_SHOP:
                ids = ", ".join(key.id for key in live)
                raise BadConfiguration([f"the shop has {len(live)} live keys already ({ids}); revoke one first"])
        key_id, secret = secrets.token_hex(4), secrets.token_hex(32)
        key = f"{KEY_PREFIX}_{key_id}_{secret}_{zlib.crc32(secret.encode()):08x}"
        async with self._store.work() as work:
            whose = shop_id if role == SHOP_ROLE else None
            made = ApiKey(key_id, role, whose, _digest(key), self._clock(), name=name, expires_at=expires_at)
            await work.registry.add_key(made)
            await note(work, self._clock, Action.KEY_ISSUED, whose, about=key_id, after=f"{role} {name}".strip())
            await work.commit()
        await self.refresh()
        return key

    async def revoke_key(self, key_id: str) -> None:
        """Raises `NotFound` for a key that is unknown or revoked already."""
        async with self._store.work() as work:
            revoked = await work.registry.revoke_key(key_id, self._clock())
            if revoked:
                await note(work, self._clock, Action.KEY_REVOKED, about=key_id)
            await work.commit()
        if not revoked:
            raise NotFound("live key")
        await self.refresh()

    # -- configuration ---------------------------------------------------------------------------------------------------

    async def apply(self, accounts: list[StoredAccount], shops: list[StoredShop], changes: Sequence[str] = ()) -> None:
        """Store accounts and shops; what a shop held while it was disabled is released when it is enabled."""
        at: datetime = self._clock()
        await self.refresh()
        before = self._snapshot
        async with self._store.work() as work:
            await work.registry.save_accounts(
                [one for one in accounts if not self._is(before.accounts.get(one.account.id), one)], at
            )
            await work.registry.save_shops([one for one in shops if not self._is(before.shops.get(one.shop.id), one)], at)
            for shop in shops:
                if not shop.shop.enabled:
                    await work.inbox.hold(shop.shop.id)
            enabled = {shop.shop.id for shop in shops if shop.shop.enabled}
            await work.inbox.release(enabled.intersection(await work.inbox.shops_held()) if enabled else ())
            if changes:
                await note(work, self._clock, Action.CONFIGURED, after="\n".join(changes))
            await work.commit()
        await self.refresh()

    def _is(self, stored: StoredAccount | StoredShop | None, wanted: StoredAccount | StoredShop) -> bool:
        """Is it stored like this already, every secret under the newest key? A secret is closed differently each time."""
        return (
            stored is not None
            and replace(wanted, secrets=stored.secrets) == stored
            and stored.secrets.keys() == wanted.secrets.keys()
            and all(self._ring.is_newest_of(stored.secrets[name], closed) for name, closed in wanted.secrets.items())
        )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
