"""Last uses of keys: noted at once, stored once a minute, and known to the other processes (R92)."""

import pytest

from app.domain.errors import UnknownCaller
from app.domain.shops.configuration import OPERATOR_ROLE
from app.services.shops.directory import ShopDirectory
from app.services.shops.key_use import KeyUse
from tests.support.world import World


async def test_r92_a_use_is_known_at_once_and_to_others_once_it_is_stored(world: World) -> None:
    directory, other = world.directory, ShopDirectory(world.store, world.directory._ring, world.clock)
    key = await directory.issue_key(None, OPERATOR_ROLE)
    key_id = key.split("_")[1]
    ours, theirs = KeyUse(world.store, directory), KeyUse(world.store, other)
    assert await ours.last() == {}
    directory.caller(key)
    assert await ours.last() == {key_id: world.clock.now}
    assert await theirs.last() == {}
    assert await ours.write() == 0
    assert await theirs.last() == {key_id: world.clock.now}


async def test_r92_requests_write_nothing_and_an_unused_key_is_not_written_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await world.directory.issue_key(None, OPERATOR_ROLE)
    use = KeyUse(world.store, world.directory)
    for _ in range(100):
        world.directory.caller(key)
    async with world.store.work() as work:
        assert not [name for name in await work.registry.entries() if name.startswith("used:")]
    await use.write()

    def no_work(**_: object) -> None:
        raise AssertionError("nothing is new")

    monkeypatch.setattr(world.store, "work", no_work)
    assert await use.write() == 0


async def test_a_wrong_key_is_no_use(world: World) -> None:
    key = await world.directory.issue_key(None, OPERATOR_ROLE)
    with pytest.raises(UnknownCaller):
        world.directory.caller(f"{key}0")
    assert world.directory.uses == {}
