"""Countries as people write them."""

import pytest

from app.domain.shops.countries import country_as_kept, country_code


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("PL", "PL"),
        (" pl ", "PL"),
        ("Polska", "PL"),
        ("POLSKA", "PL"),
        ("  Republika   Czeska ", "CZ"),
        ("Österreich", "AT"),
        ("Włochy", "IT"),
        ("Großbritannien", "GB"),
        ("Ελλάδα", "GR"),
        ("uk", "GB"),
        ("xx", "XX"),  # a code of two letters is not doubted
        ("12", None),
        ("żó", None),
        ("x", None),
        ("xyz", None),
        ("", None),
        ("Narnia", None),
        ("Polska" + " " * 70 + "albo Niemcy", None),  # what follows counts, however far away it stands
    ],
)
def test_r10_a_code_or_a_common_name_is_understood_and_nothing_is_guessed(written: str, code: str | None) -> None:
    assert country_code(written) == code


@pytest.mark.parametrize(
    ("written", "kept"), [(None, None), (" pl ", "PL"), ("Polska", "Polska"), (" Polska ", "Polska"), ("12", "12"), ("xyz", "xyz")]
)
def test_r10_a_code_is_kept_in_upper_case_and_a_name_as_it_was_written(written: str | None, kept: str | None) -> None:
    assert country_as_kept(written) == kept
