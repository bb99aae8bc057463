"""Who or what changed a newsletter status: a click, staff, a bounce, as far as it is known."""

from types import MappingProxyType

from app.domain.event_kinds.stored_names import NAMES
from app.domain.event_parts import Origin
from app.domain.events import StatusObserved, Unsubscribed
from app.domain.person.consent_ledger import ActKind, Entry, Matter

FROM_SALESMANAGO = frozenset({Origin.CLICK_OR_STAFF, Origin.INVALID_ADDRESS, Origin.NOT_SHOWN})

WORDS = MappingProxyType(
    {
        Origin.SHOP: ("as the shop reported it", "według informacji ze sklepu"),
        Origin.CLICK: ("by the link in an e-mail", "przez link w e-mailu"),
        Origin.STAFF: ("by staff", "przez obsługę"),
        Origin.CLICK_OR_STAFF: (
            "in SALESmanago, by a link in an e-mail or by staff on the contact card: it does not say which",
            "w SALESmanago, przez link w e-mailu albo przez obsługę na karcie kontaktu: SALESmanago tego nie rozróżnia",
        ),
        Origin.INVALID_ADDRESS: (
            "in SALESmanago, which marks the address as invalid, as after a bounce",
            "w SALESmanago, które oznacza ten adres jako nieprawidłowy, np. po zwrocie wiadomości",
        ),
        Origin.NOT_SHOWN: (
            "in SALESmanago, which does not say by whom",
            "w SALESmanago, które nie podaje, przez kogo",
        ),
    }
)
"""English, Polish."""


def origin_of(entry: Entry) -> Origin | None:
    """Of a line of the ledger about a newsletter. None: it is about the transfer, or the origin was erased."""
    if entry.matter is Matter.TRANSFER:
        return None
    if entry.kind is ActKind.REMOVED:
        return Origin.STAFF
    details = entry.details or {}
    if entry.source == NAMES[StatusObserved]:
        if entry.details is None:
            return None
        return Origin(details["origin"]) if details.get("origin") in set(Origin) else Origin.NOT_SHOWN
    if entry.kind is ActKind.OPT_OUT and entry.source == NAMES[Unsubscribed]:
        return Origin.CLICK
    return Origin.CLICK if details.get("confirmed") else Origin.SHOP
