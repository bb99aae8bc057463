"""Who may do what, until when, and from where."""

from datetime import timedelta
from ipaddress import ip_address

import pytest

from app.domain.shops.configuration import ADMIN_ROLE, LIVE_KEYS_PER_SHOP, OPERATOR_ROLE, READER_ROLE, SHOP_ROLE, ApiKey, may
from app.domain.shops.senders import is_expected
from app.domain.values import replace
from tests.support.builders import NOON, at

NOW, A_SECOND = at(NOON), timedelta(seconds=1)
ROLES = (READER_ROLE, OPERATOR_ROLE, ADMIN_ROLE)


@pytest.mark.parametrize(("role", "rights"), [*((role, ROLES[: number + 1]) for number, role in enumerate(ROLES)), (SHOP_ROLE, ())])
def test_each_role_of_staff_has_the_rights_of_those_before_it_and_a_shop_has_none(role: str, rights: tuple[str, ...]) -> None:
    assert tuple(needed for needed in ROLES if may(role, needed)) == rights


@pytest.mark.parametrize(
    ("expires_at", "revoked_at", "is_live"),
    [
        (None, None, True),
        (NOW + A_SECOND, None, True),
        (NOW, None, False),
        (None, NOW, False),
        (NOW + A_SECOND, NOW + A_SECOND, False),
    ],
)
def test_a_key_is_live_until_it_expires_or_is_revoked(expires_at: object, revoked_at: object, is_live: bool) -> None:
    key = ApiKey(id="k", role=READER_ROLE, shop_id=None, digest="d", created_at=NOW)
    assert replace(key, expires_at=expires_at, revoked_at=revoked_at).is_live(NOW) == is_live


@pytest.mark.parametrize(
    ("address", "networks", "is_one_of_them"),
    [
        ("203.0.113.7", (), True),
        (None, (), True),
        ("203.0.113.7", ("203.0.113.0/24",), True),
        ("203.0.113.7", ("198.51.100.0/24", "203.0.113.0/24"), True),
        ("203.0.114.7", ("203.0.113.0/24",), False),
        (None, ("203.0.113.0/24",), False),
        ("2001:db8::1", ("203.0.113.0/24",), False),
        ("2001:db8::1", ("2001:db8::/32",), True),
    ],
)
def test_a_caller_is_believed_from_the_named_networks_and_from_everywhere_where_none_is_named(
    address: str | None, networks: tuple[str, ...], is_one_of_them: bool
) -> None:
    assert is_expected(None if address is None else ip_address(address), networks) == is_one_of_them


def test_a_shop_has_two_live_keys_at_most() -> None:
    assert LIVE_KEYS_PER_SHOP == 2
