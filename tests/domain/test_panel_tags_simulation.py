"""The tag mirror comes to rest: both neighbours played in memory, driven by nothing but the rules.

SALESmanago folds its tags and keeps their points; a panel customer has tags with ids and points. Staff and marketing edit
whatever they like, orders come, looks happen and commands wait as long as Hypothesis wants. Then everybody lets go, and
after a few looks nothing may be written any more, on either side, and both sides must say the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.commands import Command, MirrorTags, UpsertContact
from app.domain.decisions.decide import decide
from app.domain.decisions.discrepancies import is_disputed
from app.domain.decisions.observations.mirrored import missing
from app.domain.decisions.observations.statuses import differs_only_in_time
from app.domain.decisions.observations.tags import READD_LIMIT
from app.domain.decisions.plan import Send
from app.domain.delivery.coalesce import coalesce
from app.domain.events import Event
from app.domain.panel_tags import MAX_POINTS, PanelTag, changes
from app.domain.person.contact import Contact
from app.domain.shops.shop import Panel, PanelKind, Shop, TagConflicts
from app.domain.tags import canonical, to_upstream
from app.domain.values import replace
from tests.support.builders import a_shop, an_order, at, commands_of, lost_tags, registered, somebody, tags_edited, tags_seen

ROUNDS = READD_LIMIT + 3
"""A lost tag is added again three times at most; one round more carries it home, one more finds nothing left to do."""

STAFF_TAGS = ["vip", "Żółty", "zolty", "idosell_hurt", "hurt", "shop1_koszyk", "SALESmanago_ręczny", "salesmanago_shop1_ręczny"]
MARKETING_TAGS = ["VIP", "KOSZYK", "OBUWIE", "MESKIE_BUTY", "SHOP2_VIP", "IDOSELL_VIP", "IDOSELL_HURT", "SALESMANAGO_SHOP1_X"]
SECTIONS = [("Obuwie/Męskie buty",), ("Koszyk",), ("Obuwie", "Wyprzedaże, wiosna")]


# -- the neighbours --------------------------------------------------------------------------------------------------------


@dataclass
class Salesmanago:
    """The one contact of an account: tags as it stores them, with points."""

    points: dict[str, int] = field(default_factory=dict)
    writes: int = 0
    refuses: str | None = None
    """A tag that some automation over there takes away whenever it appears."""

    def apply(self, upsert: UpsertContact) -> None:
        before = dict(self.points)
        for tag in upsert.remove_tags:
            self.points.pop(canonical(tag).upper(), None)
        for tag in upsert.add_tags:
            self.points.setdefault(canonical(tag).upper(), 1)
        self.points.pop(self.refuses or "", None)
        self.writes += self.points != before


@dataclass
class Customer:
    tags: dict[int, PanelTag] = field(default_factory=dict)
    writes: int = 0
    refuses: str | None = None
    """A tag that some tool at the panel takes off whenever it appears."""
    ids: Any = field(default_factory=lambda: count(1))

    def add(self, name: str, points: int = 1) -> None:
        tag_id = next(self.ids)
        self.tags[tag_id] = PanelTag(tag_id, name, points)

    def remove(self, name: str) -> None:
        self.tags = {tag_id: tag for tag_id, tag in self.tags.items() if tag.name != name}

    def names(self) -> list[str]:
        return [tag.name for tag in self.tags.values()]

    def apply(self, command: MirrorTags, number: int) -> None:
        change = changes(self.tags.values(), command.tags, number)
        self.writes += not change.is_empty
        for tag_id in change.remove:
            del self.tags[tag_id]
        for tag_id, points in change.set.items():
            self.tags[tag_id] = PanelTag(tag_id, self.tags[tag_id].name, points)
        for name, points in change.add.items():
            assert name not in self.names()
            check_panel_name(name)
            self.add(name, points)
        self.remove(self.refuses or "")


def check_panel_name(name: str) -> None:
    """R29: nothing of ours doubles a prefix, and what came from the panel never returns to it."""
    rest = canonical(name).removeprefix("salesmanago_").removeprefix("shop1_").removeprefix("shop2_")
    assert canonical(name).startswith("salesmanago_")
    assert not rest.startswith(("idosell_", "salesmanago_"))


def check_upsert(upsert: UpsertContact) -> None:
    for tag in upsert.add_tags:
        assert not canonical(tag).startswith(("salesmanago_", "idosell_idosell_", "idosell_salesmanago_"))


# -- the gateway between them --------------------------------------------------------------------------------------------


class World:
    """One account, one person, one or two shops, which may share the customer of one panel."""

    def __init__(self, conflicts: TagConflicts, shops: int, *, one_customer: bool, careful: bool = True) -> None:
        panel = Panel(kind=PanelKind.IDOSELL)
        self.shops = [
            a_shop(id=f"shop{number}", number=number, panel=panel, tag_conflicts=conflicts) for number in range(1, shops + 1)
        ]
        shared = Customer()
        self.customers = {shop.id: shared if one_customer else Customer() for shop in self.shops}
        self.upstream = Salesmanago()
        self.contacts: dict[str, Contact] = {shop.id: somebody() for shop in self.shops}
        self.waiting: dict[tuple[str, str], list[Command]] = defaultdict(list)
        self.careful = careful
        """Whoever we are just telling something is not looked at, as the pulling does it."""
        self.now = at("2026-11-23T08:00")
        self.orders = count(1)
        self.marketing_put: set[str] = set()
        self.touched: set[int] = set()
        """Customers on whom staff edited tags of ours after the last mirroring."""
        for shop in self.shops:
            self._happens(shop, registered(self._later()))

    # -- what people do ----------------------------------------------------------------------------------------------------

    def staff_adds(self, which: int, tag: str, *, all_tags: bool) -> None:
        self._edit(self._shop(which), added=[tag], removed=[], all_tags=all_tags)

    def staff_removes(self, which: int, which_tag: int, *, all_tags: bool) -> None:
        names = self.customers[self._shop(which).id].names()
        if names:
            self._edit(self._shop(which), added=[], removed=[names[which_tag % len(names)]], all_tags=all_tags)

    def staff_renames(self, which: int, which_tag: int, tag: str, *, all_tags: bool) -> None:
        names = self.customers[self._shop(which).id].names()
        if names and tag not in names:
            self._edit(self._shop(which), added=[tag], removed=[names[which_tag % len(names)]], all_tags=all_tags)

    def _edit(self, shop: Shop, *, added: list[str], removed: list[str], all_tags: bool) -> None:
        customer = self.customers[shop.id]
        added = [tag for tag in added if tag not in customer.names()]
        for name in removed:
            customer.remove(name)
        for name in added:
            customer.add(name)
        if any(canonical(name).startswith("salesmanago_") for name in (*added, *removed)):
            self.touched.add(id(customer))
        when = self._later()
        for one in self.shops:
            if self.customers[one.id] is customer:
                edit: dict[str, Iterable[str]] = (
                    {"all_tags": customer.names()} if all_tags else {"added": added, "removed": removed}
                )
                self._happens(one, tags_edited(when, **edit))  # type: ignore[arg-type]

    def marketing_puts(self, tag: str, points: int) -> None:
        self.marketing_put.add(tag)
        self.upstream.points[tag] = points

    def marketing_removes(self, which_tag: int) -> None:
        if self.upstream.points:
            self.marketing_takes(sorted(self.upstream.points)[which_tag % len(self.upstream.points)])

    def marketing_takes(self, tag: str) -> None:
        """Also a section tag that no look of any shop ever showed."""
        del self.upstream.points[tag]

    def orders_come(self, which: int, sections: Sequence[str]) -> None:
        self._happens(self._shop(which), an_order(self._later(), order_id=str(next(self.orders)), categories=sections))

    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # -- what the gateway does ---------------------------------------------------------------------------------------------

    def looks(self, which: int) -> None:
        shop = self._shop(which)
        busy = any(commands for (_, to), commands in self.waiting.items() if to == "upstream")
        if (self.careful and busy) or not self.contacts[shop.id].is_transferred:
            return
        known = self.contacts[shop.id]
        decision = decide(tags_seen(self._later(), self.upstream.points), shop, known)
        if isinstance(decision.plan, Send) or not differs_only_in_time(known, decision.contact):
            self._takes(shop, commands_of(decision.plan), decision.contact)

    def reads(self, which: int) -> None:
        """The panel's tags are read; what is missing counts only while nothing is on its way there."""
        shop = self._shop(which)
        names = self.customers[shop.id].names()
        ours = tuple(name for name in names if canonical(name).startswith("salesmanago_"))
        event = replace(tags_edited(self._later(), all_tags=[name for name in names if name not in ours]), mirrored=ours)
        if not self.waiting[shop.id, "panel"]:
            event = replace(event, taken_off=missing(event, self.contacts[shop.id], shop))
        self._happens(shop, event)

    def delivers(self, which: int, to: str, some: int) -> None:
        """The first few that wait at a destination, together."""
        shop = self._shop(which)
        queue = self.waiting[shop.id, to]
        taken, queue[:] = queue[:some], queue[some:]
        if not taken:
            return
        if to == "upstream":
            bundle = coalesce(taken)
            if bundle.upsert is not None:
                check_upsert(bundle.upsert)
                self.upstream.apply(bundle.upsert)
        else:
            newest = taken[-1]
            assert isinstance(newest, MirrorTags)
            self.customers[shop.id].apply(newest, shop.number)

    def calms_down(self) -> None:
        """Everything arrives, and everybody is looked at."""
        self.delivers_everything()
        for which in range(len(self.shops)):
            self.looks(which)
        self.delivers_everything()

    def _happens(self, shop: Shop, event: Event) -> None:
        decision = decide(event, shop, self.contacts[shop.id])
        self._takes(shop, commands_of(decision.plan), decision.contact)

    def _takes(self, shop: Shop, commands: Iterable[Command], contact: Contact) -> None:
        self.contacts[shop.id] = contact
        for command in commands:
            self.waiting[shop.id, "panel" if isinstance(command, MirrorTags) else "upstream"].append(command)

    def _shop(self, which: int) -> Shop:
        return self.shops[which % len(self.shops)]

    def _later(self) -> Any:
        self.now += timedelta(minutes=1)
        return self.now

    # -- coming to rest ------------------------------------------------------------------------------------------------------

    def delivers_everything(self) -> None:
        for to in ("upstream", "panel"):
            for which in range(len(self.shops)):
                self.delivers(which, to, 1000)

    def comes_to_rest(self) -> int:
        """How many rounds it took until a whole round wrote nothing."""
        self.delivers_everything()
        for number in range(1, ROUNDS + 1):
            if not self._round():
                assert not any(self._round() for _ in range(3)), "at rest means at rest"
                return number
        raise AssertionError(f"still writing after {ROUNDS} rounds")

    def _round(self) -> bool:
        before = self._written()
        for which in range(len(self.shops)):
            self.looks(which)
            queued = any(self.waiting.values())
            self.delivers_everything()
            if queued:
                before = (-1, -1)  # a command is something done, even where it changes nothing
        return self._written() != before

    def _written(self) -> tuple[int, int]:
        return self.upstream.writes, sum(customer.writes for customer in {id(one): one for one in self.customers.values()}.values())

    # -- what must be true then ------------------------------------------------------------------------------------------------

    def check_agreement(self) -> None:
        for shop in self.shops:
            self._check_pulled(shop)
            self._check_pushed(shop)

    def _check_pulled(self, shop: Shop) -> None:
        """R30, R32: what SALESmanago shows stands in the panel with its points, and nothing else of ours does."""
        mirrored = {canonical(tag.name): tag.points for tag in self.customers[shop.id].tags.values()}
        expected = {
            canonical(tag): max(1, min(points, MAX_POINTS))
            for tag, points in self.upstream.points.items()
            if not canonical(tag).startswith(("idosell_", "salesmanago_"))
        }
        own = f"salesmanago_shop{shop.number}_"
        for tag, points in expected.items():
            names = [own + tag] if tag.startswith("shop") else [own + tag, f"salesmanago_{tag}"]
            standing = [mirrored[name] for name in names if name in mirrored]
            assert standing, f"{tag} is missing in the panel"
            assert set(standing) == {points}
        for name in mirrored:
            if name.startswith(own):
                assert name.removeprefix(own) in expected, f"{name} does not belong there"
            elif name.startswith("salesmanago_") and name != "salesmanago_reczny" and not name.startswith("salesmanago_shop"):
                assert name.removeprefix("salesmanago_") in expected, f"{name} does not belong there"

    def _check_pushed(self, shop: Shop) -> None:
        """R24-R26: what staff put stands in SALESmanago, or its loss is a conflict to be seen; what they took off is gone."""
        wanted = {canonical(name) for tag in self.customers[shop.id].names() if (name := to_upstream(tag)) is not None}
        lost = set(lost_tags(self.contacts[shop.id], shop))
        held = {canonical(tag) for tag in self.upstream.points}
        assert wanted - held == lost
        everybody = {to_upstream(tag) for customer in self.customers.values() for tag in customer.names()}
        still = {canonical(name) for name in everybody if name is not None} | {canonical(tag) for tag in self.marketing_put}
        assert {name for name in held if name.startswith("idosell_")} <= still

    def lets_go(self) -> int:
        """The end of every story; answers how many rounds it took to come to rest, and checks that both sides agree."""
        rounds = self.comes_to_rest()
        if self.touched:
            # Tags of ours that staff edited are put right with the next change over there, not before.
            for tag, points in self.upstream.points.items():
                self.upstream.points[tag] = points + 1
            self.marketing_puts("LAST", 1)
            self.comes_to_rest()
        self.check_agreement()
        return rounds


