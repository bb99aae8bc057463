"""Recovery links of the gateway: what is in one, what is not, how long it lasts, and what a wrong one tells (E5-E8)."""

import base64
import json
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.decisions.carts import Cart, cart_of
from app.domain.errors import NotFound
from app.domain.event_parts import Item
from app.services.recovery_links import LASTS, LONGEST, RecoveredItem, RecoveryLinks
from app.services.shops.keyring import KeyRing
from tests.conftest import Clock
from tests.support.builders import a_shop, an_item, cart_changed

OLD_KEY, NEW_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
RING = KeyRing([OLD_KEY])
SHOP = a_shop(cart_url="https://sklep.example.com/basket?t={token}")
OTHER = a_shop(id="shop2", cart_url="https://hurt.example.com/basket?t={token}")


def a_cart(*items: Item, cart_id: str = "basket-77") -> Cart:
    return cart_of(cart_changed(cart_id=cart_id, items=items or (an_item("101"), an_item("205", quantity=3))))


def token_of(cart: Cart | None = None, *, ring: KeyRing = RING, clock: Clock | None = None) -> str:
    link = RecoveryLinks(ring, clock or Clock()).link(SHOP, cart or a_cart())
    assert link is not None
    assert link.startswith("https://sklep.example.com/basket?t=")
    return link.partition("t=")[2]


def opened(token: str, shop_id: str = "shop1", *, ring: KeyRing = RING, clock: Clock | None = None) -> list[RecoveredItem]:
    return RecoveryLinks(ring, clock or Clock()).items(shop_id, token)


# -- the right one -----------------------------------------------------------------------------------------------------------


def test_a_link_brings_back_the_goods_and_their_quantities_in_order() -> None:
    assert opened(token_of()) == [RecoveredItem("101", "1"), RecoveredItem("205", "3")]


@pytest.mark.parametrize(
    ("quantity", "shown"), [("1", "1"), ("1.50", "1.5"), ("100", "100"), ("1E+3", "1000"), ("0.001", "0.001"), ("2.000", "2")]
)
def test_quantities_are_plain_numbers(quantity: str, shown: str) -> None:
    item = Item(product_id="101", name="x", quantity=Decimal(quantity))
    assert opened(token_of(a_cart(item))) == [RecoveredItem("101", shown)]


@pytest.mark.parametrize("product", ["żółć", "a b", 'q"u\\o', "a&b=c#d", "{token}", "<script>", "\U0001f600", "0", "-1", "x" * 255])
def test_odd_product_ids_come_back_as_they_were(product: str) -> None:
    token = token_of(a_cart(an_item(product)))
    assert opened(token) == [RecoveredItem(product, "1")]


def test_a_token_needs_no_escaping_in_an_address() -> None:
    for number in range(40):
        token = token_of(a_cart(an_item("x" * number)))
        assert token.isascii()
        assert token.replace("-", "").replace("_", "").isalnum()


def test_a_shop_without_an_address_for_carts_gets_no_link() -> None:
    assert RecoveryLinks(RING, Clock()).link(a_shop(), a_cart()) is None


@pytest.mark.parametrize("pieces", [1, 2, 30, 60, 100, 300, 2000])
def test_a_link_stays_short_and_holds_the_first_goods_of_a_huge_cart(pieces: int) -> None:
    cart = a_cart(*(an_item(f"product-{number}") for number in range(pieces)))
    link = RecoveryLinks(RING, Clock()).link(SHOP, cart)
    assert link is not None
    assert len(link) <= LONGEST == 2000
    found = [one.product_id for one in opened(link.partition("t=")[2])]
    assert found == [f"product-{number}" for number in range(len(found))]
    assert len(found) >= min(pieces, 30)


def test_a_single_product_too_long_for_a_link_gets_none() -> None:
    assert RecoveryLinks(RING, Clock()).link(SHOP, a_cart(an_item("x" * 3000))) is None


# -- whom it names: nobody -----------------------------------------------------------------------------------------------------


def test_even_opened_a_token_names_no_person_and_no_basket() -> None:
    """E8: also for whoever has the key, and for whoever compares two links."""
    cart = a_cart(cart_id="basket-of-jan.kowalski@example.com-1234")
    token = token_of(cart)
    inside = RING.unsealed(token, LASTS, Clock().now)
    assert inside is not None
    assert json.loads(inside) == ["cart", "shop1", [["101", "1"], ["205", "3"]]]
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for secret in (b"jan", b"kowalski", b"example.com", b"1234", b"basket"):
        assert secret not in raw
        assert secret not in inside


def test_two_links_of_one_cart_have_nothing_in_common_to_follow_a_person_by() -> None:
    first, second = token_of(), token_of()
    assert first != second
    assert opened(first) == opened(second)


# -- the wrong one -------------------------------------------------------------------------------------------------------------


