"""Every kind of warning has both languages: out of odd values of every field of every event, none is left in English (R10, R90)."""

import re
from datetime import timedelta

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.domain.intake.arrival import _warning
from app.domain.intake.warnings import RULES, SAYINGS, in_polish
from app.routers.events.ingest import new_event
from app.routers.events.schemas import BATCHABLE
from tests.domain.intake.odd_values import bodies
from tests.support.world import a_shop


@pytest.mark.parametrize("kind", sorted(BATCHABLE))
def test_r10_every_warning_about_an_odd_value_is_said_in_polish_too(kind: str) -> None:
    model = BATCHABLE[kind]
    unsaid: set[str] = set()
    for body in bodies(kind):
        try:
            event = new_event(model.model_validate(body), a_shop())
        except (ValidationError, RequestValidationError):
            continue
        unsaid |= {warning[:200] for warning in event.warnings if in_polish(warning) is None}
    assert unsaid == set()


@pytest.mark.parametrize("template", [*RULES, *SAYINGS])
def test_every_kind_says_the_same_values_in_both_languages(template: str) -> None:
    polish = {**RULES, **SAYINGS}[template]
    values = {name: f"<{name}>" for name in re.findall(r"\{(\w+)\}", template)}
    said = template.format_map(values)
    place = f"order.items[3]: {'left out, ' if template in RULES else ''}"
    assert in_polish(place + said) == f"order.items[3]: {'pominięto: ' if template in RULES else ''}{polish.format_map(values)}"
    assert set(re.findall(r"\{(\w+)\}", polish)) <= values.keys()
    assert set(values) - set(re.findall(r"\{(\w+)\}", polish)) <= {"model", "sections"}


def test_a_place_inside_an_element_stays_and_a_clock_that_is_ahead_is_said() -> None:
    assert in_polish("order.items[0]: left out, quantity: a number like 119.00 is needed") == (
        "order.items[0]: pominięto: quantity: potrzebna jest liczba w postaci 119.00"
    )
    assert "o 90 s" in (in_polish(_warning(timedelta(seconds=90))) or "")


@pytest.mark.parametrize(
    "said", ["nobody ever said this", "phone: nobody ever said this", "phone: left out, nobody ever said this"]
)
def test_a_kind_of_warning_that_is_not_in_the_catalogue_has_no_polish(said: str) -> None:
    assert in_polish(said) is None