# -- stories -----------------------------------------------------------------------------------------------------------------

Step = Callable[[World], None]
which = st.integers(0, 1)
some_tag = st.integers(0, 7)


def step(name: str, *arguments: st.SearchStrategy[Any], **named: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(name), st.tuples(*arguments), st.fixed_dictionaries(named))


staff = (
    step("staff_adds", which, st.sampled_from(STAFF_TAGS), all_tags=st.booleans())
    | step("staff_removes", which, some_tag, all_tags=st.booleans())
    | step("staff_renames", which, some_tag, st.sampled_from(STAFF_TAGS), all_tags=st.booleans())
)
marketing = step("marketing_puts", st.sampled_from(MARKETING_TAGS), st.integers(0, 9)) | step("marketing_removes", some_tag)
gateway = (
    step("calms_down") | step("looks", which) | step("delivers", which, st.sampled_from(["upstream", "panel"]), st.integers(1, 3))
)
steps = (
    staff
    | marketing
    | gateway
    | gateway
    | step("orders_come", which, st.sampled_from(SECTIONS))
    | step("time_passes", st.sampled_from([1, 30]))
)
policies = st.sampled_from(list(TagConflicts))
stories = st.lists(steps, max_size=8) | st.lists(steps, min_size=15, max_size=40)


