"""R70: several shops on one account."""

from types import SimpleNamespace
from typing import Any

from app.admin.doctor import shared_account_warning
from app.domain.values import Words
from tests.support.builders import (
    a_shop,
)
from tests.support.rows import shops_file


def test_r70_several_shops_may_share_an_account() -> None:
    file = shops_file("sklep_a", "sklep_b")
    assert [shop.account for shop in file.shops.values()] == ["main", "main"]


def test_r70_a_merchant_who_lets_shops_share_an_account_is_warned_unless_its_own_callback_addresses_are_used() -> None:
    def warning(shops: int, secrets: list[str]) -> Words | None:
        shared = [a_shop(id=f"shop{number}", number=number) for number in range(1, shops + 1)]
        directory: Any = SimpleNamespace(shops_of=lambda _: shared, account_callback_secrets=lambda _: secrets)
        return shared_account_warning(directory, "main")

    warned = warning(2, [])
    assert warned is not None
    assert "shop1, shop2" in warned.en
    assert "shop1, shop2" in warned.pl
    assert warning(2, ["Account123456789"]) is None
    assert warning(1, []) is None
