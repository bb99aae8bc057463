from typing import Any

import pytest

from app.domain.commands import DeleteContact
from app.domain.consent import Status
from app.domain.delivery.revocation import TakeBack, taken_back
from tests.support.builders import EMAIL, an_event, an_upsert, at

GONE = DeleteContact(email=EMAIL)


OPTING_IN = an_upsert(email_status=Status.OPT_IN, phone_status=Status.OPT_IN, add_tags=("a",))
BY_NOON = an_upsert(email_status=Status.OPT_IN, email_acted_at=at("2026-11-23T12:00"))
OPTING_OUT = an_upsert(email_status=Status.OPT_OUT, phone_status=Status.OPT_OUT)


@pytest.mark.parametrize(
    ("command", "act", "left"),
    [
        (OPTING_IN, TakeBack(), OPTING_IN),
        (OPTING_IN, TakeBack(email_opt_in=True), an_upsert(phone_status=Status.OPT_IN, add_tags=("a",))),
        (OPTING_IN, TakeBack(phone_opt_in=True), an_upsert(email_status=Status.OPT_IN, add_tags=("a",))),
        (OPTING_IN, TakeBack(email_opt_in=True) | TakeBack(phone_opt_in=True), an_upsert(add_tags=("a",))),
        (OPTING_OUT, TakeBack(email_opt_in=True, phone_opt_in=True), OPTING_OUT),
        (an_event(), TakeBack(email_opt_in=True), an_event()),
        (BY_NOON, TakeBack(email_opt_in=True, email_until=at("2026-11-23T12:00")), an_upsert()),
        (BY_NOON, TakeBack(email_opt_in=True, email_until=at("2026-11-23T11:59")), BY_NOON),
        (OPTING_IN, TakeBack(email_opt_in=True, phone_opt_in=True, email_until=at("2026-11-23T11:59")), an_upsert(add_tags=("a",))),
        (OPTING_IN, TakeBack(everything=True), None),
        (an_event(), TakeBack(everything=True), None),
        (GONE, TakeBack(everything=True, email_opt_in=True), GONE),
    ],
)
def test_what_of_the_queue_may_still_leave_after_permission_was_taken_away(command: Any, act: TakeBack, left: Any) -> None:
    assert taken_back(command, act) == left