def lived(world: World, story: Iterable[Any]) -> World:
    for name, arguments, named in story:
        getattr(world, name)(*arguments, **named)
    return world


SETTINGS = settings(max_examples=120, deadline=None)


@SETTINGS
@given(policies, stories)
def test_one_shop_comes_to_rest_and_both_sides_agree(conflicts: TagConflicts, story: list[Any]) -> None:
    assert lived(World(conflicts, 1, one_customer=True), story).lets_go() <= ROUNDS


@SETTINGS
@given(policies, stories)
def test_two_shops_of_one_account_come_to_rest_and_all_sides_agree(conflicts: TagConflicts, story: list[Any]) -> None:
    assert lived(World(conflicts, 2, one_customer=False), story).lets_go() <= ROUNDS


@SETTINGS
@given(policies, stories)
def test_two_shops_that_share_one_customer_come_to_rest_and_all_sides_agree(conflicts: TagConflicts, story: list[Any]) -> None:
    assert lived(World(conflicts, 2, one_customer=True), story).lets_go() <= ROUNDS


@SETTINGS
@given(policies, st.integers(1, 2), st.booleans(), stories)
def test_even_polls_of_people_with_commands_in_flight_make_no_loop(
    conflicts: TagConflicts, shops: int, one_customer: bool, story: list[Any]
) -> None:
    assert lived(World(conflicts, shops, one_customer=one_customer, careful=False), story).comes_to_rest() <= ROUNDS


