"""What the doctor asks of a panel."""

import pytest

from app.domain.delivery.outcomes import Delivered, message_of, name_of
from app.sandbox.panel import Key
from tests.clients.idosell.talking import told, wants
from tests.support.panel import JAN, KEY, Json, World

# -- checks for the doctor -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("areas", "named"),
    [
        ({"system": "r", "crm": "rw"}, ()),
        ({"crm": "rw"}, ("SYSTEM", "level r")),
        ({"system": "r"}, ("CRM", "level r")),
        (None, ("401",)),
    ],
)
async def test_the_doctor_names_what_the_key_lacks(areas: Json | None, named: tuple[str, ...]) -> None:
    world = World(keys=[Key("another" if areas is None else KEY, areas or {})])
    finding = await world.side().examine()
    assert (finding is None) == (named == ())
    said = "" if finding is None else f"{name_of(finding)} {message_of(finding)}"
    assert all(word in said for word in named)
    assert await world.writes() == []


async def test_a_tag_is_written_back_with_the_points_it_has_and_nothing_else_is_changed() -> None:
    world = World()
    await world.customer()
    assert await world.side().write_back(JAN) is None  # there is no tag yet
    await told(world.side(), wants(points={"vip": 3}))
    before = await world.tags()
    written = len(await world.writes())
    assert await world.side().write_back(JAN) == Delivered()
    assert await world.tags() == before
    assert len(await world.writes()) == written + 1
    assert await world.side().write_back("nobody@example.com") is None


async def test_the_panels_own_word_on_its_load_is_taken() -> None:
    world = World()
    assert not await world.side().is_overloaded()
    await world.fault("overloaded")
    assert await world.side().is_overloaded()
    await world.fault("server_error", "GET system/serverLoad")
    assert not await world.side().is_overloaded()
