"""What the other shops of an account make of an event: SALESmanago has one contact for all of them."""

from tests.support.world import JAN, World, registers, tags


async def test_a_tag_that_two_shops_gave_a_person_goes_when_the_last_of_them_takes_it_off(two: World) -> None:
    for shop in ("shop1", "shop2"):
        await two.post(registers(), tags(1, email=JAN, added=("vip",)), shop=shop)
    await two.run()
    await two.post(tags(2, email=JAN, removed=("vip",)), shop="shop1", event_id="first")
    await two.run()
    assert (await two.states())["first"] == ("superseded", "tag_of_another_shop")
    assert "idosell_vip" in two.upstream.contacts[JAN]
    await two.post(tags(3, email=JAN, removed=("vip",)), shop="shop2", event_id="last")
    await two.run()
    assert (await two.states())["last"] == ("sent", None)
    assert "idosell_vip" not in two.upstream.contacts[JAN]


async def test_a_tag_that_two_shops_take_off_in_one_round_goes(two: World) -> None:
    for shop in ("shop1", "shop2"):
        await two.post(registers(), tags(1, email=JAN, added=("vip",)), shop=shop)
    await two.run()
    for shop in ("shop1", "shop2"):
        await two.post(tags(2, email=JAN, removed=("vip",)), shop=shop)
    await two.run()
    assert "idosell_vip" not in two.upstream.contacts[JAN]
