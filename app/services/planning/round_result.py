"""What a planning round has decided so far: how its events end, what is to be sent, which orders count as sold.

Kept in memory and stored by the round as a whole, so that a later event of the round may still cancel what an earlier one
brought.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from app.domain.commands import Command, UpsertContact, as_upsert
from app.domain.consent import Status
from app.domain.decisions.undelivered import Undelivered, may_be_undelivered, why_nothing_is_sent
from app.domain.delivery.outbox import NewCommand, destination_of, to_tags
from app.domain.delivery.revocation import Revocation, unsent_part, without_revoked
from app.domain.event_kinds.subjects import order_id_of
from app.domain.event_kinds.traits import is_bulk, kind_of
from app.domain.events import Event
from app.domain.intake.endings import is_awaited
from app.domain.intake.inbox import EventState, InboxEvent, Settlement
from app.domain.person.contact import Contact
from app.domain.person.sale import NO_SALE, Sale, carried, of_orders, unsold
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.tags import collisions
from app.domain.values import replace
from app.services.planning.event_ids import names_somebody
from app.services.planning.people import WorkingContact
from app.services.shops.directory import ShopDirectory


class _Sent(NamedTuple):
    """A command that an event brings to a person, or to the person's contact at another shop."""

    person: WorkingContact
    event: InboxEvent
    command: Command
    is_awaited: bool
    """Does the event end only when the command has?"""


