"""What is still to be sent to the shop, as differences (R30-R32, R53)."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from app.domain import tags
from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    ShopCommand,
    UpsertContact,
)
from app.domain.consent import Channel, TimedStatus, is_opt_in
from app.domain.events import ErasureRequested, StatusObserved, StatusRejected, TagsObserved
from app.domain.panel_tags import PanelTags
from app.domain.person.contact import Contact
from app.domain.shops.shop import Shop
from app.domain.values import replace


def shop_commands(contact: Contact, event: StatusObserved | StatusRejected | TagsObserved, shop: Shop) -> tuple[ShopCommand, ...]:
    """The commands for the shop after an event in SALESmanago."""
    match event:
        case StatusObserved():
            subscription = _subscription(contact, event)
        case StatusRejected() | TagsObserved():
            subscription = None
        case _:
            assert_never(event)
    mirrored = mirror_command(contact, shop)
    return tuple(command for command in (subscription, mirrored) if command is not None)


def _subscription(contact: Contact, event: StatusObserved) -> SetSubscription | None:
    """Only channels the event speaks of: the shop knows its own customers' other acts better than we do."""
    email = _news(contact.email_news, contact.shop_state.email_news) if event.email_out is not None else None
    phone = _news(contact.phone_news, contact.shop_state.phone_news) if event.phone_out is not None else None
    if email is None and phone is None:
        return None
    number = contact.profile.get("phone")
    return SetSubscription(
        email=contact.email,
        email_news=email,
        phone_news=phone,
        phone=number.value if number is not None and number.value else None,
        customer_id=contact.customer_id,
    )


def _news(channel: Channel, in_shop: TimedStatus | None) -> TimedStatus | None:
    return channel.said if channel.said is not None and channel.said.supersedes(in_shop) else None


def erasure_elsewhere(contact: Contact, erased_by: Shop, event: ErasureRequested) -> ReportErasure:
    """What is sent to a shop about a person whom another shop of the account erased."""
    return ReportErasure(email=contact.email, erased_by=erased_by.id, at=event.at, customer_id=contact.customer_id)


def mirror_command(contact: Contact, shop: Shop) -> MirrorTags | None:
    """The tags the panel should show, if they differ from the shop state. A shop without a panel has no place for them."""
    if not shop.panel.kind.is_called or not contact.email:
        return None
    wanted = panel_tags(contact)
    if wanted == (contact.shop_state.tags or PanelTags(complete=wanted.complete)):
        return None
    return MirrorTags(email=contact.email, tags=wanted, customer_id=contact.customer_id)


def panel_tags(contact: Contact) -> PanelTags:
    shown = contact.observed.tags
    sections = (
        tags.outgoing_text(tag).lower() for tag in contact.earned_tags if not tags.canonical(tag).startswith(tags.TO_UPSTREAM)
    )
    wanted = PanelTags(
        points={tag.text: tag.points for tag in shown.values() if tag.here},
        sections=tuple(tag for tag in sections if (seen := shown.get(tags.canonical(tag))) is None or seen.here),
        gone=tuple(tag.text for tag in shown.values() if not tag.here),
        complete=contact.observed.tags_at is not None,
    )
    left_off = {name for name, one in contact.shop_state.taken_off.items() if one.left_off}
    if not left_off:
        return wanted
    all_tags = dict.fromkeys((*wanted.points, *wanted.sections))
    return replace(wanted, left_off=tuple(tag for tag in all_tags if tags.canonical(tag) in left_off))


def mark_sent_to_shop(contact: Contact, commands: Iterable[Command]) -> Contact:
    """Remember that these commands were queued for the shop's side."""
    for command in commands:
        match command:
            case SetSubscription():
                shop_state = replace(
                    contact.shop_state,
                    email_news=command.email_news or contact.shop_state.email_news,
                    phone_news=command.phone_news or contact.shop_state.phone_news,
                    email_opt_in_written=_opt_in_of(command.email_news) or contact.shop_state.email_opt_in_written,
                    phone_opt_in_written=_opt_in_of(command.phone_news) or contact.shop_state.phone_opt_in_written,
                )
                contact = replace(contact, shop_state=shop_state)
            case MirrorTags():
                contact = replace(contact, shop_state=replace(contact.shop_state, tags=command.tags))
            case UpsertContact() | AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut() | ReportErasure():
                pass
            case _:
                assert_never(command)
    return contact


def _opt_in_of(said: TimedStatus | None) -> datetime | None:
    return said.at if said is not None and is_opt_in(said) else None


def shop_knows(before: Contact, known: Contact) -> Contact:
    """What the shop reported is known in the shop and is not sent back to it (R55: never echoed)."""
    if (known.email_news, known.phone_news) == (before.email_news, before.phone_news):  # most often these very objects
        return known
    shop_state = known.shop_state
    if known.email_news.said != before.email_news.said:
        shop_state = replace(shop_state, email_news=known.email_news.said)
    if known.phone_news.said != before.phone_news.said:
        shop_state = replace(shop_state, phone_news=known.phone_news.said)
    return replace(known, shop_state=shop_state)
