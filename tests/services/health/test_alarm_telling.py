"""Said once when it begins, once when it is over, and never because nobody could look (R11, L5)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.domain.errors import NotReady
from app.domain.operations.alarms import WORDS, AlarmNotice, AlarmsSaid, alarms_said
from app.services.health.alarm_telling import ENTRY, Alarms
from app.services.health.health import Report, ShopHealth
from app.storage.unit_of_work import Store

QUIET: dict[str, Any] = {
    "oldest_waiting_seconds": 0.0,
    "late": False,
    "consent_box_seems_hidden": False,
    "enabled": True,
    "shadow": False,
    "events": {},
    "conflicts": 0,
    "differences": 0,
    "oldest_receipt_seconds": 0.0,
    "receipt_missing": False,
    "manual_tasks": 0,
}
BLIND = Report(False, ("The database cannot be used at the moment.",), ())
WRONG = [
    ("events_late", {"late": True}),
    ("receipt_missing", {"receipt_missing": True}),
    ("consent_box_seems_hidden", {"consent_box_seems_hidden": True}),
    ("hand_work_waits", {"manual_tasks": 2}),
]


def report(*, ready: bool = True, **shops: dict[str, Any]) -> Report:
    return Report(ready, (), tuple(ShopHealth(shop_id=name, **{**QUIET, **wrong}) for name, wrong in shops.items()))


class Played:
    """Reports one after another; the last one again and again."""

    def __init__(self, *reports: Report) -> None:
        self.reports = list(reports)

    async def quick_report(self) -> Report:
        return self.reports.pop(0) if len(self.reports) > 1 else self.reports[0]


class Notebook:
    """A store of small facts; `fails`: for so many more units of work."""

    def __init__(self, fails: int = 0) -> None:
        self.entries: dict[str, str] = {}
        self.fails = fails

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Any]:
        if self.fails:
            self.fails -= 1
            raise NotReady
        changed = dict(self.entries)

        async def entry(name: str) -> str | None:
            return changed.get(name)

        async def set_entry(name: str, value: str) -> None:
            changed[name] = value

        async def commit() -> None:
            self.entries = changed

        yield SimpleNamespace(registry=SimpleNamespace(entry=entry, set_entry=set_entry), commit=commit)


async def watched(*reports: Report) -> list[tuple[str, str, str]]:
    """(event, shop, what) of every line, in order."""
    alarms = Alarms(Played(*reports), store=Notebook())
    with capture_logs() as logs:
        for _ in reports:
            assert await alarms.watch() == 0
    assert {line["log_level"] for line in logs} <= {"warning"}
    return [(line["event"], line["shop_id"], line["what"]) for line in logs]


@pytest.mark.parametrize(("what", "wrong"), WRONG)
async def test_what_begins_is_said_once_and_what_ends_is_said_once(what: str, wrong: dict[str, Any]) -> None:
    bad, good = report(shop1=wrong), report(shop1={})
    lines = await watched(good, bad, bad, bad, good, good, bad)
    assert lines == [("alarm", "shop1", what), ("alarm_over", "shop1", what), ("alarm", "shop1", what)]


async def test_where_all_is_well_nothing_is_said() -> None:
    assert await watched(report(shop1={}), report(shop1={"conflicts": 3, "differences": 9}), report()) == []


async def test_shops_and_causes_are_told_apart() -> None:
    lines = await watched(
        report(shop1={"late": True}, shop2={}),
        report(shop1={"late": True, "manual_tasks": 1}, shop2={"late": True}),
        report(shop1={"manual_tasks": 5}, shop2={"late": True}),
    )
    assert lines == [
        ("alarm", "shop1", "events_late"),
        ("alarm", "shop1", "hand_work_waits"),
        ("alarm", "shop2", "events_late"),
        ("alarm_over", "shop1", "events_late"),
    ]


async def test_more_manual_tasks_are_no_new_alarm() -> None:
    assert len(await watched(*(report(shop1={"manual_tasks": number}) for number in (1, 2, 7)))) == 1


async def test_a_gateway_that_is_not_ready_is_said_once_for_everybody() -> None:
    lines = await watched(report(), BLIND, BLIND, report())
    assert lines == [("alarm", "", "not_ready"), ("alarm_over", "", "not_ready")]


async def test_while_nothing_can_be_measured_no_alarm_is_said_to_be_over_nor_said_again_afterwards() -> None:
    """A database that is down tells nothing about the shops: their events are as late as before, and later."""
    bad = report(shop1={"late": True})
    lines = await watched(bad, BLIND, BLIND, bad, report(shop1={}))
    assert lines == [
        ("alarm", "shop1", "events_late"),
        ("alarm", "", "not_ready"),
        ("alarm_over", "", "not_ready"),
        ("alarm_over", "shop1", "events_late"),
    ]


async def test_a_poll_that_fails_changes_nothing_and_the_next_one_says_it() -> None:
    class Broken:
        calls = 0

        async def quick_report(self) -> Report:
            self.calls += 1
            if self.calls == 1:
                raise RuntimeError("a defect")
            return report(shop1={"late": True})

    alarms = Alarms(Broken(), store=Notebook())
    with pytest.raises(RuntimeError):
        await alarms.watch()
    with capture_logs() as logs:
        await alarms.watch()
        await alarms.watch()
    assert [(line["event"], line["what"]) for line in logs] == [("alarm", "events_late")]


# -- told to an address --------------------------------------------------------------------------------------------------


class Receiver:
    """An address that takes notices, or refuses the first few."""

    def __init__(self, refuses: int = 0) -> None:
        self.refuses = refuses
        self.notices: list[AlarmNotice] = []

    async def __call__(self, notice: AlarmNotice) -> bool:
        if self.refuses:
            self.refuses -= 1
            return False
        self.notices.append(notice)
        return True


async def test_an_alarm_is_sent_once_and_its_end_once() -> None:
    told, bad, good = Receiver(), report(shop1={"late": True}), report(shop1={})
    alarms = Alarms(Played(bad, bad, good, good), store=Notebook(), tells={"webhook": told})
    for _ in range(4):
        await alarms.watch()
    assert told.notices == [AlarmNotice("shop1", "events_late", over=False), AlarmNotice("shop1", "events_late", over=True)]


async def test_what_was_not_taken_is_sent_again_in_order() -> None:
    told = Receiver(refuses=2)
    alarms = Alarms(Played(report(shop1={"late": True}), report(shop1={})), store=Notebook(), tells={"webhook": told})
    for _ in range(4):
        await alarms.watch()
    assert [notice.over for notice in told.notices] == [False, True]


async def test_what_one_channel_does_not_take_is_sent_to_nobody_else_twice() -> None:
    silent, told = Receiver(refuses=99), Receiver()
    alarms = Alarms(
        Played(report(shop1={"late": True}), report(shop1={})), store=Notebook(), tells={"email": silent, "webhook": told}
    )
    for _ in range(4):
        await alarms.watch()
    assert [notice.over for notice in told.notices] == [False, True]
    silent.refuses = 0
    await alarms.watch()
    assert silent.notices == told.notices


# -- remembered by all processes together ------------------------------------------------------------------------------------


async def test_a_gateway_that_was_restarted_says_no_alarm_again_and_says_what_ended_meanwhile(store: Store) -> None:
    told, bad, good = Receiver(), report(shop1={"late": True}, shop2={"late": True}), report(shop1={}, shop2={"late": True})
    for seen in (bad, good, good):
        await Alarms(Played(seen), store=store, tells={"webhook": told}).watch()
    late = [AlarmNotice(shop, "events_late", over=False) for shop in ("shop1", "shop2")]
    assert told.notices == [*late, AlarmNotice("shop1", "events_late", over=True)]


async def test_of_two_workers_that_look_in_turn_one_says_it_and_either_says_that_it_is_over(store: Store) -> None:
    told, bad, good = Receiver(), report(shop1={"late": True}), report(shop1={})
    one, other = (Alarms(Played(*seen), store=store, tells={"email": told}) for seen in ((bad, bad, good), (bad, good)))
    for each in (one, other, one, other, one):
        await each.watch()
    assert [notice.over for notice in told.notices] == [False, True]


async def test_what_a_channel_did_not_take_before_a_restart_it_gets_afterwards(store: Store) -> None:
    silent, told = Receiver(refuses=99), Receiver()
    channels = {"webhook": silent, "email": told}
    await Alarms(Played(report(shop1={"late": True})), store=store, tells=channels).watch()
    silent.refuses = 0
    await Alarms(Played(report(shop1={})), store=store, tells=channels).watch()
    assert [notice.over for notice in silent.notices] == [False, True]
    assert told.notices == silent.notices
    assert [one.id for one in told.notices] == [one.id for one in silent.notices]
    assert len({one.id for one in told.notices} - {""}) == 2


async def test_while_the_store_takes_nothing_the_process_remembers_what_it_said_and_writes_it_down_later() -> None:
    told, notebook, bad = Receiver(), Notebook(fails=99), report(shop1={"late": True})
    alarms = Alarms(Played(bad), store=notebook, tells={"webhook": told})
    for _ in range(3):
        await alarms.watch()
    assert len(told.notices) == 1
    notebook.fails = 0
    await alarms.watch()
    assert alarms_said(notebook.entries[ENTRY]).raised == {("shop1", "events_late")}
    assert len(told.notices) == 1


async def test_where_nothing_changed_nothing_is_written() -> None:
    notebook = Notebook()
    alarms = Alarms(Played(report(shop1={"late": True})), store=notebook, tells={"webhook": Receiver()})
    await alarms.watch()
    before = notebook.entries
    await alarms.watch()
    assert notebook.entries is before


def test_what_was_said_is_read_as_it_was_written_without_codes_that_nobody_here_knows() -> None:
    notice = AlarmNotice("shop1", "parked", over=True)
    said = AlarmsSaid(frozenset({("shop1", "events_late")}), {"email": (notice,)})
    assert alarms_said(said.written()) == said
    foreign = said.written().replace("events_late", "of_a_later_version").replace("parked", "of_another")
    assert alarms_said(foreign) == AlarmsSaid(frozenset(), {"email": ()})
    assert alarms_said(None) == AlarmsSaid()


def test_every_alarm_of_the_tests_has_words() -> None:
    assert {name for name, _ in WRONG} <= WORDS.keys()
