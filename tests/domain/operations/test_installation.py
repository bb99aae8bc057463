"""Which place of a database is the right one (J5)."""

from datetime import timedelta

import pytest

from app.domain.operations.installation import KnownPlace, Place, is_shared, known_places, whereabouts
from app.domain.values import replace
from tests.conftest import NOON

HERE = Place("postgresql 7 16384", "db:5432", "gateway at db:5432")
COPY = replace(HERE, origin="postgresql 8 16384")
OTHER_WAY = replace(HERE, address="10.0.0.5:5432", words="gateway at 10.0.0.5:5432")
KNOWN = (KnownPlace(HERE, NOON, NOON),)
BOTH = (*KNOWN, KnownPlace(OTHER_WAY, NOON, NOON))


@pytest.mark.parametrize(
    ("here", "known", "confirmed"),
    [
        (HERE, (), True),
        (HERE, KNOWN, True),
        (COPY, KNOWN, False),
        (OTHER_WAY, KNOWN, False),
        (replace(HERE, words="?"), KNOWN, True),
        (HERE, BOTH, True),
        (COPY, BOTH, False),
    ],
)
def test_the_first_place_and_a_known_one_are_right_and_any_other_may_be_a_copy(
    here: Place, known: tuple[KnownPlace, ...], confirmed: bool
) -> None:
    assert whereabouts(here, known).is_confirmed is confirmed


def test_a_place_is_read_as_it_was_written_and_one_that_was_left_is_none() -> None:
    (known,) = KNOWN
    assert known_places({known.entry: known.written(), "place:left@": "", "pepper": "x"}) == KNOWN


@pytest.mark.parametrize(("seconds", "place", "shared"), [(1, HERE, True), (0, HERE, False), (1, COPY, False)])
def test_another_way_to_one_database_is_known_by_what_the_others_write_into_it_meanwhile(
    seconds: int, place: Place, shared: bool
) -> None:
    before = (KnownPlace(place, NOON, NOON),)
    now = (KnownPlace(place, NOON, NOON + timedelta(seconds=seconds)),)
    assert is_shared(OTHER_WAY, now, before) is shared
    assert is_shared(OTHER_WAY, now, ()) is False


def test_one_busy_gateway_among_several_known_places_shows_that_the_database_is_shared() -> None:
    later = replace(KNOWN[0], seen_at=NOON + timedelta(seconds=1))
    assert is_shared(OTHER_WAY, (later, BOTH[1]), BOTH)


def test_an_installation_that_is_where_it_was_says_so_in_both_languages() -> None:
    english, polish = whereabouts(HERE, KNOWN).words
    assert english == "The database is where it was: gateway at db:5432."
    assert polish == "Baza danych jest tam, gdzie była: gateway at db:5432."


def test_an_installation_that_may_be_a_copy_shows_both_places_and_the_command_in_both_languages() -> None:
    commands = ("`gateway installation confirm`", "`gateway installation confirm --pl`")
    for words, command in zip(whereabouts(OTHER_WAY, KNOWN).words, commands, strict=True):
        assert all(part in words for part in (HERE.words, OTHER_WAY.words, command))