@SETTINGS
@given(policies, st.integers(1, 2), st.booleans(), stories)
def test_even_an_automation_that_takes_a_tag_away_again_and_again_makes_no_loop(
    conflicts: TagConflicts, shops: int, one_customer: bool, story: list[Any]
) -> None:
    world = World(conflicts, shops, one_customer=one_customer)
    world.upstream.refuses = "IDOSELL_VIP"
    assert lived(world, story).comes_to_rest() <= ROUNDS


@pytest.mark.parametrize("conflicts", list(TagConflicts))
def test_a_tag_that_is_taken_away_whenever_it_appears_is_shown_as_a_conflict(conflicts: TagConflicts) -> None:
    world = World(conflicts, 2, one_customer=True)
    world.upstream.refuses = "IDOSELL_VIP"
    world.staff_adds(0, "vip", all_tags=True)
    world.lets_go()
    assert [lost_tags(world.contacts[shop.id], shop) for shop in world.shops] == [["idosell_vip"]] * 2


@pytest.mark.parametrize(
    ("policy", "written", "shown"), [(TagConflicts.READD, 2, True), (TagConflicts.ACCEPT, 0, False), (TagConflicts.REPORT, 0, True)]
)
def test_r30_a_tool_that_takes_a_mirrored_tag_off_whenever_it_appears_makes_no_loop(
    policy: TagConflicts, written: int, shown: bool
) -> None:
    world = World(TagConflicts.READD, 1, one_customer=True)
    world.shops = [replace(shop, mirror_conflicts=policy) for shop in world.shops]
    customer, tag = world.customers["shop1"], "salesmanago_shop1_koszyk"
    world.marketing_puts("KOSZYK", 7)
    world.comes_to_rest()
    before, customer.refuses = customer.writes, tag
    customer.remove(tag)
    for day in range(20):
        world.reads(0)
        world.delivers_everything()
        world.marketing_puts("KOSZYK", 8 + day)
        world.calms_down()
    assert customer.writes - before == written, "put back, and once more by the points that changed before the next reading"
    assert is_disputed(world.contacts["shop1"]) == shown
    customer.refuses = None
    world.marketing_takes("KOSZYK")
    world.calms_down()
    world.marketing_puts("KOSZYK", 3)
    world.lets_go()
    assert not is_disputed(world.contacts["shop1"])
    assert {one.name: one.points for one in customer.tags.values()}[tag] == 3


