"""Whatever happens in one contact's life arrives once and in order, alone or together with others."""

from app.domain.commands import AddEvent, EventKind, UpsertContact
from app.domain.delivery.outcomes import Throttled, Unreachable
from tests.support.world import JAN, World, orders, registers, renames, scripted, subscribes, tags, views


async def test_a_contact_arrives_before_what_happened_to_it_and_only_once(world: World) -> None:
    await world.post(registers(first_name="Jan"), orders("o1"), tags(email=JAN, added=("vip",)), orders("o2", minutes=1))
    await world.run()
    assert world.upstream.methods == ["upsert", "add_event", "add_event"]
    (upsert,) = world.upstream.sent(UpsertContact)
    assert upsert.email == JAN
    assert upsert.profile == {"first_name": "Jan"}
    assert set(upsert.add_tags) == {"rejestracja", "idosell_vip", "Obuwie"}
    assert [event.external_id for event in world.upstream.sent(AddEvent)] == ["o1", "o2"]
    assert await world.at_rest() == {f"e{n}": ("sent", None) for n in (1, 2, 3, 4)}


async def test_one_contact_is_sent_singly_and_many_together(world: World) -> None:
    await world.post(orders("o1"))
    await world.run()
    assert world.upstream.methods == ["upsert", "add_event"]
    world.upstream.calls.clear()
    await world.post(*(orders(f"m{n}", f"c{n}@example.pl") for n in range(25)))
    await world.run()
    assert [(method, len(items)) for method, items in world.upstream.calls] == [("upsert_many", 25), ("add_events", 25)]
    await world.at_rest()


async def test_events_of_every_contact_arrive_in_the_order_of_acceptance(world: World) -> None:
    expected: dict[str, list[str]] = {}
    for number in range(60):
        email = f"c{number % 7}@example.pl"
        await world.post(orders(f"o{number}", email, minutes=-number))
        expected.setdefault(email, []).append(f"o{number}")
        if number % 11 == 0:
            await world.plan()
        if number % 17 == 0:
            await world.run()
    await world.run()
    found: dict[str, list[str]] = {}
    for event in world.upstream.events:
        found.setdefault(event.email, []).append(event.external_id)
    assert found == expected
    await world.at_rest()


async def test_events_before_and_after_a_rename_reach_the_renamed_contact_in_order(world: World) -> None:
    await world.post(orders("o1", JAN))
    await world.run()
    await world.post(orders("o2", JAN, 1), renames(JAN, "new@example.pl", 2), orders("o3", "new@example.pl", 3))
    await world.run()
    assert list(world.upstream.contacts) == ["new@example.pl"]
    assert [(event.external_id, event.email) for event in world.upstream.events] == [
        (o, "new@example.pl") for o in ("o1", "o2", "o3")
    ]
    await world.at_rest()


async def test_an_event_that_waits_longer_than_its_rename_still_reaches_the_renamed_contact(world: World) -> None:
    """R11: the rename arrives, the event queued before it is throttled; on the next try the old address names nobody."""
    await world.post(registers())
    await world.run()
    await world.post(orders("o1", JAN, 1), renames(JAN, "new@example.pl", 2))
    await world.plan()
    world.upstream.respond = scripted(Throttled(5.0), method="add_event")
    await world.run_for(hours=0.1)
    assert list(world.upstream.contacts) == ["new@example.pl"]
    assert [(event.external_id, event.email) for event in world.upstream.events] == [("o1", "new@example.pl")]
    await world.at_rest()


async def test_a_contacts_events_stay_in_order_when_the_first_of_two_batches_fails(world: World) -> None:
    """I5: 450 events make two calls; the second must not carry later events of a contact whose earlier ones did not arrive."""
    for contact in range(3):
        email = f"c{contact}@example.pl"
        await world.post(*(views(f"{contact}-{n}", email, n) for n in range(150)))
    await world.plan()
    world.upstream.respond = scripted(Unreachable("down"), method="add_events")
    await world.run_for(hours=0.1)
    found: dict[str, list[str]] = {}
    for event in world.upstream.events:
        assert event.kind is EventKind.VISIT
        found.setdefault(event.email, []).append(event.lines[0].product_id)
    assert found == {f"c{c}@example.pl": [f"{c}-{n}" for n in range(150)] for c in range(3)}
    await world.at_rest()


async def test_a_hot_contact_goes_out_in_several_claims_without_losing_its_order(world: World) -> None:
    await world.post(*(views(str(n), JAN, n) for n in range(230)))
    await world.run()
    assert [event.lines[0].product_id for event in world.upstream.events] == [str(n) for n in range(230)]
    await world.at_rest()


async def test_a_repeated_fact_sends_nothing(world: World) -> None:
    await world.post(registers(first_name="Jan"), subscribes())
    await world.run()
    before = len(world.upstream.calls)
    await world.post(registers(first_name="Jan", minutes=1), orders("o1", minutes=2), orders("o1", minutes=2))
    await world.run()
    states = await world.at_rest()
    assert (states["e3"], states["e4"], states["e5"]) == (
        ("superseded", "nothing_new"),
        ("sent", None),
        ("superseded", "order_already_sent"),
    )
    assert world.upstream.methods[before:] == ["upsert", "add_event"]
