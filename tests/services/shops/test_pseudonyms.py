"""The secret of the pseudonyms is made once, whoever comes first."""

import asyncio

from cryptography.fernet import Fernet

from app.bootstrap.pseudonyms import pseudonyms_of
from app.services.shops.keyring import KeyRing
from app.storage.unit_of_work import Store


async def test_processes_that_start_at_once_on_an_empty_database_share_one_secret(store: Store) -> None:
    ring = KeyRing([Fernet.generate_key().decode()])
    made = await asyncio.gather(*(pseudonyms_of(store, ring) for _ in range(5)))
    assert len({pseudonym("shop1", "jan@example.pl") for pseudonym in made}) == 1
