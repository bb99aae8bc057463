"""What shows that lines were cut off the consent ledger: seals apart from the lines, made with a key the database does not hold.

A chain seals each line by the next one, so its newest line, and a chain as a whole, could go unseen. A *head* says how long the
chain of a contact is and how it ends; the *anchor* of a shop says how many chains and lines there are, and adds up their heads.
Lines are never removed, so all of this only grows.
"""

from collections.abc import Callable, Iterable, Sequence

from app.domain.person.consent_ledger import GENESIS, End, Entry, end_of, is_intact
from app.domain.values import replace, value

Seal = Callable[[str], str]
"""A keyed hash of 256 bits, in hex: who writes the database alone cannot make one."""

_MODULUS = 1 << 256


@value(kw_only=True)
class Head:
    """How the chain of a contact ends."""

    contact_id: int
    shop_id: str
    count: int
    digest: str
    seal: str = ""


@value(kw_only=True)
class Anchor:
    """All chains of a shop. `total`: the seals of their heads, added up; it has no order, so it grows by differences."""

    shop_id: str
    chains: int = 0
    entries: int = 0
    total: str = GENESIS
    seal: str = ""


def head_of(contact_id: int, shop_id: str, end: End, seal: Seal) -> Head:
    sealed = seal(f"head\n{shop_id}\n{contact_id}\n{end.lines}\n{end.digest}")
    return Head(contact_id=contact_id, shop_id=shop_id, count=end.lines, digest=end.digest, seal=sealed)


def fits(head: Head, end: End, seal: Seal) -> bool:
    """Does a chain end as its head says, and did we say so?"""
    return end.lines > 0 and head == head_of(head.contact_id, head.shop_id, end, seal)


def is_whole(head: Head | None, chain: Sequence[Entry], seal: Seal) -> bool:
    """Every line seals itself and the one before it, and none is missing at the end."""
    return head is not None and is_intact(chain) and fits(head, end_of(chain), seal)


def grown(anchor: Anchor, changes: Iterable[tuple[Head | None, Head]], seal: Seal) -> Anchor:
    """The anchor after chains grew: (head before, None for a new chain; head now)."""
    chains, entries, total = anchor.chains, anchor.entries, int(anchor.total, 16)
    for before, now in changes:
        entries += now.count
        total += int(now.seal, 16)
        if before is None:
            chains += 1
        else:
            entries -= before.count
            total -= int(before.seal, 16)
    anchor = replace(anchor, chains=chains, entries=entries, total=f"{total % _MODULUS:064x}")
    return replace(anchor, seal=_seal_of(anchor, seal))


def is_genuine(anchor: Anchor, seal: Seal) -> bool:
    return anchor.seal == _seal_of(anchor, seal)


def _seal_of(anchor: Anchor, seal: Seal) -> str:
    return seal(f"anchor\n{anchor.shop_id}\n{anchor.chains}\n{anchor.entries}\n{anchor.total}")
