"""What SALESmanago calls nobody about is found by looking, and it comes to rest."""

from pathlib import Path

from tests.way_back.whole import JAN, NOW, eventually, said, whole


async def test_r30_r55_tags_points_and_resignations_from_text_messages_come_by_looking_and_it_comes_to_rest(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        await made.registers(JAN)
        await made.subscribes(JAN, "shop1", "shop2")
        order = {
            "event_id": "o1",
            "occurred_at": NOW.isoformat(),
            "customer": {"email": JAN},
            "order": {
                "id": "1",
                "currency": "PLN",
                "value": "10",
                "items": [{"product_id": "1", "name": "buty", "menu_paths": ["Obuwie/Męskie"]}],
            },
            "transfer_consent": "given",
        }
        assert (await made.door.post("orders", order, "shop1")).status_code == 202
        await made.http.post(f"{made.salesmanago}/sandbox/contacts/{JAN}/tags", json={"add": ["menu1", "koszyk"], "score": "7"})
        names = ("salesmanago_shop1_menu1", "salesmanago_shop2_menu1", "salesmanago_shop1_koszyk", "salesmanago_obuwie")

        async def mirrored() -> bool:
            return {name: (await made.tags()).get(name) for name in names[:3]} == dict.fromkeys(names[:3], 7)

        await eventually(mirrored)
        assert names[3] in await made.tags()  # R31
        await eventually(lambda: made.rests(JAN))
        await made.takes_off(names[0])
        await eventually(mirrored)
        await eventually(lambda: made.rests(JAN))
        await made.takes_off(names[0])
        await eventually(lambda: made.disputes("menu1"))
        assert names[0] not in await made.tags()
        await made.http.post(f"{made.salesmanago}/sandbox/contacts/{JAN}/tags", json={"remove": ["koszyk"]})

        async def gone() -> bool:
            return "salesmanago_shop1_koszyk" not in await made.tags()

        await eventually(gone)
        assert {name for name in await made.tags() if "idosell" in name} == set()  # R29
        await made.clicks("unsubscribe", channel="phone")
        await eventually(lambda: said(made, JAN, {"1": False, "2": False}, "sms"))
        assert await made.agreed() == {"1": True, "2": True}
        await eventually(lambda: made.rests(JAN))
        await made.comes_to_rest()
        contact = await made.contact()
        assert (contact["opted_out"], contact["opted_out_phone"]) == (False, True)
        assert not [tag for tag in contact["tags"] if "salesmanago" in tag["name"].lower()]
