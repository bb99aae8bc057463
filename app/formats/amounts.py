"""Money and quantities in one spelling each, so that equal ones have equal digests."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_CENT = Decimal("0.01")
_SMALLEST = Decimal("0.0001")
_LARGEST = Decimal(10) ** 10
_MOST = Decimal(10) ** 8


def one_spelling(number: Decimal) -> Decimal:
    """2, not 2.0 or 2E+0."""
    whole = number.to_integral_value()
    return whole.quantize(Decimal(1)) if whole == number else number.normalize()


def amount(shown: object) -> Decimal | None:
    """Money or a quantity as a platform writes it; None for what is no number."""
    if isinstance(shown, bool) or not isinstance(shown, str | int | float):
        return None
    try:
        number = Decimal(str(shown).strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _LARGEST else None


def money(number: Decimal) -> Decimal:
    """In hundredths."""
    return number.quantize(_CENT, ROUND_HALF_UP)


def quantity(number: Decimal | None) -> Decimal | None:
    """How many, in ten thousandths: some sell by weight and length. None for nothing, and for more than anybody buys."""
    if number is None or not 0 < number < _MOST:
        return None
    return one_spelling(number.quantize(_SMALLEST, ROUND_HALF_UP)) or None
