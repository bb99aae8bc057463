"""Whose a sent order is, and what becomes of a message that takes back an order of nobody we know (R13, R17, R19)."""

from typing import Generic, NamedTuple, TypeVar

from app.domain.decisions.decide import decide
from app.domain.decisions.plan import Plan, Withhold
from app.domain.person.contact import NOBODY, Contact, is_forgotten
from app.domain.person.sale import Holder, OrderTakenBack, Sale
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop

P = TypeVar("P")


class Buyer(NamedTuple, Generic[P]):
    """At which contact a sent order stands, as far as it is known, and who that is by now: another may have taken it over."""

    contact: P | None
    heir: P | None


def buyer_of(sale: Sale, buyer: Buyer[P] | None, named: P | None) -> P | None:
    """Whose order is taken back, whatever address is named; nobody is made by it (R17).

    `buyer`: None if the order was sent before buyers were remembered; then it is who had the address, `named`.
    """
    if not sale.purchase_sent:
        return None
    return named if buyer is None else buyer.heir


def holder_of(sale: Sale, buyer: Buyer[P] | None, person: P) -> Holder:
    """At which contact the order stands, seen from the one whom a newer version of it names."""
    if not sale.purchase_sent or buyer is None or buyer.contact is person:
        return Holder.SAME
    return Holder.MERGED if buyer.heir is person else Holder.ANOTHER


def decide_without_buyer(event: OrderTakenBack, shop: Shop, sale: Sale, named: Contact | None) -> Plan:
    """It waits for an order that is not known yet, or stays with one that stayed in the shop (R17, R19).

    One that was sent has a buyer whom nobody knows any more: there is no address to send for. `named`: who had the address; of
    somebody who was erased nothing waits.
    """
    if named is not None and (named.erased or is_forgotten(event, named)):
        return Withhold(Reason.ERASED)
    return decide(event, shop, NOBODY, sale).plan
