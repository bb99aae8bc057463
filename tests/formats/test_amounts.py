"""Money and quantities of platforms, in one spelling each."""

from decimal import Decimal

import pytest

from app.formats.amounts import amount, money, one_spelling, quantity


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("129.90", "129.90"),
        (" 129,90 ", "129.90"),
        (129.9, "129.9"),
        (-3, "-3"),
        ("", None),
        (None, None),
        (True, None),
        ("12 zł", None),
        ("NaN", None),
        ("1e10", None),
        ([], None),
    ],
)
def test_r27_an_amount_is_read_as_platforms_write_it(shown: object, number: str | None) -> None:
    assert amount(shown) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(("number", "text"), [("2", "2"), ("2.0", "2"), ("2E+1", "20"), ("0.50", "0.5"), ("0.1250", "0.125")])
def test_a_number_has_one_spelling(number: str, text: str) -> None:
    assert str(one_spelling(Decimal(number))) == text


@pytest.mark.parametrize(("number", "text"), [("33.333333333333336", "33.33"), ("0.005", "0.01"), ("7", "7.00")])
def test_money_is_kept_in_hundredths(number: str, text: str) -> None:
    assert str(money(Decimal(number))) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1", "1"),
        ("1.000", "1"),
        ("0.125", "0.125"),
        ("0.00005", "0.0001"),
        ("1.00001", "1"),
        ("0.00004", None),
        ("0", None),
        ("-1", None),
        ("99999999", "99999999"),
        ("100000000", None),
    ],
)
def test_r27_a_quantity_is_above_zero_and_no_more_than_anybody_buys(number: str, text: str | None) -> None:
    found = quantity(Decimal(number))
    assert (None if found is None else str(found)) == text
    assert quantity(None) is None
