"""Days of one basket under a simulated clock, the nights of the clock change included, against the sentences of R40 and R41.

The judge below knows nothing of the rules' code. It reads what had been told by a moment, and asks only what the
requirements say: never before an hour of quiet, never after the window, once per spell, never what is known to be bought,
and always what should be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event as noted
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.commands import AddEvent, EventKind
from app.domain.decisions.carts import Cart, decide_cart, newer_state
from app.domain.decisions.decide import decide
from app.domain.decisions.plan import Defer, Send
from app.domain.events import CartChanged, OrderPlaced
from tests.support.builders import a_shop, an_item, an_order, cart_changed, somebody

WARSAW = ZoneInfo("Europe/Warsaw")
AN_HOUR, TWO_HOURS, AND_GRACE = timedelta(hours=1), timedelta(hours=2), timedelta(hours=2, minutes=10)
TWELVE_HOURS = timedelta(hours=12)
SHOP = a_shop()

ShopEvent = CartChanged | OrderPlaced


@dataclass(frozen=True)
class Message:
    arrived_at: datetime
    event: ShopEvent


@dataclass(frozen=True)
class Days:
    """What happened in the shop, when we heard of it, and when the sweep ran."""

    messages: tuple[Message, ...]
    sweeps: tuple[datetime, ...]

    def in_order(self) -> list[Message | datetime]:
        """As time passes; what is heard in the moment of a sweep is heard before it."""
        return [
            one
            for _, _, one in sorted(
                [(m.arrived_at, 0, m) for m in self.messages] + [(s, 1, s) for s in self.sweeps], key=lambda x: x[:2]
            )
        ]


@dataclass(frozen=True)
class Report:
    at: datetime
    changed_at: datetime
    goods: tuple[str, ...]
    overwrites: bool


# -- schedules -------------------------------------------------------------------------------------------------------------

STARTS = [
    datetime(2026, 3, 27, 18, tzinfo=WARSAW),  # the night of 29 March has no 02:30
    datetime(2026, 10, 23, 18, tzinfo=WARSAW),  # the night of 25 October has it twice
    datetime(2026, 11, 23, 12, tzinfo=WARSAW),
]
_GAPS = st.one_of(
    st.integers(1, 30 * 60),
    st.integers(60 * 60, 150 * 60),
    st.sampled_from([3599, 3600, 3601, 7199, 7200, 7799, 7800, 7801, 12 * 3600, 12 * 3600 + 3601]),
    st.integers(60, 20 * 3600),
)
_SOON = st.sampled_from([0, 0, 0, 20, 300, 3600])
_LATE = st.one_of(st.sampled_from([0, 30, 1800]), st.integers(0, 5 * 3600))


def as_reported(moment: datetime) -> datetime:
    """As it comes over the wire: the wall clock of Warsaw with its offset of that moment."""
    return datetime.fromisoformat(moment.astimezone(WARSAW).isoformat())


@st.composite
def days(draw: st.DrawFn) -> Days:
    moment = draw(st.sampled_from(STARTS)).astimezone(UTC)
    messages: list[Message] = []
    carts_arrived_by = moment
    for number in range(draw(st.integers(1, 14))):
        moment += timedelta(seconds=draw(_GAPS))
        is_order = draw(st.integers(0, 3)) == 0
        arrived_at = moment + timedelta(seconds=draw(_LATE if is_order else _SOON))
        if is_order:
            messages.append(Message(arrived_at, an_order(as_reported(moment), order_id=str(number), consent=None)))
            continue
        goods = draw(st.sampled_from(["a", "a", "b", "ab", ""]))
        # Baskets are told in order, orders whenever they come.
        carts_arrived_by = max(carts_arrived_by, arrived_at)
        items = tuple(an_item(one, name=draw(st.sampled_from("xy"))) for one in draw(st.permutations(goods)))
        messages.append(Message(carts_arrived_by, cart_changed(as_reported(moment), items=items)))
    return Days(tuple(messages), tuple(draw(_sweeps(messages))))


@st.composite
def _sweeps(draw: st.DrawFn, messages: Sequence[Message]) -> list[datetime]:
    """Every few minutes, except while nobody was there; and at the very seconds that matter."""
    step = timedelta(seconds=draw(st.sampled_from([30 * 60, 5 * 60, 47 * 60])))
    begin, end = min(one.event.at for one in messages).astimezone(UTC), max(one.arrived_at for one in messages) + timedelta(hours=4)
    found = [begin + step * number for number in range(int((end - begin) / step))]
    for one in draw(st.lists(st.sampled_from(messages), max_size=4)):
        found.append(one.event.at.astimezone(UTC) + timedelta(seconds=draw(st.sampled_from([3599, 3600, 7199, 7200, 7799, 7800]))))
    for _ in range(draw(st.integers(0, 2))):
        out = begin + timedelta(seconds=draw(st.integers(0, int((end - begin).total_seconds()))))
        back = out + timedelta(minutes=draw(st.sampled_from([50, 65, 119, 131, 600])))
        found = [one for one in found if not out <= one < back]
    return found


# -- the rules, put together as a planning round and a sweep do ---------------------------------------------------------------


@dataclass
class Gateway:
    contact: object = field(default_factory=somebody)
    cart: Cart | None = None
    waits: bool = False
    reports: list[Report] = field(default_factory=list)

    def hears(self, event: ShopEvent) -> None:
        decision = decide(event, SHOP, self.contact)  # type: ignore[arg-type]
        self.contact = decision.contact
        if not isinstance(event, CartChanged):
            return
        state = newer_state(self.cart, event, decision.contact.last_purchase_at)
        if isinstance(state, Cart):
            self.cart, self.waits = state, isinstance(decision.plan, Defer)

    def sweeps(self, now: datetime) -> None:
        if self.cart is None or not self.waits or now < self.cart.due_at:
            return
        self.waits = False
        plan = decide_cart(self.cart, SHOP, self.contact, now, overwrites="event" if self.cart.reported_by else None)  # type: ignore[arg-type]
        if isinstance(plan, Send):
            (sent,) = (one for one in plan.commands if isinstance(one, AddEvent))
            assert sent.kind is EventKind.CART
            goods = tuple(line.product_id for line in sent.lines)
            self.reports.append(Report(now, sent.at, goods, sent.overwrites is not None))
            self.cart = self.cart.reported(now, 1)


def lived(story: Days) -> list[Report]:
    gateway = Gateway()
    for one in story.in_order():
        if isinstance(one, Message):
            gateway.hears(one.event)
        else:
            gateway.sweeps(one)
    return gateway.reports


# -- the judge ---------------------------------------------------------------------------------------------------------------


def goods_of(event: CartChanged) -> tuple[str, ...]:
    return tuple(sorted(item.product_id for item in event.items))


@dataclass(frozen=True)
class Judge:
    """What was known by a moment, from the messages alone."""

    story: Days

    def arrived(self, by: datetime) -> list[ShopEvent]:
        return [one.event for one in sorted(self.story.messages, key=lambda one: one.arrived_at) if one.arrived_at <= by]

    def purchases(self, by: datetime) -> list[datetime]:
        return [one.at for one in self.arrived(by) if isinstance(one, OrderPlaced)]

    def baskets(self, by: datetime) -> list[CartChanged]:
        """Baskets are told in the order in which they were filled."""
        return [one for one in self.arrived(by) if isinstance(one, CartChanged)]

    def changes(self, by: datetime) -> list[CartChanged]:
        """Baskets with other goods than the one before, or with any after a purchase in between."""
        found, before = [], None
        for basket in self.baskets(by):
            emptied = before is not None and any(before.at <= bought < basket.at for bought in self.purchases(by))
            held = () if before is None or emptied else goods_of(before)
            if goods_of(basket) != held:
                found.append(basket)
            before = basket
        return found

    def may_be_reported(self, basket: CartChanged, now: datetime) -> bool:
        newest = self.changes(now)[-1:]
        return newest == [basket] and bool(basket.items) and not any(bought >= basket.at for bought in self.purchases(now))

    def must_be_reported(self) -> list[CartChanged]:
        """Every basket at which a sweep looked in its window and found nothing against it.

        What is told again unchanged after a purchase that we hear of only later looks like a repetition: no duty there.
        """
        due = []
        for basket in self.changes(max(self.story.sweeps, default=datetime.min.replace(tzinfo=UTC))):
            looks = [now for now in self.story.sweeps if basket.at + AN_HOUR <= now < basket.at + TWO_HOURS]
            is_change = [one for one in self.story.messages if one.event is basket and basket in self.changes(one.arrived_at)]
            if is_change and any(basket in self.baskets(now) and self.may_be_reported(basket, now) for now in looks):
                due.append(basket)
        return due


def verdict(story: Days, reports: Iterable[Report]) -> None:
    """Whatever made the reports: they are as R40 and R41 say."""
    judge, reports = Judge(story), list(reports)
    for report in reports:
        assert AN_HOUR <= report.at - report.changed_at < AND_GRACE
        (basket,) = (one for one in judge.baskets(report.at) if one.at == report.changed_at)
        assert tuple(sorted(report.goods)) == goods_of(basket)
        newest = judge.baskets(report.at)[-1]
        assert goods_of(newest) == goods_of(basket)
        assert basket.items
        assert not any(bought >= basket.at for bought in judge.purchases(report.at))
    spells = [report.changed_at for report in reports]
    assert len(set(spells)) == len(spells), "twice in one spell of quiet"
    assert spells == sorted(spells)
    missing = {one.at for one in judge.must_be_reported()} - set(spells)
    assert missing == set()
    for before, after in pairwise(reports):
        bought = any(before.changed_at <= bought < after.changed_at for bought in judge.purchases(after.at))
        fresh = after.at - before.at < TWELVE_HOURS
        assert after.overwrites == (fresh and not bought)
    assert not any(report.overwrites for report in reports[:1])


@settings(max_examples=200, deadline=None)
@given(days())
def test_whatever_happens_over_days_a_cart_is_reported_as_the_requirements_say(story: Days) -> None:
    reports = lived(story)
    noted(f"reports: {min(len(reports), 5)}")
    noted(f"overwriting: {any(one.overwrites for one in reports)}")
    assert len(reports) <= len(story.messages), "each report is of a change that was told"
    verdict(story, reports)


# -- both nights, in whole --------------------------------------------------------------------------------------------------


def night(start: datetime) -> Days:
    """A change every 100 minutes through the night, a sweep every minute."""
    begin = start.astimezone(UTC)
    messages = [
        Message(
            begin + timedelta(minutes=100 * number),
            cart_changed(as_reported(begin + timedelta(minutes=100 * number)), items=(an_item(str(number)),)),
        )
        for number in range(40)
    ]
    return Days(tuple(messages), tuple(begin + timedelta(minutes=number) for number in range(40 * 100 + 60)))


def test_an_hour_of_quiet_is_an_hour_in_both_nights_of_the_clock_change() -> None:
    for start in STARTS:
        story = night(start)
        reports = lived(story)
        assert [report.at - report.changed_at for report in reports] == [AN_HOUR] * 40
        verdict(story, reports)
    offsets = {one.event.at.utcoffset() for start in STARTS[:2] for one in night(start).messages}
    assert offsets == {timedelta(hours=1), timedelta(hours=2)}


# -- the judge is awake -------------------------------------------------------------------------------------------------------


def test_the_judge_objects_to_every_kind_of_wrong_report() -> None:
    begin = STARTS[2].astimezone(UTC)

    def after(minutes: float) -> datetime:
        return begin + timedelta(minutes=minutes)

    basket = cart_changed(as_reported(begin), items=(an_item("a"),))
    bought = an_order(as_reported(after(10)), consent=None)
    plain = Days((Message(begin, basket),), (after(60), after(90)))
    right = Report(after(60), begin, ("a",), overwrites=False)
    verdict(plain, [right])
    wrong: list[tuple[Days, list[Report]]] = [
        (plain, []),
        (plain, [right, right]),
        (plain, [Report(after(59.99), begin, ("a",), overwrites=False)]),
        (plain, [Report(after(130), begin, ("a",), overwrites=False)]),
        (plain, [Report(after(60), begin, ("b",), overwrites=False)]),
        (plain, [Report(after(60), begin, ("a",), overwrites=True)]),
        (Days((*plain.messages, Message(after(11), bought)), plain.sweeps), [right]),
    ]
    for story, reports in wrong:
        with pytest.raises(AssertionError):
            verdict(story, reports)
