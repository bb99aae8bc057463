"""What follows of an act beside the commands of its own decision: for what waits, for the shop, for other shops (R06, R55, I6).

`domain/decisions/follow_ups.py` says what; this finds what it concerns, and does it.
"""

from collections.abc import Callable
from datetime import datetime

from app.domain.commands import Command, as_upsert
from app.domain.consent import Status, is_opt_in
from app.domain.decisions.changes.left_addresses import (
    opt_outs_for_left_addresses,
    opt_outs_for_named_address,
    resign_left_address,
    resign_named_address,
)
from app.domain.decisions.changes.salesmanago_changes import opt_outs_due
from app.domain.decisions.changes.sent_state import mark_sent, mark_unsent, renamed_by_another_shop
from app.domain.decisions.follow_ups import (
    has_resigned,
    opt_in_behind_opt_out,
    opt_ins_adopted,
    opt_ins_revoked_at_sibling,
    opt_outs_shown,
    repeated_in_shop,
    repeated_opt_out,
    revoked_by,
    status_changed,
)
from app.domain.decisions.observations.mirrored import missing
from app.domain.decisions.observations.statuses import adopt_sibling_status
from app.domain.delivery.outbox import ContactQueue, to_account, to_newsletter, to_tags, upserts_among
from app.domain.delivery.revocation import Revocation, opt_outs_of
from app.domain.event_kinds.subjects import tag_edit
from app.domain.event_kinds.traits import kind_of
from app.domain.events import Event
from app.domain.intake.inbox import InboxEvent
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.outbox.manual_tasks import NEWEST, replace_older
from app.services.outbox.revocation import revoke
from app.services.planning.carts import CartRound
from app.services.planning.people import People, WorkingContact
from app.services.planning.round_result import Decided
from app.services.ports.storage import Work
from app.services.shops.directory import ShopDirectory


