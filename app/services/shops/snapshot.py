"""Accounts, shops and keys as they were read last, and what is asked of them often, worked out once.

Reading them again costs what has changed: a stamp says whether anything did, and the version of each row says which.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from app.domain.intake.pushes import SourceName
from app.domain.shops.configuration import ApiKey, StoredAccount, StoredShop
from app.domain.shops.shop import Shop
from app.services.ports.shops import Registry

T = TypeVar("T")

Versions = Mapping[str, str]
"""Id of a row -> what changes whenever the row does."""


@dataclass(frozen=True)
class Snapshot:
    accounts: Mapping[str, StoredAccount] = field(default_factory=dict)
    shops: Mapping[str, StoredShop] = field(default_factory=dict)
    keys: Mapping[str, ApiKey] = field(default_factory=dict)

    @cached_property
    def by_account(self) -> Mapping[str, Sequence[Shop]]:
        found: dict[str, list[Shop]] = {}
        for stored in self.shops.values():
            found.setdefault(stored.shop.account, []).append(stored.shop)
        return found

    @cached_property
    def by_source(self) -> Mapping[SourceName, Sequence[Shop]]:
        """Platform and name -> the shops it reports to, in the order of their ids."""
        found: dict[SourceName, list[Shop]] = {}
        for stored in self.shops.values():
            if stored.shop.source.kind.pushes:
                found.setdefault(_source_of(stored.shop), []).append(stored.shop)
        return found

    @cached_property
    def closed(self) -> frozenset[str]:
        return frozenset(stored.shop.id for stored in self.shops.values() if not stored.shop.enabled)


@dataclass(frozen=True)
class Known:
    """A snapshot, and how far it was read. `stamps`: None before the first reading."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    stamps: tuple[str, str] | None = None
    accounts: Versions = field(default_factory=dict)
    shops: Versions = field(default_factory=dict)
    keys: Versions = field(default_factory=dict)


async def read_again(registry: Registry, known: Known, *, whatever_the_stamps: bool) -> Known:
    """The same object if nothing has changed. `whatever_the_stamps`: compare every row's version all the same."""
    stamps = await registry.stamps()
    before = known.snapshot
    configuration = whatever_the_stamps or known.stamps is None or stamps[0] != known.stamps[0]
    of_keys = whatever_the_stamps or known.stamps is None or stamps[1] != known.stamps[1]
    accounts, shops, keys = before.accounts, before.shops, before.keys
    account_versions, shop_versions, key_versions = known.accounts, known.shops, known.keys
    if configuration:
        account_versions, shop_versions = await registry.account_versions(), await registry.shop_versions()
        if ids := _changed(known.accounts, account_versions):
            accounts = _merged(accounts, {one.account.id: one for one in await registry.accounts(ids)}, account_versions)
        accounts = _present(accounts, account_versions)
        if ids := _changed(known.shops, shop_versions):
            shops = _merged(shops, {one.shop.id: one for one in await registry.shops(ids)}, shop_versions)
        shops = _present(shops, shop_versions)
    if of_keys:
        key_versions = await registry.key_versions()
        if ids := _changed(known.keys, key_versions):
            keys = _merged(keys, {one.id: one for one in await registry.keys(ids)}, key_versions)
        keys = _present(keys, key_versions)
    same = accounts is before.accounts and shops is before.shops and keys is before.keys
    snapshot = before if same else Snapshot(accounts, shops, keys)
    if same and stamps == known.stamps:
        return known
    return Known(snapshot, stamps, account_versions, shop_versions, key_versions)


def _changed(before: Versions, now: Versions) -> Collection[str]:
    return [name for name, version in now.items() if before.get(name) != version]


def _merged(before: Mapping[str, T], read: Mapping[str, T], present: Versions) -> Mapping[str, T]:
    """In the order of `present`."""
    return {name: one for name in present if (one := read.get(name) or before.get(name)) is not None}


def _present(rows: Mapping[str, T], present: Versions) -> Mapping[str, T]:
    return rows if rows.keys() == present.keys() else {name: one for name, one in rows.items() if name in present}


def _source_of(shop: Shop) -> SourceName:
    return SourceName(shop.source.kind.value, shop.source.name)
