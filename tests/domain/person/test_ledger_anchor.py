"""A cut of the ledger is noticed: heads of chains, and an anchor of a shop that adds them up."""

import hashlib

import pytest

from app.domain.person.consent_ledger import GENESIS, ActKind, Entry, Matter, digest_of_details, end_of
from app.domain.person.ledger_anchor import Anchor, fits, grown, head_of, is_genuine, is_whole
from app.domain.values import replace
from tests.support.builders import NOON, at


def seal(text: str) -> str:
    return hashlib.sha256(f"key {text}".encode()).hexdigest()


def other_seal(text: str) -> str:
    return hashlib.sha256(f"another key {text}".encode()).hexdigest()


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    details = {"email": "jan@example.com", "salt": "s"}
    for number in range(1, length + 1):
        entries.append(
            Entry(
                number=number,
                subject="s",
                matter=Matter.EMAIL,
                kind=ActKind.OPT_IN,
                acted_at=at(NOON),
                recorded_at=at(NOON),
                source="Subscribed",
                event_id=f"e{number}",
                details=details,
                details_digest=digest_of_details(details),
                previous=entries[-1].digest if entries else GENESIS,
            ).sealed()
        )
    return entries


THREE = chain(3)
HEAD = head_of(7, "shop1", end_of(THREE), seal)


@pytest.mark.parametrize(
    ("entries", "is_there"),
    [(THREE, True), (THREE[:2], False), ([], False), ([*THREE[:2], replace(THREE[2], event_id="x").sealed()], False)],
)
def test_a_chain_without_its_newest_line_does_not_fit_its_head(entries: list[Entry], is_there: bool) -> None:
    assert fits(HEAD, end_of(entries), seal) == is_there
    assert is_whole(HEAD, entries, seal) == is_there


def test_a_head_that_was_not_sealed_by_us_fits_nothing() -> None:
    assert not fits(HEAD, end_of(THREE), other_seal)
    for forged in ({"contact_id": 8}, {"shop_id": "shop2"}):
        assert not fits(replace(HEAD, **forged), end_of(THREE), seal)
    shorter = head_of(7, "shop1", end_of(THREE[:2]), seal)
    assert not fits(replace(shorter, seal=HEAD.seal), end_of(THREE[:2]), seal)
    assert fits(shorter, end_of(THREE[:2]), seal)


def test_a_chain_without_a_head_or_with_a_changed_line_is_not_whole() -> None:
    assert not is_whole(None, THREE, seal)
    changed = [replace(THREE[0], subject="x"), *THREE[1:]]
    assert fits(HEAD, end_of(changed), seal)
    assert not is_whole(HEAD, changed, seal)


def test_the_anchor_counts_chains_and_lines_and_adds_up_their_seals_in_any_order() -> None:
    first, second = head_of(7, "shop1", end_of(THREE[:1]), seal), head_of(8, "shop1", end_of(THREE[:2]), seal)
    empty = Anchor(shop_id="shop1")
    both = grown(grown(empty, [(None, first)], seal), [(first, HEAD), (None, second)], seal)
    assert (both.chains, both.entries) == (2, 5)
    assert both.total == f"{(int(HEAD.seal, 16) + int(second.seal, 16)) % (1 << 256):064x}"
    assert both == grown(empty, [(None, second), (None, HEAD)], seal)
    assert grown(empty, [], seal) == replace(empty, seal=grown(empty, [], seal).seal)


def test_an_anchor_is_genuine_only_as_it_was_sealed() -> None:
    anchor = grown(Anchor(shop_id="shop1"), [(None, HEAD)], seal)
    assert is_genuine(anchor, seal)
    assert not is_genuine(anchor, other_seal)
    for forged in ({"shop_id": "shop2"}, {"chains": 2}, {"entries": 2}, {"total": GENESIS}, {"seal": GENESIS}):
        assert not is_genuine(replace(anchor, **forged), seal)
