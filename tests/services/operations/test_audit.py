"""Who did what through which door (R95, L11), in both stores; and sessions of the console that end."""

from datetime import timedelta

import pytest

from app.domain.errors import NotFound, UnknownCaller
from app.domain.operations.audit import Action, Actor, Door
from app.domain.operations.replay import ParkedFilter
from app.domain.shops.configuration import ADMIN_ROLE, OPERATOR_ROLE, READER_ROLE, SHOP_ROLE, may
from app.services.operations.audit import AuditLog
from app.services.operations.replay import Operations
from app.services.shops.sessions import LASTS, Sessions
from tests.support.world import World, done_by

ANNA = Actor(Door.CONSOLE, "Anna (ab12cd34)")


def audit(world: World) -> AuditLog:
    return AuditLog(world.store, world.clock)


async def test_r95_what_somebody_does_leaves_a_line_of_who_what_and_when_newest_first(world: World) -> None:
    key = await done_by(ANNA, world.directory.issue_key(None, OPERATOR_ROLE, name="Jan"))
    key_id = key.split("_")[1]
    await done_by(ANNA, world.directory.revoke_key(key_id))
    lines = [entry for _, entry in await audit(world).newest()]
    assert [(one.action, one.actor, one.about) for one in lines] == [
        (Action.KEY_REVOKED, ANNA, key_id),
        (Action.KEY_ISSUED, ANNA, key_id),
    ]
    assert lines[0].at == world.clock()
    assert key not in str(lines)


async def test_a_replay_is_noted_with_what_it_did(world: World) -> None:
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    await done_by(ANNA, operations.preview(ParkedFilter()))
    assert await audit(world).newest() == []
    await done_by(ANNA, operations.replay(ParkedFilter(shop_id="shop1", words="Invalid jan@example.com")))
    ((_, line),) = await audit(world).newest("shop1")
    assert (line.action, line.after) == (Action.REPLAYED, "0 sent again, 0 decided again, 0 closed")
    assert "jan@example.com" not in line.about


async def test_what_was_refused_leaves_no_line_and_what_the_gateway_does_itself_neither(world: World) -> None:
    with pytest.raises(NotFound):
        await done_by(ANNA, world.directory.revoke_key("unknown"))
    await done_by(None, world.directory.issue_key(None, OPERATOR_ROLE))
    assert await audit(world).newest() == []


async def test_who_asks_below_a_number_gets_the_lines_before_it(world: World) -> None:
    for name in ("a", "b", "c"):
        await done_by(ANNA, world.directory.issue_key(None, OPERATOR_ROLE, name=name))
    newest = await audit(world).newest()
    older = await audit(world).newest(before=newest[0][0])
    assert [entry.after for _, entry in older] == ["operator b", "operator a"]


# -- roles, keys that end, sessions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (READER_ROLE, {READER_ROLE}),
        (OPERATOR_ROLE, {READER_ROLE, OPERATOR_ROLE}),
        (ADMIN_ROLE, {READER_ROLE, OPERATOR_ROLE, ADMIN_ROLE}),
        (SHOP_ROLE, set()),
        ("unheard-of", set()),
    ],
)
def test_r95_each_role_may_what_those_before_it_may(role: str, rights: set[str]) -> None:
    assert {needed for needed in (READER_ROLE, OPERATOR_ROLE, ADMIN_ROLE) if may(role, needed)} == rights


async def test_r95_a_key_ends_at_its_time_and_with_it_its_sessions(world: World) -> None:
    key = await world.directory.issue_key(None, READER_ROLE, expires_at=world.clock() + timedelta(hours=1))
    sessions = Sessions(world.store, world.directory, world.clock)
    token = await done_by(None, sessions.sign_in(key))
    assert await done_by(None, sessions.of(token)) is not None
    world.clock.advance(hours=1)
    assert await done_by(None, sessions.of(token)) is None
    with pytest.raises(UnknownCaller):
        world.directory.caller(key)


async def test_r95_a_session_ends_by_itself_by_signing_out_and_by_revoking_its_key(world: World) -> None:
    key = await world.directory.issue_key(None, OPERATOR_ROLE, name="Anna")
    sessions = Sessions(world.store, world.directory, world.clock)
    first, second, third = [await done_by(None, sessions.sign_in(key)) for _ in range(3)]
    await done_by(None, sessions.sign_out(first))
    assert await done_by(None, sessions.of(first)) is None
    assert (await done_by(None, sessions.of(second))).key.name == "Anna"
    await world.directory.revoke_key(key.split("_")[1])
    assert await done_by(None, sessions.of(second)) is None
    world.clock.advance(seconds=LASTS.total_seconds())
    assert await done_by(None, sessions.of(third)) is None


async def test_r95_a_shops_key_opens_no_session(world: World) -> None:
    key = await world.directory.issue_key("shop1")
    with pytest.raises(UnknownCaller):
        await done_by(None, Sessions(world.store, world.directory, world.clock).sign_in(key))
