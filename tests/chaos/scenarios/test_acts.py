from tests.chaos.scenarios.short_form import broken_in


def test_the_newest_act_of_a_person_counts_through_kills_and_outages() -> None:
    assert broken_in("acts") == []
