from tests.chaos.scenarios.short_form import broken_in


def test_promises_are_kept_when_the_gateway_is_killed_at_random_moments_under_load() -> None:
    assert broken_in("kill-random") == []
