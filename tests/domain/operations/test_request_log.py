"""How a request ended, as its sender is concerned, and how many of each end are kept (R93)."""

from dataclasses import replace

import pytest

from app.domain.operations.request_log import AT_ONCE, KEPT, RequestOutcome, outcome_of
from tests.support.builders import a_door_request


@pytest.mark.parametrize(
    ("method", "status", "is_known", "outcome"),
    [
        ("POST", 202, True, RequestOutcome.TAKEN),
        ("DELETE", 204, True, RequestOutcome.TAKEN),
        ("GET", 200, True, RequestOutcome.READ),
        ("HEAD", 200, True, RequestOutcome.READ),
        ("GET", 304, True, RequestOutcome.READ),
        ("POST", 207, True, RequestOutcome.REFUSED),  # something of a batch was
        ("GET", 207, True, RequestOutcome.REFUSED),
        ("POST", 399, True, RequestOutcome.TAKEN),
        ("POST", 400, True, RequestOutcome.REFUSED),
        ("POST", 401, True, RequestOutcome.REFUSED),
        ("POST", 401, False, RequestOutcome.UNKNOWN_KEY),
        ("POST", 404, False, RequestOutcome.REFUSED),
        ("POST", 499, True, RequestOutcome.REFUSED),
        ("GET", 500, True, RequestOutcome.FAILED),
        ("POST", 503, False, RequestOutcome.FAILED),
    ],
)
def test_r93_a_request_ended_as_its_status_and_its_method_say(
    method: str, status: int, is_known: bool, outcome: RequestOutcome
) -> None:
    assert outcome_of(method, status, is_known=is_known) is outcome


def test_r93_of_every_outcome_some_are_kept_and_of_mistakes_the_most() -> None:
    assert KEPT.keys() == AT_ONCE.keys() == set(RequestOutcome)
    assert max(KEPT, key=lambda one: KEPT[one]) is max(AT_ONCE, key=lambda one: AT_ONCE[one]) is RequestOutcome.REFUSED
    assert all(AT_ONCE[one] < KEPT[one] for one in RequestOutcome)


@pytest.mark.parametrize(
    ("outcome", "kept", "at_once"),
    [
        (RequestOutcome.TAKEN, 500, 20),
        (RequestOutcome.READ, 200, 10),
        (RequestOutcome.REFUSED, 2000, 50),
        (RequestOutcome.UNKNOWN_KEY, 200, 10),
        (RequestOutcome.FAILED, 500, 20),
    ],
)
def test_r93_so_many_requests_of_an_outcome_are_kept(outcome: RequestOutcome, kept: int, at_once: int) -> None:
    assert (KEPT[outcome], AT_ONCE[outcome]) == (kept, at_once)


@pytest.mark.parametrize(
    ("path", "is_push"), [("/sources/idosell/tok", True), ("/v1/shops/shop1/orders", False), ("/v1/sources/", False)]
)
def test_r93_what_a_panel_pushed_is_known_by_its_path(path: str, is_push: bool) -> None:
    assert replace(a_door_request(1), path=path).is_push is is_push