class FollowUps:
    """Of one planning round."""

    def __init__(
        self,
        work: Work,
        people: People,
        decided: Decided,
        carts: CartRound,
        siblings_of: Callable[[str], list[str]],
        now: datetime,
        directory: ShopDirectory,
    ) -> None:
        self._work = work
        self._people = people
        self._decided = decided
        self._carts = carts
        self._siblings_of = siblings_of
        self._now = now
        self._directory = directory

    def send(self, person: WorkingContact, event: InboxEvent, *commands: Command) -> int:
        """Answers how many of the commands the event waits for."""
        for upsert in filter(None, map(as_upsert, commands)):
            if upsert.new_email is not None:
                self._left_to_siblings(person, upsert.email)
        return sum(self._decided.send(self._sent_by(person, command), event, command) for command in commands)

    def _left_to_siblings(self, person: WorkingContact, email: str) -> None:
        """Who has the address at other shops keeps it there, and comes to SALESmanago anew once this shop's rename has left it."""
        for sibling in self._people.known_at(self._siblings_of(person.shop_id), (email,)):
            if sibling.contact.sent_state.email == email:
                sibling.update(renamed_by_another_shop(sibling.contact))

    def _sent_by(self, person: WorkingContact, command: Command) -> WorkingContact:
        """An opt-out of somebody whom only other shops of the account sent waits at one of these, in order with its opt-ins (R06).

        Between two contact queues there is no order.
        """
        if person.contact.is_transferred or opt_outs_of(command) is None:
            return person
        found = self._people.siblings(person, self._siblings_of(person.shop_id))
        return next((one for one in found if one.contact.is_transferred), person)

    async def revoke_by(self, event: InboxEvent, person: WorkingContact, before: Contact) -> list[Command]:
        """What waits and may not leave any more because of the event is cancelled; answers what was."""
        is_joined, has_cart = person.joined_from is not None, self._carts.concern(person)
        cancelled = list[Command]()
        for revoked in revoked_by(event.event, before, person.contact, is_joined=is_joined, has_cart=has_cart):
            cancelled += await self.revoke_everywhere(person, *revoked)
        return cancelled

    async def revoke_everywhere(self, person: WorkingContact, act: Revocation, reason: Reason) -> list[Command]:
        """From this round, from the outbox, and from the queue of a contact that was merged into this one."""
        if act == Revocation():
            return []
        cancelled = self._decided.revoke(person, act, reason)
        merged = {one.id: one for one in await self._merged_into(person) if one.id is not None}
        for contact_queue in await self._contact_queues([] if person.id is None else [person.id, *merged], act):
            if await self._work.leases.is_held(contact_queue, self._now):
                # On its way at this moment. Should it come back unsent, the next claim takes it back first.
                await self._work.outbox.defer_revocation(contact_queue, act, reason)
                continue
            stored = await revoke(self._work, person.shop_id, contact_queue, act, reason, self._now)
            self._decided.unsell(person.shop_id, stored, reason)
            if contact_queue.contact_id == person.id:
                cancelled = [*stored, *cancelled]
            elif (former := merged.get(contact_queue.contact_id)) is not None:
                former.update(replace(former.contact, sent_state=mark_unsent(former.contact, stored).sent_state))
        person.update(mark_unsent(person.contact, cancelled))
        return cancelled

    async def _merged_into(self, person: WorkingContact) -> list[WorkingContact]:
        """Contacts that the person took over, now or earlier."""
        earlier = [] if person.id is None else await self._work.contacts.merged_into(person.id)
        return list(dict.fromkeys((*person.absorbed, *(self._people.stored(one) for one in earlier))))

    async def opt_out_left_addresses(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """Where the person took over another contact, that one stays in SALESmanago: an opt-out is one for it, too (R06a, R72)."""
        said = opt_outs_for_left_addresses(event.event, before, person.contact, is_joined=person.joined_from is not None)
        if said is None:
            return
        for one in await self._merged_into(person):
            former = one.contact
            resigned = resign_left_address(former.sent_state, said)
            if resigned is None or await self._is_of_another(person, resigned[0].email):
                continue
            one.update(replace(former, sent_state=resigned[1]))
            self._decided.send(one, event, resigned[0])
            await self.update_siblings(event, shop, one, former)

    async def opt_out_named_address(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """The contact of that name is one that other shops of the account have: it is resigned in their queues (R06a, R72)."""
        said = opt_outs_for_named_address(event.event, before, person.contact)
        if said is None:
            return
        for sibling in self._people.known_at(self._siblings_of(shop.id), (person.contact.email,)):
            former = sibling.contact
            resigned = resign_named_address(former.sent_state, said)
            if resigned is not None:
                act = opt_ins_revoked_at_sibling(former.sent_state, resigned[1])
                await self.revoke_everywhere(sibling, act, Reason.CONSENT_WITHDRAWN)
                sibling.update(replace(sibling.contact, sent_state=resigned[1]))
                self._decided.send(sibling, event, resigned[0])

    async def _is_of_another(self, person: WorkingContact, email: str) -> bool:
        """Did somebody else of the shop take an address that the person had? Who has it in other shops is known then, too."""
        shops = [person.shop_id, *self._siblings_of(person.shop_id)]
        for one in await self._work.contacts.in_shops(shops, [email]):
            self._people.stored(one)
        return self._people.belongs_to_another(person, email)

    async def _contact_queues(self, contact_ids: list[int], act: Revocation) -> list[ContactQueue]:
        """Wherever something waits for them, also at an account the shop has left since."""
        queues = await self._work.outbox.contact_queues_of(contact_ids)
        return [one for one in queues if act.at_shop or one.destination.startswith(to_account(""))]

    async def opt_in_waits(self, shop: Shop, person: WorkingContact) -> bool:
        """Is an opt-in by e-mail on its way to SALESmanago, from this shop or another of the account?"""
        people = [person, *self._people.siblings(person, self._siblings_of(shop.id))]
        waiting = [upsert for one in people for upsert in self._decided.upserts_of(one)]
        stored = await self._work.outbox.undelivered([one.id for one in people if one.id is not None])
        waiting += [upsert for theirs in stored.values() for one in theirs if (upsert := as_upsert(one.command)) is not None]
        return any(upsert.email_status is Status.OPT_IN for upsert in waiting)

    async def with_taken_off(self, happened: Event, shop: Shop, person: WorkingContact) -> Event:
        """A tag edit with those of SALESmanago's tags that staff took off since they were written there (R30).

        While they are on their way, or wait for a person, what the panel shows says nothing about staff.
        """
        edit = tag_edit(happened)
        names = () if edit is None else missing(edit, person.contact, shop)
        if edit is None or not names or person.id is None or self._decided.writes_tags_of(person, shop):
            return happened
        destination = to_tags(shop.id)
        if await self._work.outbox.in_flight(destination, [person.id], edit.at):
            return happened
        is_written = not await self._work.manual_tasks.items(destination, person.id)
        return replace(edit, taken_off=names) if is_written else happened

    async def repeat_opt_out_there(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """SALESmanago showed an opt-out, so nothing is sent; but an opt-in sent from here may have arrived after it (I6).

        Nothing else is sent again: it would overwrite a later opt-in.
        """
        if not kind_of(event.event).shows_a_status:
            return
        sent = person.contact.sent_state
        self._decided.say_no_opt_out_again(person, email=is_opt_in(sent.email_news), phone=is_opt_in(sent.phone_news))
        shown = opt_outs_shown(before, person.contact)
        if shown is None:
            return
        account, arrived = to_account(shop.account), list[Command | None]()
        for one in (person, *self._people.siblings(person, self._siblings_of(shop.id))):
            if one.id is not None:
                arrived += await self._work.outbox.delivered_since(ContactQueue(one.id, account), event.event.at)
        again = repeated_opt_out(person.contact, shown, arrived)
        if again is not None:
            self._decided.send(person, event, again)

    async def repeat_in_shop(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """The person acted in the shop while a change from SALESmanago was on its way there, or after it had arrived.

        Which of the two the shop's side ended with is not known, so the newest act is written once more (R55).
        """
        again = repeated_in_shop(event.event, before, person.contact)
        if again is None or person.id is None:
            return
        contact_queue = ContactQueue(person.id, to_newsletter(shop.id))
        on_its_way = await self._work.leases.is_held(contact_queue, self._now)
        await replace_older(self._work, contact_queue, [(NEWEST, again)], self._now)
        if on_its_way or await self._work.outbox.delivered_since(contact_queue, event.event.at):
            self._decided.send(person, event, again)

    def adopt_from_siblings(self, shop: Shop, person: WorkingContact, becoming: str | None) -> tuple[list[Contact], bool]:
        """The person, perhaps under an address that is new here, may be known at another shop of the account (R06).

        Answers the person there, and whether SALESmanago knows the person from one of those shops.
        """
        known_there = False
        found = self._people.siblings(person, self._siblings_of(shop.id), becoming)
        for sibling in found:
            sent, seen = sibling.contact.sent_state, sibling.contact.observed
            person.update(adopt_sibling_status(person.contact, sent.email_news, sent.phone_news, seen))
            known_there = known_there or sibling.contact.is_transferred
        return [sibling.contact for sibling in found], known_there

    async def update_siblings(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """The one contact in SALESmanago has another status now: an older opt-in of another shop must not follow (R06)."""
        if not status_changed(before, person.contact):
            return
        sent, seen = person.contact.sent_state, person.contact.observed
        for sibling in self._people.siblings(person, self._siblings_of(shop.id)):
            known = adopt_sibling_status(sibling.contact, sent.email_news, sent.phone_news, seen).sent_state
            act = opt_ins_revoked_at_sibling(sibling.contact.sent_state, known)
            await self.revoke_everywhere(sibling, act, Reason.CONSENT_WITHDRAWN)
            await self._follow_opt_out(event, shop, sibling, known)
            sibling.update(adopt_sibling_status(sibling.contact, sent.email_news, sent.phone_news, seen))

    async def opt_out_with_siblings(self, event: InboxEvent, shop: Shop, person: WorkingContact) -> None:
        """Who resigned at another shop before SALESmanago knew them from any: now it does, and the opt-out follows (R06a)."""
        for sibling in self._people.siblings(person, self._siblings_of(shop.id)) if person.contact.is_transferred else ():
            before, theirs = sibling.contact, self._directory.shop(sibling.shop_id)
            due = opt_outs_due(before, theirs, known_there=True) if theirs is not None and has_resigned(before) else None
            if theirs is not None and due is not None:
                sibling.update(mark_sent(before, [due]))
                self.send(sibling, event, due)
                await self.update_siblings(event, theirs, sibling, before)

    async def _follow_opt_out(self, event: InboxEvent, shop: Shop, sibling: WorkingContact, known: SentState) -> None:
        """An opt-in that the other shop adopted follows its older opt-out, if that still waits (R06)."""
        channels = opt_ins_adopted(sibling.contact.sent_state, known)
        if channels is None:
            return
        waiting = self._decided.upserts_of(sibling)
        if sibling.id is not None:
            account = to_account(shop.account)
            stored = (await self._work.outbox.waiting(account, [sibling.id])).get(sibling.id, [])
            waiting += upserts_among(stored)
        follows = opt_in_behind_opt_out(sibling.contact, known, channels, waiting)
        if follows is not None:
            self._decided.send(sibling, event, follows)


def siblings(directory: ShopDirectory, shop_id: str) -> list[str]:
    """The other shops of a shop's account: SALESmanago has one contact for all of them."""
    shop = directory.shop(shop_id)
    ours = [] if shop is None else directory.shops_of(shop.account)
    return [one.id for one in ours if one.id != shop_id]
