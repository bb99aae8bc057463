"""Which events of a round concern nobody but the people of the round's lanes (decision 22)."""

from collections.abc import Collection, Sequence

from app.domain.event_kinds.subjects import email_of, order_id_of
from app.domain.intake.inbox import InboxEvent
from app.domain.intake.lanes import lane_of_address, link_of, link_of_customer
from app.services.planning.people import WorkingContact
from app.services.ports.storage import Work

_Key = tuple[str, str]


class OwnLanes:
    """The lanes that a worker has to itself; what is in other lanes it leaves to the round without lanes.

    Asked for each event in order, since what is left holds back what comes after it.
    """

    def __init__(self, lanes: Collection[int], work: Work) -> None:
        self.numbers = frozenset(lanes)
        self._work = work
        self._links: set[str] = set()
        """Elsewhere, something undecided is about them. So are these orders (shop, order), and addresses (shop, address):"""
        self._orders: set[_Key] = set()
        self._addresses: set[_Key] = set()
        self._former: dict[int, set[str]] = {}
        """Contact -> addresses they had."""
        self._left_people: set[WorkingContact] = set()
        self._left_keys: set[_Key] = set()

    async def check_before(self, events: Sequence[InboxEvent]) -> None:
        """Before people are loaded. Who decides elsewhere of the same account, order or cart is not done yet, or is to be seen."""
        links = {link for one in events if (link := link_of(one.shop_id, one.event)) is not None}
        orders = {(one.shop_id, order) for one in events if (order := order_id_of(one.event)) is not None}
        await self._check(links, orders, set())

    async def check_after(self, customers: Collection[_Key], contact_ids: Collection[int]) -> None:
        """People are loaded. What is undecided under their accounts, or addresses they had, is for somebody who decides alone."""
        former: set[_Key] = set()
        for alias in await self._work.contacts.aliases_of(contact_ids):
            self._former.setdefault(alias.contact_id, set()).add(alias.email)
            former.add((alias.shop_id, alias.email))
        await self._check({link_of_customer(*one) for one in customers}, set(), former)

    async def _check(self, links: Collection[str], orders: Collection[_Key], addresses: Collection[_Key]) -> None:
        for one in await self._work.inbox.undecided_elsewhere(self.numbers, links, orders, addresses):
            if one.link is not None:
                self._links.add(one.link)
            if one.order_id is not None:
                self._orders.add((one.shop_id, one.order_id))
            self._addresses.add((one.shop_id, one.subject))

    def may_decide(self, event: InboxEvent, concerned: Collection[WorkingContact]) -> bool:
        """`concerned`: everybody the event may be about, or change, as far as is known now."""
        keys = _keys(event)
        ours = (
            self._left_keys.isdisjoint(keys)
            and self._left_people.isdisjoint(concerned)
            and link_of(event.shop_id, event.event) not in self._links
            and (event.shop_id, order_id_of(event.event)) not in self._orders
            and all(self._is_ours(one) for one in concerned)
        )
        if not ours:
            self._left_keys |= keys
            self._left_people |= set(concerned)
        return ours

    def _is_ours(self, person: WorkingContact) -> bool:
        contact = person.contact
        number = contact.customer_id
        return (
            all(lane_of_address(email) in self.numbers for email in (contact.email, contact.sent_state.email) if email)
            and not (number is not None and link_of_customer(person.shop_id, number) in self._links)
            and all((person.shop_id, email) not in self._addresses for email in self._former.get(person.id or 0, ()))
        )


def _keys(event: InboxEvent) -> set[_Key]:
    """What names the same person, order or cart in another event."""
    named = {("address", email_of(event.event)), ("link", link_of(event.shop_id, event.event))}
    named.add((f"order of {event.shop_id}", order_id_of(event.event)))
    return {(kind, name) for kind, name in named if name is not None}
