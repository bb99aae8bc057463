"""What is counted for every request is read as the library's own kinds would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from app.observability.hot_metrics import HotCounter, HotHistogram

BOUNDS = (0.005, 0.1, 1, 2.5)


def _shown(registry: CollectorRegistry) -> list[str]:
    """When a series began is said by the library's own kinds alone."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(st.lists(st.tuples(st.sampled_from(["shop1", 'a"b\n', ""]), st.sampled_from(["202", "401"]), st.integers(1, 5))))
def test_a_counter_is_read_as_the_librarys_own(counts: list[tuple[str, str, int]]) -> None:
    hot, own = CollectorRegistry(), CollectorRegistry()
    ours = HotCounter("answers", "How many", ["shop", "status"], hot)
    theirs = Counter("answers", "How many", ["shop", "status"], registry=own)
    for shop, status, number in counts:
        ours.count(shop, status, number=number)
        theirs.labels(shop, status).inc(number)
    assert _shown(hot) == _shown(own)
    for shop, status, _ in counts:
        labels = {"shop": shop, "status": status}
        assert hot.get_sample_value("answers_total", labels) == own.get_sample_value("answers_total", labels)


@given(st.lists(st.one_of(st.sampled_from([0.0, *BOUNDS]), st.floats(0, 5))))
def test_a_histogram_is_read_as_the_librarys_own(seconds: list[float]) -> None:
    hot, own = CollectorRegistry(), CollectorRegistry()
    ours = HotHistogram("answer_seconds", "How long", BOUNDS, hot)
    theirs = Histogram("answer_seconds", "How long", buckets=BOUNDS, registry=own)
    for one in seconds:
        ours.observe(one)
        theirs.observe(one)
    assert _shown(hot) == _shown(own)


def test_a_name_is_taken_once() -> None:
    registry = CollectorRegistry()
    HotCounter("answers", "How many", ["shop"], registry)
    with pytest.raises(ValueError, match="answers"):
        Counter("answers", "How many", registry=registry)
    HotHistogram("answer_seconds", "How long", BOUNDS, registry)
    with pytest.raises(ValueError, match="answer_seconds"):
        HotHistogram("answer_seconds", "How long", BOUNDS, registry)
