"""The directory of shops: what is read again when something changes, here or in another process, and what it costs."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from app.domain.errors import UnknownCaller
from app.domain.shops.configuration import StoredShop
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.shops.directory import ShopDirectory
from app.services.shops.keyring import KeyRing
from app.services.shops.removal import ShopRemoval
from tests.support.world import World, a_shop


@pytest.fixture
async def elsewhere(world: World) -> ShopDirectory:
    """The directory of another process."""
    made = ShopDirectory(world.store, world.ring, world.clock)
    await made.refresh()
    await made.refresh()
    return made


async def test_another_process_learns_of_every_change_even_when_the_clock_stands_still(
    world: World, elsewhere: ShopDirectory
) -> None:
    for host in ("one.example", "two.example", "one.example"):
        await world.configure(a_shop(host=host))
        await elsewhere.refresh()
        assert [shop.host for shop in elsewhere.shops()] == [host]
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await elsewhere.refresh()
    assert [shop.id for shop in elsewhere.shops_of("main")] == ["shop1", "shop2"]


async def test_another_process_lets_a_new_key_in_and_a_revoked_one_no_more(world: World, elsewhere: ShopDirectory) -> None:
    key = await world.directory.issue_key("shop1")
    with pytest.raises(UnknownCaller):
        elsewhere.caller(key)
    await elsewhere.refresh()
    assert elsewhere.caller(key).shop_id == "shop1"
    await world.directory.revoke_key(elsewhere.caller(key).key_id)
    await elsewhere.refresh()
    with pytest.raises(UnknownCaller):
        elsewhere.caller(key)


async def test_a_key_that_was_let_in_is_let_in_no_more_once_it_expires(world: World) -> None:
    key = await world.directory.issue_key("shop1", expires_at=world.clock() + timedelta(minutes=1))
    for _ in range(2):
        assert world.directory.caller(key).shop_id == "shop1"
    world.clock.advance(minutes=1)
    with pytest.raises(UnknownCaller):
        world.directory.caller(key)


async def test_of_a_key_that_was_let_in_every_sign_still_counts(world: World) -> None:
    key = await world.directory.issue_key("shop1")
    world.directory.caller(key)
    for other in (key[:-1], key + "0", key.swapcase(), key[:-1] + ("a" if key[-1] != "a" else "b"), key.replace("_", " ")):
        with pytest.raises(UnknownCaller):
            world.directory.caller(other)


async def test_a_shop_that_was_removed_is_gone_elsewhere_too(world: World, elsewhere: ShopDirectory) -> None:
    await world.configure(a_shop(enabled=False), a_shop("shop2", number=2))
    await elsewhere.refresh()
    assert elsewhere.closed_shops() == {"shop1"}
    await ShopRemoval(world.store, world.directory, world.clock).remove("shop1", unsent_too=True)
    await elsewhere.refresh()
    assert [shop.id for shop in elsewhere.shops()] == ["shop2"]
    assert not elsewhere.closed_shops()


async def test_what_an_older_process_wrote_without_a_stamp_is_noticed_within_a_minute(
    world: World, elsewhere: ShopDirectory
) -> None:
    async with world.database.transaction() as connection:
        await connection.exec_driver_sql("UPDATE api_keys SET revoked_at = created_at")
        await connection.exec_driver_sql("DELETE FROM shops")
        await connection.commit()
    await elsewhere.refresh()
    assert elsewhere.shops()
    world.clock.advance(minutes=1)
    await elsewhere.refresh()
    assert elsewhere.shops() == []


async def test_nothing_is_read_again_while_nothing_changes_and_one_row_when_one_does(
    world: World, elsewhere: ShopDirectory
) -> None:
    await world.configure(*many(300))
    await elsewhere.refresh()
    version = elsewhere.version
    with world.statements() as asked:
        await elsewhere.refresh()
    assert [sql.split("FROM")[1].split()[0] for sql in asked if sql.startswith("SELECT")] == ["meta"]
    assert elsewhere.version == version
    kept = elsewhere.shop("shop7")
    await world.configure(replace(many(9)[8], host="other.example"))
    await elsewhere.refresh()
    assert elsewhere.shop("shop7") is kept
    assert elsewhere.version != version


async def test_a_configuration_that_is_applied_again_writes_nothing(world: World) -> None:
    shops = [StoredShop(shop, {"callback_0": world.ring.close("abcdefgh12345678")}) for shop in many(20)]
    await world.directory.apply([], shops)
    again = [StoredShop(one.shop, {"callback_0": world.ring.close("abcdefgh12345678")}) for one in shops]
    with world.statements() as asked:
        await world.directory.apply([], again)
    assert [sql for sql in asked if sql.startswith(("INSERT", "UPDATE", "DELETE"))] == []
    await world.directory.apply([], [replace(again[0], secrets={"callback_0": world.ring.close("ABCDEFGH12345678")})])
    assert world.directory.shop_callback_secrets("shop0") == ["ABCDEFGH12345678"]


async def test_applied_after_a_new_encryption_key_the_secrets_are_closed_with_it(world: World) -> None:
    older, newer = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before, after = KeyRing([older]), KeyRing([newer, older])
    stored = StoredShop(a_shop(), {"callback_0": before.close("abcdefgh12345678")})
    await ShopDirectory(world.store, before, world.clock).apply([], [stored])
    renewed = ShopDirectory(world.store, after, world.clock)
    await renewed.apply([], [replace(stored, secrets={"callback_0": after.close("abcdefgh12345678")})])
    assert after.closed_anew(renewed.stored()[1]["shop1"].secrets["callback_0"]) is None


def many(number: int) -> list[Shop]:
    return [a_shop(f"shop{one}", number=one + 1) for one in range(number)]