class Decided:
    """Commands stand in the order in which they were decided."""

    def __init__(self) -> None:
        self._sales: dict[tuple[str, str], Sale] = {}
        self._changed_sales: dict[tuple[str, str], Sale] = {}
        self._buyers: dict[tuple[str, str], WorkingContact] = {}
        """Whose orders were sent in this round."""
        self._commands: list[_Sent] = []
        self._shown: list[_Sent] = []
        """What a shop in shadow mode would have sent."""
        self._settlements: dict[int, tuple[Settlement, WorkingContact | None]] = {}
        self._known: dict[int, tuple[WorkingContact, InboxEvent]] = {}
        """Events that brought nothing new."""

    # -- how events end --------------------------------------------------------------------------------------------------

    def settle(
        self,
        event: InboxEvent,
        state: EventState,
        reason: Reason | None,
        person: WorkingContact | None = None,
        *,
        open_commands: int = 0,
        detail: str | None = None,
    ) -> None:
        pseudonym = person.erased_hash if person is not None else None
        if person is not None and kind_of(event.event).edits_tags:
            detail = _collisions(person.contact)
        settlement = Settlement(event.seq, state, reason, open_commands=open_commands, detail=detail, pseudonym=pseudonym)
        self._settlements[event.seq] = (settlement, person)
        if person is not None and may_be_undelivered(reason):
            self._known[event.seq] = (person, event)

    def perhaps_undelivered(self) -> list[tuple[WorkingContact, InboxEvent]]:
        """Events that end because SALESmanago is said to have it already, with whom they are about."""
        return [
            (person, event) for person, event in self._known.values() if may_be_undelivered(self._settlements[event.seq][0].reason)
        ]

    def explain(self, event: InboxEvent, undelivered: Sequence[Undelivered]) -> None:
        """Say of an event that ends so what of earlier ones it waits behind, if it does."""
        settlement, person = self._settlements[event.seq]
        assert settlement.reason is not None, "an event that ended so has a reason"
        earlier = [
            replace(one, event_id="") if names_somebody(one.event_id) else one for one in undelivered if one.event_seq < event.seq
        ]
        reason, behind = why_nothing_is_sent(event.event, settlement.reason, earlier)
        detail = "; ".join(filter(None, (settlement.detail, behind))) or None
        self._settlements[event.seq] = replace(settlement, reason=reason, detail=detail), person

    def settlements(self) -> list[Settlement]:
        """To be stored: people have their ids by now."""
        return [
            settlement if person is None else replace(settlement, contact_id=person.id)
            for settlement, person in self._settlements.values()
        ]

    def verdicts(self) -> dict[int, tuple[Settlement, list[Command]]]:
        """Per event, what it would become and what would be sent: for a dry run."""
        commands: dict[int, list[Command]] = {}
        for one in self._commands:
            commands.setdefault(one.event.seq, []).append(one.command)
        return {seq: (settlement, commands.get(seq, [])) for seq, (settlement, _) in self._settlements.items()}

    # -- what is to be sent ----------------------------------------------------------------------------------------------

    @property
    def sends_any(self) -> bool:
        return bool(self._commands)

    def send(self, person: WorkingContact, event: InboxEvent, *commands: Command) -> int:
        """Answers how many of the commands the event waits for."""
        sent = [_Sent(person, event, command, is_awaited(event.event, command)) for command in commands]
        self._commands += sent
        return sum(one.is_awaited for one in sent)

    def show(self, person: WorkingContact, event: InboxEvent, *commands: Command) -> None:
        """Keep what would have been sent."""
        self._shown += [_Sent(person, event, command, is_awaited(event.event, command)) for command in commands]

    def upserts_of(self, person: WorkingContact) -> list[UpsertContact]:
        """What the round sends of a person so far."""
        sent = (as_upsert(one.command) for one in self._commands if one.person is person)
        return [upsert for upsert in sent if upsert is not None]

    def writes_tags_of(self, person: WorkingContact, shop: Shop) -> bool:
        """Does the round write the person's tags in the panel?"""
        return any(one.person is person and destination_of(one.command, shop) == to_tags(shop.id) for one in self._commands)

    def say_no_opt_out_again(self, person: WorkingContact, *, email: bool, phone: bool) -> None:
        """The person opted in since: what the round repeats of an older opt-out, it need not. No event waits for a repetition."""
        kept: list[_Sent] = []
        for one in self._commands:
            upsert = as_upsert(one.command)
            if one.person is not person or upsert is None or not upsert.repeats:
                kept.append(one)
                continue
            email_status = None if email and upsert.email_status is Status.OPT_OUT else upsert.email_status
            phone_status = None if phone and upsert.phone_status is Status.OPT_OUT else upsert.phone_status
            if email_status is not None or phone_status is not None:
                kept.append(one._replace(command=replace(upsert, email_status=email_status, phone_status=phone_status)))
        self._commands = kept

    def revoke(self, person: WorkingContact, act: Revocation, reason: Reason) -> list[Command]:
        """What of the round may not leave any more, of the person and of whom they absorbed; answers what was cancelled."""
        kept: list[_Sent] = []
        cancelled: list[Command] = []
        for one in self._commands:
            if one.person is not person and one.person.heir is not person:
                kept.append(one)
                continue
            left = without_revoked(one.command, act)
            lost = unsent_part(one.command, left, act, perhaps_arrived=False)
            if lost is not None:
                cancelled.append(lost)
            if left is not None:
                kept.append(one._replace(command=left))
            elif one.is_awaited:
                self.settle(one.event, EventState.WITHHELD, reason, person)
        self._commands = kept
        self.unsell(person.shop_id, cancelled, reason)
        return cancelled

    def new_commands(self, directory: ShopDirectory) -> list[NewCommand]:
        """To be stored: people have their ids by now."""
        return [_new_command(directory, one) for one in self._commands]

    def shown_commands(self, directory: ShopDirectory) -> list[NewCommand]:
        """To be stored beside the others: they are never sent. Nothing is kept of a person who was erased in the same round."""
        return [_new_command(directory, one) for one in self._shown if one.person.erased_hash is None]

    # -- orders ----------------------------------------------------------------------------------------------------------

    def know_sales(self, shop_id: str, sales: Mapping[str, Sale]) -> None:
        self._sales |= {(shop_id, order): sale for order, sale in sales.items()}

    def sale(self, shop_id: str, event: Event) -> Sale:
        order_id = order_id_of(event)
        return self._sales.get((shop_id, order_id), NO_SALE) if order_id else NO_SALE

    def buyer(self, shop_id: str, event: Event) -> WorkingContact | None:
        """Whose order it is, if it was sent in this round."""
        return self._buyers.get((shop_id, order_id_of(event) or ""))

    def remember_sale(self, shop_id: str, event: Event, new: Sale) -> None:
        order_id = order_id_of(event)
        if order_id and new != self.sale(shop_id, event):
            self._sales[shop_id, order_id] = self._changed_sales[shop_id, order_id] = new

    def remember_purchase(self, event: InboxEvent, new: Sale, person: WorkingContact) -> None:
        """The event brings the order of a person to SALESmanago, or a newer version of it."""
        self.remember_sale(person.shop_id, event.event, carried(new, event.seq))
        self._buyers[person.shop_id, order_id_of(event.event) or ""] = person

    def unsell(self, shop_id: str, cancelled: list[Command], reason: Reason) -> None:
        """What the commands say of orders was never sent after all."""
        for order_id, commands in of_orders(cancelled).items():
            if (shop_id, order_id) in self._sales:  # the others are of no event of this round
                sale = unsold(self._sales[shop_id, order_id], commands, reason)
                self._sales[shop_id, order_id] = self._changed_sales[shop_id, order_id] = sale

    def forget_orders(
        self, shop_id: str, known: Mapping[str, Sale], contact_ids: Collection[int], persons: Collection[WorkingContact]
    ) -> None:
        """Of the orders of an erased person, only that they are not to be sent."""
        theirs = {order for order, sale in known.items() if sale.contact_id in contact_ids}
        theirs |= {order for (shop, order), buyer in self._buyers.items() if shop == shop_id and buyer in persons}
        for order_id in theirs:
            self._buyers.pop((shop_id, order_id), None)
            self._sales[shop_id, order_id] = self._changed_sales[shop_id, order_id] = Sale(withheld=Reason.ERASED)

    @property
    def changed_sales(self) -> Mapping[tuple[str, str], Sale]:
        """To be stored: people have their ids by now."""
        return {
            key: replace(sale, contact_id=self._buyers[key].saved_id) if key in self._buyers and sale.purchase_sent else sale
            for key, sale in self._changed_sales.items()
        }


def _new_command(directory: ShopDirectory, sent: _Sent) -> NewCommand:
    person, event, command, is_counted = sent
    shop = directory.shop(person.shop_id)  # a sibling's, where another shop's event concerns it
    assert shop is not None, "an event of an unknown shop is held, not decided"
    return NewCommand(destination_of(command, shop), shop.id, person.saved_id, event.seq, command, is_counted, is_bulk(event.event))


def _collisions(person: Contact) -> str | None:
    """Panel tags that SALESmanago cannot distinguish, to explain why a tag seems to be missing there (R27)."""
    groups = collisions(tag for tag, flag in person.panel_tags.items() if flag.value)
    more = f"; and {len(groups) - _GROUPS_NAMED} more" if len(groups) > _GROUPS_NAMED else ""
    named = "; ".join(", ".join(group) for group in groups[:_GROUPS_NAMED])
    return f"one tag in SALESmanago: {named}{more}" if groups else None


_GROUPS_NAMED = 10
