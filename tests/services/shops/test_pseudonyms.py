"""The secret of the pseudonyms is made once, whoever comes first."""

import asyncio

from cryptography.fernet import Fernet

from app.bootstrap.gateway import _pepper
from app.services.shops.keyring import KeyRing
from app.storage.unit_of_work import Store


async def test_processes_that_start_at_once_on_an_empty_database_share_one_secret(store: Store) -> None:
    ring = KeyRing([Fernet.generate_key().decode()])
    assert len(set(await asyncio.gather(*(_pepper(store, ring) for _ in range(5))))) == 1
