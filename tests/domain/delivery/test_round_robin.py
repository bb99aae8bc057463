from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery.round_robin import round_robin

Queues = list[list[tuple[int, int]]]


@st.composite
def queues(draw: st.DrawFn) -> Queues:
    """Of every queue its number, and of every item its place."""
    lengths = draw(st.lists(st.integers(0, 8), max_size=6))
    return [[(queue, place) for place in range(length)] for queue, length in enumerate(lengths)]


@pytest.mark.parametrize(
    ("waiting", "limit", "served"),
    [
        ([], 5, ""),
        (["", ""], 5, ""),
        (["abc"], 0, ""),
        (["abc"], 2, "ab"),
        (["abc"], 9, "abc"),
        (["abcdef", "x", "12"], 9, "ax1b2cdef"),
        (["abcdef", "x", "12"], 4, "ax1b"),
        (["", "xy", "", "12"], 3, "x1y"),
    ],
)
def test_the_first_of_everybody_comes_before_the_second_of_anybody(waiting: list[str], limit: int, served: str) -> None:
    assert round_robin(waiting, limit) == list(served)


def test_an_item_that_counts_as_nothing_is_an_item_like_any_other() -> None:
    queues: list[list[object]] = [[0, None, ""], [False]]
    assert round_robin(queues, 9) == [0, False, None, ""]


@given(queues(), st.integers(0, 60))
def test_nobody_is_lost_or_served_twice_and_the_limit_holds(waiting: Queues, limit: int) -> None:
    served = round_robin(waiting, limit)
    everybody = [one for queue in waiting for one in queue]
    assert len(served) == len(set(served)) == min(limit, len(everybody))
    assert set(served) <= set(everybody)


@given(queues(), st.integers(0, 60))
def test_within_a_queue_the_order_stands(waiting: Queues, limit: int) -> None:
    served = round_robin(waiting, limit)
    for number, queue in enumerate(waiting):
        theirs = [one for one in served if one[0] == number]
        assert theirs == queue[: len(theirs)]


@given(queues(), st.integers(0, 60))
def test_nobody_gets_two_more_than_somebody_who_still_waits(waiting: Queues, limit: int) -> None:
    """However many one has: the few of another are never behind them."""
    served = _per_queue(round_robin(waiting, limit), len(waiting))
    left = [number for number, queue in enumerate(waiting) if served[number] < len(queue)]
    assert all(max(served) - served[number] <= 1 for number in left)


def _per_queue(served: Sequence[tuple[int, int]], queues: int) -> list[int]:
    return [sum(1 for number, _ in served if number == queue) for queue in range(queues)]
