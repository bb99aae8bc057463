"""What is stored of a source: pushes, what stands for guests, and when silence is unusual."""

from datetime import timedelta

import pytest

from app.domain.intake.pushes import (
    FEWEST,
    LEAST_SILENCE,
    TRAFFIC_WINDOW,
    Cursor,
    PushState,
    Scan,
    Settled,
    Traffic,
    Window,
    guest,
    is_silent,
    keyed,
    keys_of_guest,
)
from tests.support.builders import NOON, at

NOW = at(NOON)
A_SECOND = timedelta(seconds=1)


def pseudonym(shop_id: str, name: str) -> str:
    return f"{shop_id}-{name[1:]}".ljust(40, "x")


def test_what_stands_for_a_guest_is_hashed_with_a_key_where_it_is_stored() -> None:
    name = guest("jan@example.com")
    assert (len(name), name[0]) == (17, "@")
    assert name != guest("anna@example.com")
    assert guest("\ud800@example.com") != name, "whatever an address may hold"
    assert keyed(f"basket:{name}", "s", pseudonym) == f"basket:@s-{name[1:15]}"
    assert keyed("order:5501", "s", pseudonym) == "order:5501"


def test_m3_everything_remembered_of_a_guest_is_found_again() -> None:
    stored = keyed(guest("jan@example.com"), "s", pseudonym)
    kinds = [key.replace(stored, "") for key in keys_of_guest("jan@example.com", "s", pseudonym)]
    assert kinds == ["news:email:", "news:sms:", "basket:", "news:email::confirmed", "news:sms::confirmed"]


@pytest.mark.parametrize(
    ("state", "names_erased", "keeps"),
    [
        (PushState.TRANSLATED, False, False),
        (PushState.WAITING, False, False),
        (PushState.NOT_UNDERSTOOD, False, True),
        (PushState.NOT_UNDERSTOOD, True, False),
    ],
)
def test_m3_a_push_keeps_its_body_only_for_a_person_to_check(state: PushState, names_erased: bool, keeps: bool) -> None:
    assert Settled(1, state, names_erased=names_erased).keeps_body == keeps


@pytest.mark.parametrize(
    ("silence", "longest_gap", "pushes", "is_unusual"),
    [
        (LEAST_SILENCE, timedelta(0), FEWEST, False),
        (LEAST_SILENCE + A_SECOND, timedelta(0), FEWEST, True),
        (LEAST_SILENCE + A_SECOND, timedelta(0), FEWEST - 1, False),
        (timedelta(hours=8), timedelta(hours=4), FEWEST, False),
        (timedelta(hours=8) + A_SECOND, timedelta(hours=4), FEWEST, True),
        (LEAST_SILENCE, timedelta(hours=1), FEWEST, False),
        (None, timedelta(0), FEWEST, False),
    ],
)
def test_r82_silence_is_unusual_if_it_is_twice_as_long_as_the_longest_of_the_week(
    silence: timedelta | None, longest_gap: timedelta, pushes: int, is_unusual: bool
) -> None:
    last_at = None if silence is None else NOW - silence
    assert is_silent(Traffic(last_at=last_at, longest_gap=longest_gap, usual=pushes), NOW) == is_unusual


def test_r82_what_counts_as_usual_is_looked_for_in_a_week() -> None:
    assert (timedelta(hours=6), timedelta(days=7), 20) == (LEAST_SILENCE, TRAFFIC_WINDOW, FEWEST)


def test_calls_are_counted_by_the_day() -> None:
    scan = Scan(cursors={"orders": Cursor(until=NOW)}).called("2026-11-23").called("2026-11-23", 4)
    assert (scan.calls_on("2026-11-23"), scan.calls_on("2026-11-24")) == (5, 0)
    assert scan.called("2026-11-24", 2).calls_on("2026-11-24") == 2
    assert scan.cursors == {"orders": Cursor(until=NOW)}


def test_what_is_unusual_of_a_source_is_as_designed_and_nothing_is_so_unless_it_is_said() -> None:
    assert (timedelta(hours=6), timedelta(days=7), 20) == (LEAST_SILENCE, TRAFFIC_WINDOW, FEWEST)
    quiet = Traffic()
    assert (quiet.longest_gap, quiet.pushes, quiet.not_understood, quiet.waiting) == (timedelta(0), 0, 0, 0)
    first = Window(since=NOW, until=NOW)
    assert (first.page, first.sweep, Scan().calls, Settled(1, PushState.TRANSLATED).events) == (0, 1, 0, 0)
    assert Settled(1, PushState.NOT_UNDERSTOOD).keeps_body
