"""Somebody is erased: what is remembered of their panel, and pushes that nobody could read, which may name them (M1, R80)."""

from app.domain.intake.pushes import NAMES_ERASED, SourceName, keys_of_guest
from app.domain.person.mentions import Identifiers, names_somebody
from app.domain.shops.shop import Shop
from app.services.planning.people import Pseudonym
from app.services.ports.storage import Work

AT_ONCE = 100


async def forget_in_pushes(work: Work, shop: Shop, whom: Identifiers, pseudonym: Pseudonym) -> None:
    """Forget what was seen of the addresses, and delete the bodies that name the person.

    Pushes are of a panel, so of all its shops.
    """
    if not shop.source.kind.pushes:
        return
    await work.pushes.forget([(shop.id, key) for email in whom.emails for key in keys_of_guest(email, shop.id, pseudonym)])
    source, after = SourceName(shop.source.kind.value, shop.source.name), 0
    while kept := await work.pushes.not_understood(source, after, AT_ONCE):
        naming = [push_id for push_id, body in kept if names_somebody(body, whom)]
        await work.pushes.drop_bodies(naming, NAMES_ERASED)
        after = kept[-1][0]
