"""Values are what the standard library would make of the same fields, for every kind of value there is."""

import dataclasses

import pytest

from app.domain.consent import Channel
from app.domain.contact import Contact
from app.domain.decide import NO_SALE
from app.domain.events import Ticked
from app.domain.values import make, replace
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


def test_a_value_that_is_made_is_what_its_class_makes() -> None:
    made = make(Ticked, ticked=True, since=NOON)
    assert made == Ticked(ticked=True, since=NOON)
    assert hash(made) == hash(Ticked(ticked=True, since=NOON))
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.ticked = False  # type: ignore[misc]


@pytest.mark.parametrize(
    "values", [{"ticked": True}, {"ticked": True, "since": None, "until": None}, {"ticked": True, "sinc": None}]
)
def test_a_value_needs_all_of_its_fields_and_nothing_else(values: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="Ticked needs all of its fields"):
        make(Ticked, **values)  # type: ignore[arg-type]
