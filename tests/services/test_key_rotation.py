"""Rotation of the encryption keys: everything under the newest one, nothing lost, and the day on which the old one may go (M6)."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet, InvalidToken

from app.configuration.shops_file import parse
from app.domain.errors import BadConfiguration, NotPossible
from app.services.recovery_links import LASTS
from app.services.shops.directory import ShopDirectory
from app.services.shops.key_rotation import KeyRotation
from app.services.shops.keyring import PEPPER, KeyRing
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.support.gateways import ACCOUNT, SHOPS

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
async def stored(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose secrets were closed with the old key alone."""
    monkeypatch.setenv("API_SECRET", "api-secret")
    monkeypatch.setenv("CALLBACK", "abcdefgh12345678")
    ring = KeyRing([OLD])
    shops = {name: {**entry, "callback_secret": "env:CALLBACK"} for name, entry in SHOPS.items()}
    accounts = {"main": {**ACCOUNT, "api_secret": "env:API_SECRET"}}
    await ShopDirectory(store, ring, clock).apply(*parse({"accounts": accounts, "shops": shops}, ring))
    async with store.work() as work:
        await work.registry.set_entry(PEPPER, ring.close("pepper"))
        await work.commit()
    return store


async def closed(store: Store) -> list[str]:
    async with store.work() as work:
        kept = [*await work.registry.accounts(), *await work.registry.shops()]
        return [*(secret for one in kept for secret in one.secrets.values()), (await work.registry.entries())[PEPPER]]


async def test_after_a_rotation_the_newest_key_alone_opens_every_secret(stored: Store, clock: Clock) -> None:
    done = await KeyRotation(stored, KeyRing([NEW, OLD]), clock).rotate()
    assert (done.closed_anew, done.secrets) == (4, 4)
    alone = KeyRing([NEW])
    assert sorted(alone.open(one) for one in await closed(stored)) == ["abcdefgh12345678"] * 2 + ["api-secret", "pepper"]
    for one in await closed(stored):
        with pytest.raises(InvalidToken):
            Fernet(OLD).decrypt(one.encode())
    directory = ShopDirectory(stored, alone, clock)
    await directory.refresh()
    assert directory.access("main").api_secret == "api-secret"
    assert directory.shop_callback_secrets("shop1") == ["abcdefgh12345678"]


async def test_a_second_rotation_changes_nothing_and_names_the_same_day(stored: Store, clock: Clock) -> None:
    rotation = KeyRotation(stored, KeyRing([NEW, OLD]), clock)
    first, before = await rotation.rotate(), await closed(stored)
    clock.advance(days=3)
    second = await rotation.rotate()
    assert await closed(stored) == before
    assert second == replace(first, closed_anew=0)
    assert second.old_keys_may_go_at == clock() - timedelta(days=3) + LASTS


async def test_with_one_key_there_is_no_older_one_that_could_go(stored: Store, clock: Clock) -> None:
    done = await KeyRotation(stored, KeyRing([OLD]), clock).rotate()
    assert (done.closed_anew, done.old_keys_may_go_at) == (0, None)


async def test_a_rotation_without_the_old_key_changes_nothing(stored: Store, clock: Clock) -> None:
    before = await closed(stored)
    with pytest.raises(BadConfiguration):
        await KeyRotation(stored, KeyRing([NEW]), clock).rotate()
    assert await closed(stored) == before


async def test_a_process_that_was_started_with_other_keys_refuses_and_changes_nothing(stored: Store, clock: Clock) -> None:
    before = await closed(stored)
    with pytest.raises(NotPossible, match="Restart"):
        await KeyRotation(stored, KeyRing([OLD]), clock).rotate(KeyRing([NEW]).fingerprint)
    assert await closed(stored) == before


def test_a_fingerprint_says_nothing_of_the_key() -> None:
    assert KeyRing([NEW]).fingerprint != KeyRing([OLD]).fingerprint
    assert KeyRing([NEW]).fingerprint not in NEW


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(BadConfiguration, match="gateway keys encryption"):
        KeyRing([base64.urlsafe_b64encode(b"0" * 32).decode()])
