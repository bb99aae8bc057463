from tests.chaos.scenarios.short_form import broken_in


def test_nothing_is_sent_twice_when_a_call_took_effect_and_was_not_answered() -> None:
    assert broken_in("ambiguous") == []
