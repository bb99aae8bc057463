"""What a worker leaves to whoever decides alone: all that may concern somebody of another lane, and what comes behind it."""

from collections.abc import Collection, Sequence

import pytest

from app.domain.events import Event
from app.domain.intake.inbox import InboxEvent
from app.domain.intake.lanes import Undecided, lane_of_address, link_of
from app.domain.person.contact import NOBODY
from app.domain.person.stored import Alias
from app.domain.values import replace
from app.services.planning.own_lanes import OwnLanes
from app.services.planning.people import WorkingContact
from tests.conftest import NOON
from tests.support.world import cancels, fills_cart, orders, registers, subscribes, tags

NAMES = [f"c{number}@example.pl" for number in range(99)]
OURS, ALSO_OURS, *_ = [name for name in NAMES if lane_of_address(name) == 3]
THEIRS, *_ = [name for name in NAMES if lane_of_address(name) == 4]


Keys = Collection[tuple[str, str]]


class Inbox:
    """Something of another lane is not decided yet."""

    def __init__(self, undecided: Sequence[Undecided]) -> None:
        self.undecided = undecided

    async def undecided_elsewhere(
        self, lanes: Collection[int], links: Collection[str], orders: Keys, addresses: Keys
    ) -> list[Undecided]:
        assert set(lanes) == {3}
        return [
            one
            for one in self.undecided
            if one.link in links or (one.shop_id, one.order_id) in orders or (one.shop_id, one.subject) in addresses
        ]


class Contacts:
    def __init__(self, aliases: Sequence[Alias]) -> None:
        self.aliases = aliases

    async def aliases_of(self, contact_ids: Collection[int]) -> list[Alias]:
        return [one for one in self.aliases if one.contact_id in contact_ids]


class Work:
    def __init__(self, undecided: Sequence[Undecided], aliases: Sequence[Alias]) -> None:
        self.inbox, self.contacts = Inbox(undecided), Contacts(aliases)


def person(email: str = OURS, *, number: int = 1, told_as: str | None = None, customer_id: str | None = None) -> WorkingContact:
    told = replace(NOBODY.sent_state, email=told_as or email)
    return WorkingContact("shop1", replace(NOBODY, email=email, sent_state=told, customer_id=customer_id), number)


async def lanes(
    *events: Event, undecided: Event | None = None, people: Sequence[WorkingContact] = (), aliases: Sequence[Alias] = ()
) -> OwnLanes:
    elsewhere = []
    if undecided is not None:
        subject = getattr(undecided, "email", None) or undecided.customer.email
        elsewhere = [
            Undecided(
                shop_id="shop1", subject=subject, link=link_of("shop1", undecided), order_id=getattr(undecided, "order_id", None)
            )
        ]
    made = OwnLanes([3], Work(elsewhere, aliases))  # type: ignore[arg-type]  # the part that it uses
    await made.check_before([told(one) for one in events])
    customers = {("shop1", one.contact.customer_id) for one in people if one.contact.customer_id}
    await made.check_after(customers, [one.id for one in people if one.id])
    return made


def told(event: Event, seq: int = 1) -> InboxEvent:
    return InboxEvent(seq, "shop1", f"e{seq}", event)


async def test_what_concerns_nobody_else_is_decided() -> None:
    event = registers(OURS, id="7")
    assert (await lanes(event)).may_decide(told(event), [])
    assert (await lanes(event, people=[person()])).may_decide(told(event), [person()])


@pytest.mark.parametrize("concerned", [person(THEIRS), person(OURS, told_as=THEIRS)])
async def test_somebody_of_another_lane_is_left_alone(concerned: WorkingContact) -> None:
    event = registers(OURS, id="7")
    assert not (await lanes(event)).may_decide(told(event), [person(), concerned])


@pytest.mark.parametrize(
    ("event", "undecided"),
    [
        (registers(OURS, id="7"), orders("o5", THEIRS, id="7")),
        (fills_cart(OURS, cart_id="k"), fills_cart(THEIRS, cart_id="k")),
        (cancels("o5", OURS), orders("o5", THEIRS)),
        (orders("o5", OURS), cancels("o5", THEIRS)),
    ],
)
async def test_an_account_cart_or_order_that_somebody_else_tells_of_is_left(event: Event, undecided: Event) -> None:
    assert not (await lanes(event, undecided=undecided)).may_decide(told(event), [])


async def test_a_person_is_left_of_whose_account_something_is_undecided_elsewhere() -> None:
    event, ours = subscribes(OURS), person(customer_id="7")
    undecided = orders("o5", THEIRS, id="7")
    assert not (await lanes(event, undecided=undecided, people=[ours])).may_decide(told(event), [ours])
    assert (await lanes(event, undecided=undecided, people=[person(customer_id="8")])).may_decide(told(event), [person()])


async def test_a_person_is_left_under_whose_former_address_something_is_undecided() -> None:
    event, ours = subscribes(OURS), person()
    former = Alias("shop1", THEIRS, 1, NOON, sent=True)
    assert not (await lanes(event, undecided=tags(email=THEIRS), people=[ours], aliases=[former])).may_decide(told(event), [ours])
    assert (await lanes(event, people=[ours], aliases=[former])).may_decide(told(event), [ours])


async def test_what_comes_behind_something_that_is_left_is_left_too() -> None:
    first, same_address, same_account, same_order, other = (
        orders("o5", OURS, id="7"),
        subscribes(OURS),
        registers(ALSO_OURS, id="7"),
        cancels("o5", ALSO_OURS),
        subscribes(ALSO_OURS),
    )
    ours = await lanes(first, same_address, same_account, same_order, other)
    assert not ours.may_decide(told(first), [person(THEIRS)])
    assert not ours.may_decide(told(same_address, 2), [])
    assert not ours.may_decide(told(same_account, 3), [])
    assert not ours.may_decide(told(same_order, 4), [])


async def test_a_person_whose_event_is_left_is_left_under_any_address() -> None:
    ours, first, second, third = person(), subscribes(OURS), subscribes(ALSO_OURS), subscribes(ALSO_OURS, 5)
    own = await lanes(first, second, third)
    assert not own.may_decide(told(first), [ours, person(THEIRS, number=2)])
    assert not own.may_decide(told(second, 2), [ours])
    assert not own.may_decide(told(third, 3), [])
