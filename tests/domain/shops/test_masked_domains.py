"""Which addresses hide a marketplace's buyer."""

import pytest

from app.domain.decisions.carts import cart_of, decide_cart
from app.domain.decisions.decide import decide
from app.domain.decisions.plan import Withhold
from app.domain.reasons import Reason
from app.domain.shops import masked_domains
from app.domain.shops.masked_domains import MASKED_DOMAINS, is_masked, normal_pattern
from app.domain.text import LONGEST_REMEMBERED
from tests.support.builders import a_customer, a_shop, an_order, cart_changed, registered, somebody

KNOWN_MASKS = [
    "yrw70vb0ex+571294497@allegromail.pl",
    "x1@allegromail.com",
    "f8evljcyjw+7a6e0eca8@user.allegrogroup.pl",
    "1234@mail.erli.pl",
    "m6x@marketplace.amazon.com",
    "m6x@marketplace.amazon.pl",
    "m6x@marketplace.amazon.co.uk",
    "m6x@marketplace.amazon.com.be",
    "m6x@m.marketplace.amazon.de",
    "63ae59ac280fe0fa69@members.ebay.com",
    "tees55_lq3127sc@members.ebay.co.uk",
    "cauw31zq-e52f3c6c67e2@kaufland-marktplatz.de",
    "trn2j3ozug2gcd0@customer.otto.market",
    "a@pp-orders.zalan.do",
    "2z3cbzpwighb6czjl27qkukdv5p2gc@verkopen.bol.com",
    "a@notification.mirakl.net",
    "91DDE88D93C64028BE36D7771638A274@relay.walmart.com",
    "djxwdxx7wut5cg5pmmm76gaj@scs.tiktokw.us",
    "no-email@channelengine.com",
]


@pytest.mark.parametrize("email", KNOWN_MASKS)
def test_the_masks_of_known_marketplaces_are_recognised_in_any_letter_case(email: str) -> None:
    assert is_masked(email, MASKED_DOMAINS)
    assert is_masked(email.upper(), MASKED_DOMAINS)


@pytest.mark.parametrize(
    "email",
    [
        "jan@example.pl",
        "jan@allegro.pl",
        "jan@allegro.com",
        "jan@erli.pl",
        "jan@amazon.com",
        "jan@marketplace-amazon.com",
        "jan@notmarketplace.amazon.com.example",
        "jan@marketplace.amazon.evil.example.com",
        "jan@myallegromail.pl",
        "allegromail.pl@example.com",
        "jan@bol.com",
        "jan@kaufland.de",
        "jan@channelengine.com",
        "x7k2@privaterelay.appleid.com",
        "",
    ],
)
def test_addresses_of_people_are_not_masks_however_alike(email: str) -> None:
    assert not is_masked(email, MASKED_DOMAINS)


@pytest.mark.parametrize(
    ("pattern", "masked", "not_masked"),
    [
        ("relay.example", ["a@relay.example", "a@eu.relay.example"], ["a@relay.example.com", "a@xrelay.example"]),
        ("Relay.EXAMPLE", ["a@relay.example"], []),
        ("relay.shop.*", ["a@relay.shop.pl", "a@relay.shop.co.uk", "a@x.relay.shop.pl"], ["a@relay.shop", "a@relay.shop.a.b.c"]),
        ("*.relay.example", ["a@x.relay.example", "a@x.y.relay.example"], ["a@relay.example"]),
        ("*.relay.shop.*", ["a@x.relay.shop.de"], ["a@relay.shop.de"]),
        ("nobody@relay.example", ["nobody@relay.example"], ["jan@relay.example", "xnobody@relay.example"]),
        ("@relay.example", ["a@relay.example"], []),
        ("ré.example", ["a@ré.example"], ["a@re.example"]),
    ],
)
def test_a_pattern_names_a_domain_its_subdomains_every_ending_or_one_address(
    pattern: str, masked: list[str], not_masked: list[str]
) -> None:
    assert [email for email in (*masked, *not_masked) if is_masked(email, (pattern,))] == masked
    assert [email for email in (*masked, *not_masked) if is_masked(email, (normal_pattern(pattern),))] == masked


@pytest.mark.parametrize("text", ["", " ", "*", "*.*", "a b.pl", "allegro*.pl", "x.*.pl", ".pl.", "a@b@c", "a.(b)+"])
def test_what_is_no_pattern_is_refused_with_a_right_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"marketplace\.amazon\.\*"):
        normal_pattern(text)


@pytest.mark.parametrize("email", ["M6X@Marketplace.Amazon.co.uk", "x@sub.allegromail.com"])
def test_events_and_carts_of_a_masked_address_stay_here(email: str) -> None:
    shop = a_shop()
    assert decide(an_order(customer=a_customer(email)), shop, somebody(email)).plan == Withhold(Reason.BLOCKED_ADDRESS)
    assert decide(registered(customer=a_customer(email)), shop, somebody(email)).plan == Withhold(Reason.BLOCKED_ADDRESS)
    cart = cart_of(cart_changed())
    assert decide_cart(cart, shop, somebody(email), cart.due_at) == Withhold(Reason.BLOCKED_ADDRESS)


def test_what_is_remembered_of_domains_is_bounded_and_answers_as_the_first_time() -> None:
    patterns = ("allegromail.*", "no-email@channelengine.com")
    known = masked_domains._compiled(patterns)
    for number in range(masked_domains._DOMAINS_REMEMBERED + 10):
        assert not is_masked(f"jan@{number}.example.com", patterns)
    assert not is_masked("jan@" + "x" * 10_000, patterns)
    assert len(known._found) == masked_domains._DOMAINS_REMEMBERED
    assert max(map(len, known._found)) <= LONGEST_REMEMBERED
    for _ in range(2):
        assert is_masked("a@x.allegromail.pl", patterns)
        assert is_masked("no-email@channelengine.com", patterns)
        assert not is_masked("yes@channelengine.com", patterns)