@pytest.mark.parametrize("conflicts", list(TagConflicts))
def test_a_quiet_day_needs_two_rounds(conflicts: TagConflicts) -> None:
    world = World(conflicts, 1, one_customer=True)
    world.staff_adds(0, "vip", all_tags=False)
    world.orders_come(0, ("Obuwie",))
    world.delivers_everything()
    assert world.customers["shop1"].names() == ["vip", "salesmanago_obuwie"]
    world.marketing_puts("KOSZYK", 7)
    assert world.comes_to_rest() == 2
    assert {tag.name: tag.points for tag in world.customers["shop1"].tags.values()} == {
        "vip": 1,
        "salesmanago_obuwie": 1,
        "salesmanago_shop1_rejestracja": 1,
        "salesmanago_shop1_koszyk": 7,
    }
    assert set(world.upstream.points) == {"REJESTRACJA", "IDOSELL_VIP", "OBUWIE", "KOSZYK"}
    world.check_agreement()


def test_a_section_tag_that_went_before_any_poll_showed_it_goes_from_the_panel_too() -> None:
    world = World(TagConflicts.READD, 1, one_customer=True)
    world.orders_come(0, ("Obuwie",))
    world.delivers_everything()
    world.marketing_takes("OBUWIE")
    world.lets_go()
    assert "OBUWIE" not in world.upstream.points
    assert "salesmanago_obuwie" not in world.customers["shop1"].names()
