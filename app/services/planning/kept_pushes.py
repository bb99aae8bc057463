"""Somebody is erased: pushes that nobody could read are kept as they came, and may name them (M1, R80)."""

from collections.abc import Collection

from app.domain.person.mentions import names_somebody
from app.domain.shops.shop import Shop, SourceKind
from app.domain.sources import NAMES_ERASED, SourceName
from app.services.ports.storage import Work

AT_ONCE = 100


async def forget_in_pushes(work: Work, shop: Shop, emails: Collection[str], phones: Collection[str]) -> None:
    """Delete the bodies that name one of these addresses or phones. Pushes are of a panel, so of all its shops."""
    if shop.source.kind is SourceKind.NONE:
        return
    source, after = SourceName(shop.source.kind.value, shop.source.name), 0
    while kept := await work.pushes.not_understood(source, after, AT_ONCE):
        naming = [push_id for push_id, body in kept if names_somebody(body, emails, phones)]
        await work.pushes.drop_bodies(naming, NAMES_ERASED)
        after = kept[-1][0]
