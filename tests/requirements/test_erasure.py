"""Erasure, and what may follow it."""

from app.domain.reasons import Reason
from tests.support.builders import (
    EMAIL,
    a_customer,
    account_changed,
    commands_of,
    consent_withdrawn,
    erasure_requested,
    life,
    reason_of,
    registered,
    the_upsert,
)
from tests.support.rows import OPEN


def test_erasure_deletes_the_contact_under_the_address_salesmanago_knows() -> None:
    """Renamed after the withdrawal, so SALESmanago never heard of the new address."""
    story = life(
        OPEN,
        registered("2026-11-23T08:00"),
        consent_withdrawn("2026-11-23T09:00"),
        account_changed("2026-11-23T10:00", customer=a_customer("jan@new.example.com")),
        erasure_requested("2026-11-23T11:00", email="jan@new.example.com"),
    )
    assert EMAIL in {command.email for command in commands_of(story.plan)}


def test_a_repeated_erasure_does_not_delete_the_persons_new_life() -> None:
    erasure = erasure_requested("2026-11-23T09:00")
    story = life(OPEN, registered("2026-11-23T08:00"), erasure, registered("2026-11-23T10:00"))
    assert commands_of(story.goes_on(OPEN, erasure).plan) == ()


def test_after_an_erasure_only_a_newer_act_of_the_person_starts_afresh() -> None:
    erased = life(OPEN, registered("2026-11-23T08:00"), erasure_requested("2026-11-23T09:00"))
    assert reason_of(erased.goes_on(OPEN, registered("2026-11-23T08:30")).plan) is Reason.ERASED
    assert reason_of(erased.goes_on(OPEN, account_changed("2026-11-23T10:00")).plan) is Reason.ERASED
    assert the_upsert(erased.goes_on(OPEN, registered("2026-11-23T10:00")).plan).email == EMAIL
