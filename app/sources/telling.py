"""Tell the inbox what was found, once: what is remembered of each thing decides what is news (R82).

Events go through the same intake as those of a shop's own backend, and what was seen is remembered in the same transaction. Were it
remembered later, a crash in between would lose that a state was passed on, and a return to the state before would be no news.
"""

from collections.abc import Sequence
from typing import assert_never

from app.domain.decisions.observations.mirrored import is_news_of_mirrored
from app.domain.delivery.outbox import to_tags
from app.domain.events import (
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    Subscribed,
    TagsEdited,
    Unsubscribed,
)
from app.domain.intake.pushes import Remembered, keyed
from app.domain.person.contact import Contact
from app.domain.values import replace
from app.services.intake import Intake
from app.services.planning.people import Pseudonym
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory
from app.sources.echoes import Echo, echo
from app.sources.findings import Finding, SourceEvent, Tellable, new_event, news, sifted

TOUCHED = "touched:"
"""Begins the keys of accounts whose tags are to be read."""

Seen = dict[tuple[str, str], Remembered]


class Teller:
    def __init__(self, store: Store, directory: ShopDirectory, intake: Intake, pseudonym: Pseudonym) -> None:
        self._store = store
        self._directory = directory
        self._intake = intake
        self._pseudonym = pseudonym

    async def tell(self, findings: Sequence[Finding]) -> int:
        """Store what is news; answers how many events. Raises `NotReady`; then the same findings may come again."""
        if not findings:
            return 0
        findings = [self._keyed(one) for one in findings]
        async with self._store.work() as work:
            known = await work.pushes.seen({(one.shop_id, one.key) for one in findings})
            kept = await self._with_taken_off(work, await self._without_echoes(work, findings, known))
        fresh, seen = sifted(kept, known)
        for one in kept:
            if one.account is not None and (one.shop_id, one.key) in seen:
                seen[one.shop_id, f"{TOUCHED}{one.account}"] = Remembered("", one.as_of)
        shops = {shop.id: shop for shop in self._directory.shops()}
        events = [new_event(one, shops[shop_id]) for shop_id, one in fresh if shop_id in shops]
        if events:
            await self._intake.accept_with(events, lambda work: work.pushes.remember(seen))
        elif seen:
            async with self._store.work() as work:
                await work.pushes.remember(seen)
                await work.commit()
        return len(events)

    def _keyed(self, finding: Finding) -> Finding:
        """Without a name by which somebody without an account could be guessed."""

        def as_stored(fresh: SourceEvent) -> SourceEvent:
            event_id = keyed(fresh.event_id, finding.shop_id, self._pseudonym)
            match fresh.event:
                case CartChanged() as event:
                    named = keyed(event.cart_id, finding.shop_id, self._pseudonym)
                    return replace(fresh, event_id=event_id, event=replace(event, cart_id=named))
                case OrderPlaced() | OrderCancelled() | OrderReturned():
                    return replace(fresh, event_id=event_id)
                case CustomerRegistered() | AccountChanged() | Subscribed() | Unsubscribed() | TagsEdited():
                    return replace(fresh, event_id=event_id)
                case _:
                    assert_never(fresh.event)

        if "@" not in finding.key + finding.state:
            return finding
        first, again = tuple(as_stored(one) for one in finding.first), tuple(as_stored(one) for one in finding.again)
        key, state = (keyed(name, finding.shop_id, self._pseudonym) for name in (finding.key, finding.state))
        return replace(finding, key=key, state=state, first=first, again=again)

    async def _without_echoes(self, work: Work, findings: Sequence[Finding], known: Seen) -> list[Finding]:
        """What the platform shows of newsletters without what we wrote there. Of an echo it is remembered how it is."""
        acts = {
            at: (one.shop_id, act)
            for at, one in enumerate(findings)
            for fresh in news(one, known.get((one.shop_id, one.key)))
            if (act := _newsletter_act(fresh.event)) is not None
        }
        if not acts:
            return list(findings)
        people: dict[tuple[str, str], Contact] = {}
        for shop_id in {shop_id for shop_id, _ in acts.values()}:
            emails = {event.email for shop, event in acts.values() if shop == shop_id}
            people |= {(shop_id, one.contact.email): one.contact for one in await work.contacts.in_shops([shop_id], emails)}
        kept: list[Finding] = []
        for at, finding in enumerate(findings):
            said = acts.get(at)
            whose = (
                echo(said[1], people.get((said[0], said[1].email)), known.get((finding.shop_id, finding.key)))
                if said is not None
                else Echo.NONE
            )
            match whose:
                case Echo.NONE:
                    kept.append(finding)
                case Echo.OURS:
                    kept.append(replace(finding, first=(), again=()))
                case Echo.UNSETTLED:
                    pass
        return kept

    async def _with_taken_off(self, work: Work, findings: Sequence[Finding]) -> list[Finding]:
        """A customer's tags are news, too, if one of SALESmanago's is gone, or stands again after it was left off (R30).

        A reading from while the tags were on their way to the panel says nothing of staff; each reading says anew what it shows.
        """
        kept: list[Finding] = []
        for finding in findings:
            shop, edit = self._directory.shop(finding.shop_id), _tag_edit(finding)
            if shop is not None and edit is not None and edit.customer_id is not None:
                people = await work.contacts.known_as(shop.id, (), {edit.customer_id}, ())
                concerned = [one.id for one in people if is_news_of_mirrored(edit, one.contact, shop)]
                if concerned and not await work.outbox.in_flight(to_tags(shop.id), concerned, edit.at):
                    finding = replace(finding, first=finding.again, is_act=True)
            kept.append(finding)
        return kept


def _tag_edit(finding: Finding) -> TagsEdited | None:
    """What a reading of a customer's tags says."""
    return next((edit for one in finding.again if (edit := _as_tag_edit(one.event)) is not None), None)


def _as_tag_edit(event: Tellable) -> TagsEdited | None:
    match event:
        case TagsEdited():
            return event
        case CustomerRegistered() | AccountChanged() | Subscribed() | Unsubscribed():
            return None
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged():
            return None
        case _:
            assert_never(event)


def _newsletter_act(event: Tellable) -> Subscribed | Unsubscribed | None:
    """What may be an echo of what was written there."""
    match event:
        case Subscribed() | Unsubscribed():
            return event
        case CustomerRegistered() | AccountChanged() | TagsEdited():
            return None
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged():
            return None
        case _:
            assert_never(event)
