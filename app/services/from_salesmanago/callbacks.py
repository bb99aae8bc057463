"""Take callbacks of SALESmanago: verify, store, answer. What follows is decided like any other event (R53-R55)."""

import secrets
from collections.abc import Sequence

from app.domain.errors import ForgedCallback
from app.domain.events import OptInClaimed, OptOutClaimed
from app.domain.intake.gateway_events import GatewayEventType, gateway_event
from app.domain.intake.inbox import NewEvent
from app.domain.shops.callbacks import reached, verified
from app.domain.shops.senders import Address, is_expected
from app.services.intake import Intake
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory


class Callbacks:
    def __init__(self, store: Store, directory: ShopDirectory, intake: Intake, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._intake = intake
        self._clock = clock

    def verified_for_shop(self, shop_id: str, raw_email: str, key: str, sender: Address | None) -> str:
        """The address a key was made for. Raises `ForgedCallback`, also for a shop that does not exist, and for an odd sender."""
        shop = self._directory.shop(shop_id)
        expected = is_expected(sender, shop.callback_addresses if shop is not None else ())
        return self._verified(raw_email, key, self._directory.shop_callback_secrets(shop_id), expected=expected)

    def verified_for_account(self, account_id: str, raw_email: str, key: str, sender: Address | None) -> str:
        """The same of an account."""
        account = self._directory.account(account_id)
        expected = is_expected(sender, account.callback_addresses if account is not None else ())
        return self._verified(raw_email, key, self._directory.account_callback_secrets(account_id), expected=expected)

    async def take_for_shop(self, shop_id: str, email: str, *, opt_in: bool) -> None:
        """Store a change for one shop (R53). Raises `NotReady`."""
        await self._store_for([shop_id], email, opt_in=opt_in)

    async def take_for_account(self, account_id: str, email: str, *, opt_in: bool) -> None:
        """Store a change for every shop of the account it reaches: an event, and a receipt, for each (R54). Raises `NotReady`."""
        account, shop_ids = self._directory.account(account_id), [shop.id for shop in self._directory.shops_of(account_id)]
        if account is None or not shop_ids:
            raise ForgedCallback
        async with self._store.work() as work:
            knowing = await work.contacts.shops_knowing(shop_ids, email)
        await self._store_for(reached(account.fan_out, shop_ids, knowing), email, opt_in=opt_in)

    def _verified(self, raw_email: str, key: str, known: Sequence[str], *, expected: bool) -> str:
        email = verified(raw_email, key, known)
        if email is None or not expected:
            raise ForgedCallback
        return email

    async def _store_for(self, shop_ids: Sequence[str], email: str, *, opt_in: bool) -> None:
        event_id, at = f"callback-{secrets.token_hex(12)}", self._clock()
        claimed = OptInClaimed(at=at, email=email) if opt_in else OptOutClaimed(at=at, email=email)
        kind: GatewayEventType = "opt-in" if opt_in else "opt-out"
        await self._intake.accept([self._event(shop_id, event_id, claimed, kind) for shop_id in shop_ids])

    def _event(self, shop_id: str, event_id: str, event: OptInClaimed | OptOutClaimed, kind: GatewayEventType) -> NewEvent:
        shop = self._directory.shop(shop_id)
        return gateway_event(shop_id, kind, event, event_id, held=shop is not None and not shop.enabled)