def _bytes_of(token: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_a_token_changed_at_any_position_opens_nothing(pieces: int) -> None:
    token = token_of(a_cart(*(an_item(str(number)) for number in range(pieces))))
    refused = 0
    for position, letter in enumerate(token):
        for other in ("A", "B", "z", "-", "_", "%", "ż"):
            if other == letter:
                continue
            changed = token[:position] + other + token[position + 1 :]
            if _bytes_of(changed) == _bytes_of(token):
                continue  # spare bits of the last letter: the same token, spelled otherwise
            with pytest.raises(NotFound):
                opened(changed)
            refused += 1
    assert refused > len(token) * 5


def test_a_token_cut_anywhere_or_made_longer_opens_nothing() -> None:
    token = token_of()
    for length in range(len(token) - 1):
        with pytest.raises(NotFound):
            opened(token[:length])
    for longer in (token + "AAAA", "AAAA" + token, token + token, token[1:]):
        with pytest.raises(NotFound):
            opened(longer)


def test_another_shops_token_opens_nothing_and_says_the_same_as_a_forged_one() -> None:
    token = token_of()
    with pytest.raises(NotFound) as theirs:
        opened(token, OTHER.id)
    with pytest.raises(NotFound) as forged:
        opened("x", OTHER.id)
    with pytest.raises(NotFound) as late:
        opened(token, clock=Clock(Clock().now + timedelta(days=15)))
    assert str(theirs.value) == str(forged.value) == str(late.value)
    assert theirs.value.args == forged.value.args == late.value.args


def test_a_token_of_keys_that_are_not_ours_opens_nothing() -> None:
    with pytest.raises(NotFound):
        opened(token_of(ring=KeyRing([NEW_KEY])))


OURS_AND_NO_CART = [
    "s3cret",
    "12345",
    "null",
    "true",
    "[]",
    '["shop1"]',
    '"ab"',
    '["shop1",[],0]',
    '["shop1",5]',
    '["shop1",["a"]]',
    "{}",
    "\xff",
]


@pytest.mark.parametrize("secret", OURS_AND_NO_CART)
def test_what_else_we_closed_with_the_same_keys_is_no_recovery_link(secret: str) -> None:
    """Secrets of accounts and shops are sealed by the same ring: pasted as a token, one is a wrong token, not a defect."""
    with pytest.raises(NotFound):
        opened(RING.close(secret), clock=Clock(datetime.now(Clock().now.tzinfo)))


@given(
    st.one_of(
        st.text(), st.text("ABCDabcd0123-_=", max_size=300), st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode())
    )
)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_as_a_token_is_found_or_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        opened(token)


@given(st.integers(0, 400), st.text(max_size=5), st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_a_spoiled_token_brings_back_the_cart_whole_or_nothing(position: int, noise: str, removed: int) -> None:
    token = token_of()
    spoiled = token[:position] + noise + token[position + removed :]
    try:
        found = opened(spoiled)
    except NotFound:
        return
    assert found == opened(token)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), st.decimals("0.001", 9999, places=3)), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_cart_comes_back_from_its_link_from_the_front(goods: list[tuple[str, Decimal]]) -> None:
    cart = a_cart(*(Item(product_id=product, name="x", quantity=quantity) for product, quantity in goods))
    link = RecoveryLinks(RING, Clock()).link(SHOP, cart)
    assert link is not None
    assert len(link) <= LONGEST
    found = opened(link.partition("t=")[2])
    assert [(one.product_id, Decimal(one.quantity)) for one in found] == goods[: len(found)]
    assert found


# -- for how long --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "opens"),
    [
        (timedelta(0), True),
        (timedelta(days=14) - timedelta(seconds=1), True),
        (timedelta(days=14) + timedelta(seconds=2), False),
        (timedelta(days=400), False),
    ],
)
def test_a_link_lasts_fourteen_days(age: timedelta, opens: bool) -> None:
    clock = Clock()
    token = token_of(clock=clock)
    clock.now += age
    if opens:
        assert opened(token, clock=clock)
        return
    with pytest.raises(NotFound):
        opened(token, clock=clock)


def test_a_link_from_a_future_that_is_not_ours_opens_nothing() -> None:
    token = token_of(clock=Clock(Clock().now + timedelta(hours=1)))
    with pytest.raises(NotFound):
        opened(token)


def test_new_keys_keep_old_links_and_a_dropped_key_ends_them() -> None:
    token = token_of(ring=KeyRing([OLD_KEY]))
    rotated = KeyRing([NEW_KEY, OLD_KEY])
    assert opened(token, ring=rotated) == opened(token)
    assert opened(token_of(ring=rotated), ring=KeyRing([NEW_KEY]))
    with pytest.raises(NotFound):
        opened(token, ring=KeyRing([NEW_KEY]))
