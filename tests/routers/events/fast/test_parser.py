"""Plain bodies are read by a quicker reader: it may leave a body to the model, and may never see in it what the model does not."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from pydantic import Field, ValidationError, field_validator

from app.routers.events.common_schemas import WireModel
from app.routers.events.event_in import EventIn
from app.routers.events.examples import EXAMPLES
from app.routers.events.fast.parser import reader_of
from app.routers.events.fields.field_types import Text1000
from app.routers.events.ingest import new_event
from tests.routers.events.fast.both_readers import (
    BY_THE_MODEL_ONLY,
    MODELS,
    ODD,
    READERS,
    SHOP,
    by_the_model,
    everything_said,
    is_plain,
    outcome,
    places,
    put,
    quickly,
)

HURT = [
    *[b"Jan"] * 4,
    rb"\ud83d",
    rb"\udc4b\ud83d",
    rb"\ud83d\udc4b",
    rb"\u0000",
    b"Micha\xb3",
    b"\xed\xa0\xbd",
    rb"\\ud83d",
    rb"\u202e",
]
"""What becomes of names in bodies that somebody cut, or wrote in another encoding."""


@st.composite
def bodies(draw: st.DrawFn) -> tuple[type[EventIn], bytes]:
    """An example of the documentation in which up to three values are odd, missing, or were never heard of."""
    name = draw(st.sampled_from(sorted(MODELS)))
    body = deepcopy(everything_said(name))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(body)))
        what = draw(st.sampled_from(["odd", "odd", "odd", "any text", "gone", "new field"]))
        if what == "odd":
            put(body, path, deepcopy(draw(st.sampled_from(ODD))))
        elif what == "any text":
            put(body, path, draw(st.text()))
        elif what == "new field":
            put(body, (*path[:-1], "unheard_of") if isinstance(path[-1], str) else path, 1)
        elif isinstance(path[-1], str):
            parent = body
            for step in path[:-1]:
                parent = parent[step]
            del parent[path[-1]]
    raw = json.dumps(body, ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    return MODELS[name], raw.replace(b"Jan", draw(st.sampled_from(HURT)))


@given(bodies())
def test_it_reads_what_the_model_reads(drawn: tuple[type[EventIn], bytes]) -> None:
    model, body = drawn
    event("plain" if is_plain(model, body) else "for the model")
    assert outcome(quickly, model, body) == outcome(by_the_model, model, body)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_the_examples_of_the_documentation_are_plain(name: str) -> None:
    body = json.dumps(EXAMPLES[name]).encode()
    assert is_plain(MODELS[name], body) is (name not in BY_THE_MODEL_ONLY)


@pytest.mark.parametrize(
    ("said", "kept_as"),
    [("119", "119.00"), ("119.00", "119.00"), (119, "119.00"), (119.0, "119.00"), (119.9, "119.90"), ("1.2345", "1.2345")],
)
def test_amounts_are_plain_as_text_and_as_number(said: Any, kept_as: str) -> None:
    body = {**EXAMPLES["order"], "order": {**EXAMPLES["order"]["order"], "value": said}}
    read = READERS["order"](json.dumps(body).encode())
    assert not isinstance(read, MODELS["order"])
    assert str(new_event(read, SHOP).event.value) == kept_as  # type: ignore[union-attr]


@pytest.mark.parametrize("silent", [{"type": "order"}, {"event_id": None}, {"occurred_at": "2026-11-23T09:15:00Z"}])
def test_what_says_nothing_new_is_no_other_content(silent: dict[str, Any]) -> None:
    """One event, told in two ways, is one: plain or not."""
    told, again = EXAMPLES["order"], {**EXAMPLES["order"], **silent}
    odd = {**again, "unheard_of": 1}
    digests = {
        new_event(READERS["order"](json.dumps(one).encode()), SHOP, "order-5501-placed").digest for one in (told, again, odd)
    }
    assert len(digests) == 1


class Event(EventIn):
    """An event nobody has thought of yet."""

    wire_type = "odd"

    def to_domain(self, shop: Any, warnings: list[str]) -> Any:
        raise AssertionError


def test_a_wire_type_without_plain_values_is_noticed_at_the_start() -> None:
    class Counted(Event):
        number: int = 1

    class Named(Event):
        names: list[Text1000] = []  # noqa: RUF012 - a model's default

    for odd in (Counted, Named):
        with pytest.raises(TypeError, match="how are its plain values read"):
            reader_of(odd)


def test_a_model_with_rules_beside_its_types_is_never_passed_by() -> None:
    class Ruled(WireModel):
        name: Text1000

        @field_validator("name")
        @classmethod
        def _no_x(cls, name: str) -> str:
            if name == "x":
                raise ValueError("no x")
            return name

    class Aliased(WireModel):
        old: Text1000 = Field(alias="from")

    class WithRule(Event):
        ruled: Ruled

    class WithAlias(Event):
        aliased: list[Aliased]

    head = {"event_id": "1", "occurred_at": "2026-11-23T10:15:00+01:00"}
    for model, wrong in ((WithRule, {"ruled": {"name": "x"}}), (WithAlias, {"aliased": [{"old": "x"}]})):
        with pytest.raises(ValidationError):
            reader_of(model)(json.dumps(head | wrong).encode())
