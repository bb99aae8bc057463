"""What an impossible request tells the caller."""

from app.domain.errors import (
    BadConfiguration,
    ContentConflict,
    Crowded,
    ForgedCallback,
    GatewayError,
    NotFound,
    NotPossible,
    NotReady,
    TooMany,
)


def test_an_error_keeps_what_the_answer_says_of_it() -> None:
    conflict = ContentConflict("e1", "digest")
    assert (conflict.event_id, conflict.stored_digest) == ("e1", "digest")
    assert (NotFound("shop").what, NotPossible("It has ended.").why) == ("shop", "It has ended.")
    limit = TooMany("Too many tries.", "keys", quota=20, window_seconds=60, retry_after_seconds=41)
    assert (limit.limit, limit.quota, limit.window_seconds, limit.retry_after_seconds) == ("keys", 20, 60, 41)
    assert BadConfiguration(["a is missing", "b is no number"]).mistakes == ("a is missing", "b is no number")


def test_an_error_says_in_a_sentence_what_is_the_matter() -> None:
    said = {
        ForgedCallback(): "The callback carries no key that fits.",
        NotFound("shop"): "There is no such shop here.",
        ContentConflict("e1", "digest"): "This event_id was accepted before with other content.",
        NotPossible("It has ended."): "It has ended.",
        NotReady(): "The store cannot take events at the moment.",
        Crowded(): "Too much is being sent at once. Nothing of this request was stored.",
        TooMany("Too many tries.", "keys", 20, 60, 41): "Too many tries. Come again in 41 s.",
        BadConfiguration(["a is missing", "b is no number"]): "a is missing\nb is no number",
    }
    assert {error: str(error) for error in said} == said
    assert all(isinstance(error, GatewayError) for error in said)


def test_a_sender_that_is_too_fast_comes_again_sooner_than_one_whose_event_nobody_can_store() -> None:
    assert (Crowded().retry_after_seconds, NotReady().retry_after_seconds) == (1, 5)
