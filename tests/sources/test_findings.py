"""When something that was seen is news."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.events import Unsubscribed
from app.domain.values import replace
from app.sources.findings import (
    WORDS,
    Finding,
    Remembered,
    SourceEvent,
    Translation,
    Unusable,
    as_arrived,
    new_event,
    news,
    remembered,
    sifted,
)
from tests.support.builders import a_shop, at

T = at("2026-11-23T10:00")


def a_source_event(name: str) -> SourceEvent:
    return SourceEvent(name, Unsubscribed(at=T, email="a@example.com", confirmed=False))


def finding(state: str, minutes: int = 0) -> Finding:
    return Finding("shop1", "thing", state, T + timedelta(minutes=minutes), (a_source_event("first"),), (a_source_event("again"),))


def test_what_was_never_seen_tells_that_it_is_there() -> None:
    assert news(finding("a"), None) == (a_source_event("first"),)


def test_what_is_as_it_was_tells_nothing() -> None:
    assert news(finding("a", 5), Remembered("a", T)) == ()


def test_what_changed_tells_how_it_is_now() -> None:
    assert news(finding("b", 5), Remembered("a", T)) == (a_source_event("again"),)


def test_r50_the_same_state_since_a_later_time_is_news_where_the_person_acted_then_and_only_there() -> None:
    acted = replace(finding("a", 5), is_act=True)
    assert news(acted, Remembered("a", T)) == (a_source_event("again"),)
    assert news(acted, remembered(acted, None)) == ()
    assert news(replace(acted, as_of=T), Remembered("a", T)) == ()


def test_an_older_state_that_arrives_late_tells_nothing_and_is_not_remembered() -> None:
    known = Remembered("b", T + timedelta(minutes=5))
    assert news(finding("a"), known) == ()
    assert remembered(finding("a"), known) == known


def test_a_change_within_the_same_second_counts_as_the_newer_one() -> None:
    assert news(finding("b"), Remembered("a", T)) == (a_source_event("again"),)


def test_findings_that_follow_each_other_are_judged_by_what_came_before_them() -> None:
    tells, after = sifted([finding("a"), finding("a"), finding("b", 1)], {})
    assert [one.event_id for _, one in tells] == ["first", "again"]
    assert after == {("shop1", "thing"): Remembered("b", T + timedelta(minutes=1))}


def test_a_finding_that_teaches_nothing_new_leaves_nothing_to_remember() -> None:
    known = {("shop1", "thing"): Remembered("a", T)}
    assert sifted([finding("a")], known) == ([], {})


@given(st.datetimes(timezones=st.timezones() | st.just(timezone(timedelta(hours=-14)))) | st.datetimes(timezones=st.just(UTC)))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))))
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
def test_r08_nothing_that_is_reported_or_remembered_happened_after_it_was_received(said: datetime) -> None:
    happened = SourceEvent("e", Unsubscribed(at=said, email="a@example.com", confirmed=True))
    (found,) = as_arrived(Translation((Finding("shop1", "thing", "a", said, (happened,), (happened,)),)), T).findings
    dates = [new_event(one, a_shop()).event.at for one in (*found.first, *found.again)]
    assert max(found.as_of, *dates) <= T
    assert all(at_ == said for at_ in (found.as_of, *dates)) or said > T


def test_r09_what_follows_a_state_dated_ahead_within_the_same_second_is_news() -> None:
    ahead, arrived_at = finding("a", 120), T + timedelta(microseconds=900_000)
    (known,) = as_arrived(Translation((ahead,)), arrived_at).findings
    assert news(finding("b"), remembered(known, None)) == (a_source_event("again"),)


def test_every_reason_to_leave_a_row_out_has_words_in_both_languages() -> None:
    assert WORDS.keys() == set(Unusable)
    assert all(english and polish and english != polish for english, polish in WORDS.values())
