from tests.chaos.scenarios.short_form import broken_in


def test_nothing_changes_when_the_whole_history_is_posted_again() -> None:
    assert broken_in("replay") == []
