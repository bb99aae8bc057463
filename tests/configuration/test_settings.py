"""What settings of the process become."""

from datetime import timedelta

from app.configuration.settings import Settings
from app.domain.operations.retention import Retention


def test_m4_each_class_of_data_is_kept_as_long_as_its_own_setting_says() -> None:
    settings = Settings(keep_content_days=1, keep_parked_days=2, keep_events_days=3, keep_strangers_days=4, keep_requests_days=5)
    one, two, three, four, five = (timedelta(days=days) for days in range(1, 6))
    kept = Retention(content=one, parked=two, events=three, never_sent=four, requests=five)
    assert settings.retention == kept


def test_m4_an_event_is_kept_at_least_as_long_as_its_content() -> None:
    assert Settings(keep_content_days=9, keep_parked_days=8, keep_events_days=3).retention.events == timedelta(days=9)
