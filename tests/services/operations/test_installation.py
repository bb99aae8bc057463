"""A copied database sends nothing until somebody confirms it; who runs it says so, and who did it stands in the log (J5)."""

from datetime import timedelta

from cryptography.fernet import Fernet

from app.domain.operations.audit import Action, Actor, Door
from app.domain.operations.installation import Place
from app.services.health.alarm_telling import Alarms
from app.services.health.health import Health
from app.services.operations.audit import AuditLog, acts
from app.services.operations.installation import SAID_AGAIN, Installation
from app.services.shops.directory import ShopDirectory
from app.services.shops.keyring import KeyRing
from app.storage.unit_of_work import Store
from tests.conftest import Clock

HOME = Place("postgresql 7 1", "db:5432", "gateway at db:5432")
COPY = Place("postgresql 8 1", "db:5432", "gateway at staging")
OTHER_WAY = Place("postgresql 7 1", "10.0.0.5:5432", "gateway at 10.0.0.5:5432")


def at(place: Place, store: Store, clock: Clock) -> Installation:
    """A gateway that started there."""

    async def here() -> Place:
        return place

    return Installation(store, here, clock)


async def entries(store: Store) -> dict[str, str]:
    async with store.work() as work:
        return {name: text for name, text in (await work.registry.entries()).items() if name.startswith("place:")}


async def test_the_first_place_is_noted_and_every_later_start_there_sends(store: Store, clock: Clock) -> None:
    assert not at(HOME, store, clock).may_send  # nobody looked yet
    for _ in range(3):
        started = at(HOME, store, clock)
        assert await started.check()
        assert started.may_send
        clock.advance(hours=1)
    assert len(await entries(store)) == 1


async def test_a_copy_sends_nothing_however_often_it_starts_and_alarms_until_somebody_confirms(store: Store, clock: Clock) -> None:
    await at(HOME, store, clock).check()
    for _ in range(3):
        copy = at(COPY, store, clock)
        assert not await copy.check()
        assert not copy.may_send
        assert await copy.alarms() == {("", "installation_unconfirmed")}
        clock.advance(hours=1)
    acts(Actor(Door.CLI, "anna"))
    before = await copy.confirm()
    assert [one.place for one in before.elsewhere] == [HOME]
    assert copy.may_send
    assert await copy.alarms() == set()
    ((_, line),) = await AuditLog(store, clock).newest()
    assert (line.action, line.actor.name, line.before, line.after) == (
        Action.INSTALLATION_CONFIRMED,
        "anna",
        HOME.words,
        COPY.words,
    )
    assert not await at(HOME, store, clock).check()  # it was left: going back is a move again


async def test_confirming_where_nothing_is_to_confirm_changes_nothing(store: Store, clock: Clock) -> None:
    here = at(HOME, store, clock)
    await here.check()
    noted = await entries(store)
    assert (await here.confirm()).is_confirmed
    assert await entries(store) == noted
    assert await AuditLog(store, clock).newest() == []


async def test_a_poll_that_may_not_write_notes_nothing(store: Store, clock: Clock) -> None:
    assert await at(HOME, store, clock).check(writes=False)
    assert await entries(store) == {}


async def test_a_gateway_at_another_address_of_a_shared_database_sends_once_it_sees_the_others_alive(
    store: Store, clock: Clock
) -> None:
    home, other = at(HOME, store, clock), at(OTHER_WAY, store, clock)
    await home.check()
    assert not await other.check()
    clock.advance(seconds=SAID_AGAIN.total_seconds())
    assert not await other.check()  # nobody wrote anything, as in a copy of the files
    await home.check()
    assert await other.check()
    assert await at(OTHER_WAY, store, clock).check()
    assert await home.check()


async def test_a_gateway_says_that_it_is_there_twice_a_minute_and_no_oftener(store: Store, clock: Clock) -> None:
    home = at(HOME, store, clock)
    await home.check()
    noted = await entries(store)
    clock.advance(seconds=(SAID_AGAIN - timedelta(seconds=1)).total_seconds())
    await home.check()
    assert await entries(store) == noted
    clock.advance(seconds=1)
    await home.check()
    assert await entries(store) != noted


async def test_health_says_that_nothing_is_sent_and_events_are_taken_all_the_same(store: Store, clock: Clock) -> None:
    async def migrated() -> bool:
        return True

    await at(HOME, store, clock).check()
    copy = at(COPY, store, clock)
    await copy.check()
    directory = ShopDirectory(store, KeyRing([Fernet.generate_key().decode()]), clock)
    health = Health(store, directory, clock, migrated, 600.0, installation=copy)
    readiness, report = await health.readiness(), await health.report()
    assert (readiness.ready, readiness.sends) == (True, False)
    assert (report.ready, report.sends) == (True, False)
    assert "`gateway installation confirm`" in " ".join(words.en for words in report.problems)
    said = []

    async def tell(notice) -> bool:
        said.append((notice.what, notice.over))
        return True

    alarms = Alarms(health, store=store, tells={"webhook": tell}, guard=copy)
    await alarms.watch()
    await alarms.watch()
    await copy.confirm()
    await alarms.watch()
    assert said == [("installation_unconfirmed", False), ("installation_unconfirmed", True)]
