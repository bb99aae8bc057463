"""Clicks in SALESmanago reach the shops by the addresses that were pasted there, also after an outage."""

from pathlib import Path

from tests.way_back.whole import EWA, JAN, OF_ACCOUNT, OF_SHOP, eventually, said, whole


async def test_r53_r54_the_address_of_a_shop_changes_that_shop_and_the_address_of_the_account_every_shop(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        await made.registers(JAN)
        await made.subscribes(JAN, "shop1", "shop2")
        await made.pastes("shops/shop1", OF_SHOP)
        await made.clicks("unsubscribe")
        await eventually(lambda: said(made, JAN, {"1": False, "2": True}))
        assert await made.agreed(JAN, "sms") == {"1": True, "2": True}
        await eventually(lambda: made.rests(JAN))
        (receipt,) = await made.receipts(JAN, "shop1")
        assert receipt.startswith("applied to shop1 at ")
        assert await made.receipts(JAN, "shop2") == []

        await made.pastes("accounts/main", OF_ACCOUNT)
        await made.clicks("subscribe")
        await eventually(lambda: said(made, JAN, {"1": True, "2": True}))
        await made.clicks("unsubscribe")
        await eventually(lambda: said(made, JAN, {"1": False, "2": False}))
        await eventually(lambda: made.rests(JAN))
        for shop in ("shop1", "shop2"):
            assert (await made.receipts(JAN, shop))[-1].startswith(f"applied to {shop} at ")
        assert (await made.contact())["opted_out"] is True
        await made.comes_to_rest()
        assert await made.agreed() == {"1": False, "2": False}
        assert (await made.contact())["opted_out"] is True


async def test_a_panel_that_is_down_for_a_while_gets_every_change_afterwards(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        for email in (JAN, EWA):
            await made.registers(email)
            await made.subscribes(email, "shop1", "shop2")
        await made.pastes("accounts/main", OF_ACCOUNT)
        await made.http.post(f"{made.panel}/sandbox/faults", json={"kind": "unavailable", "times": None})
        for email in (JAN, EWA):
            await made.clicks("unsubscribe", email)

        async def tried() -> bool:
            found = await made.events(JAN, "shop1")
            commands = [one for event in found for one in event["commands"] if one["command"] == "set_subscription"]
            return any(one["attempts"] for one in commands)

        await eventually(tried)
        assert await made.agreed(JAN) == await made.agreed(EWA) == {"1": True, "2": True}
        assert await made.manual_tasks("shop1") == []  # a panel that is down is no reason to ask a person
        await made.http.delete(f"{made.panel}/sandbox/faults")
        for email in (JAN, EWA):
            await eventually(lambda email=email: said(made, email, {"1": False, "2": False}))  # type: ignore[misc]
            await eventually(lambda email=email: made.rests(email))  # type: ignore[misc]
            for shop in ("shop1", "shop2"):
                assert len(await made.receipts(email, shop)) == 1
