from tests.chaos.scenarios.short_form import broken_in


def test_nothing_of_a_backlog_leaves_after_its_people_withdrew() -> None:
    assert broken_in("opt-out-in-backlog") == []
