"""Whom the panel has no account of: a person learns of it, or the shop's own endpoint."""

import json
from pathlib import Path

from tests.way_back.whole import EWA, GUEST, JAN, OF_SHOP, OLA, eventually, said, whole


async def test_r56_whom_the_panel_cannot_be_written_about_waits_for_a_person_with_the_reason(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        await made.registers(EWA, [2])  # a customer of the other shop only
        await made.registers(GUEST, [1], unregistered=True)
        await made.subscribes(OLA, "shop1", has_account=False)
        await made.subscribes(EWA, "shop1", has_account=False)
        await made.subscribes(GUEST, "shop1", has_account=False)
        await made.http.post(f"{made.panel}/sandbox/subscribers", json={"email": OLA})
        await made.pastes("shops/shop1", OF_SHOP)
        await made.clicks("unsubscribe", OLA)
        await made.clicks("subscribe", EWA)
        await made.clicks("unsubscribe", GUEST)

        async def listed() -> bool:
            return len(await made.manual_tasks("shop1")) == 2

        await eventually(listed)
        await eventually(lambda: said(made, GUEST, {"1": False}))  # a guest buyer has an account of the panel
        assert sorted(await made.manual_tasks("shop1")) == [
            (EWA, {"email": "opt_in"}, "not_active_in_shop"),
            (OLA, {"email": "opt_out"}, "no_account_in_panel"),
        ]
        assert await made.manual_tasks("shop2") == []
        assert await made.agreed(EWA) == {"2": True}
        ready = (await made.http.get(f"{made.gateway}/readyz", headers=await made.door.operator())).json()
        assert "shop1: 2 change(s)" in json.dumps(ready)
        for number in [one["number"] for one in (await made.door.get("hand-work")).json()["items"]]:
            assert (await made.door.post(f"hand-work/{number}/done", {})).status_code == 204
        assert (await made.receipts(OLA, "shop1"))[-1].startswith("applied to shop1 at ")


async def test_r56_a_shop_with_an_endpoint_of_its_own_gets_a_signed_notice(tmp_path: Path) -> None:
    async with whole(tmp_path, webhook=True) as made:
        await made.registers(JAN)
        await made.subscribes(OLA, "shop1", has_account=False)
        await made.subscribes(JAN, "shop1")
        await made.pastes("shops/shop1", OF_SHOP)
        for email in (OLA, JAN):
            await made.clicks("unsubscribe", email)

        async def noticed() -> bool:
            return bool(made.notices.told)

        await eventually(noticed)
        await eventually(lambda: said(made, JAN, {"1": False, "2": True}))
        await eventually(lambda: made.rests(OLA))
        (notice,) = [one for one in made.notices.told if one["type"] == "newsletter.changed"]  # the account holder needs none
        assert (notice["data"]["shop"], notice["data"]["email"]) == ("shop1", OLA)
        assert notice["data"]["channels"]["email"]["status"] == "opt_out"
        assert await made.manual_tasks("shop1") == []
        assert len(await made.receipts(OLA, "shop1")) == 1
