"""Garbage is searched for after rounds, not in them."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from app.worker.garbage import _YOUNG, search_between_rounds


class _Cycle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _nobody_else_searches() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def a_cycle() -> "weakref.ref[_Cycle]":
    """Nobody holds it, and it does not go by itself."""
    return weakref.ref(_Cycle())


def many_new_values() -> list[Any]:
    return [[] for _ in range(_YOUNG + 1_000)]


def test_garbage_goes_after_a_round_that_left_many_new_values() -> None:
    cycle, left = a_cycle(), many_new_values()
    search_between_rounds()
    assert cycle() is None
    assert left


def test_nobody_searches_after_a_small_round() -> None:
    cycle = a_cycle()
    search_between_rounds()
    assert cycle() is not None


def test_garbage_that_was_in_use_at_the_first_search_goes_later() -> None:
    held, left = _Cycle(), [many_new_values()]
    cycle = weakref.ref(held)
    search_between_rounds()
    del held
    assert cycle() is not None
    for _ in range(25):
        left.append(many_new_values())
        search_between_rounds()
    assert cycle() is None
    assert left
