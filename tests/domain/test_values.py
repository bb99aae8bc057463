"""A copy that differs is what `dataclasses.replace` makes, for every kind of value there is."""

import dataclasses

import pytest

from app.domain.consent import Channel
from app.domain.contact import Contact
from app.domain.decide import NO_SALE
from app.domain.values import replace
from tests.conftest import NOON


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Contact(email="jan@example.pl"), {"customer_id": "7", "registered": True}),
        (Channel(), {"opted_in": NOON}),
        (NO_SALE, {}),
    ],
)
def test_it_is_what_the_standard_library_makes(value: Contact, changes: dict[str, object]) -> None:
    before = dataclasses.asdict(value)
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)
    assert type(made) is type(value)
    assert made is not value
    assert dataclasses.asdict(value) == before


def test_what_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Channel has no field opted"):
        replace(Channel(), opted=None)
