from tests.chaos.scenarios.short_form import broken_in


def test_a_guard_that_is_taken_away_is_noticed() -> None:
    assert any(words.startswith("I4") for words in broken_in("replay", "mutate:no-unique-key"))
