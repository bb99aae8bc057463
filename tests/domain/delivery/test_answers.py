"""What the end of an attempt says of what waits behind it."""

import pytest

from app.domain.commands import Command, SetSubscription
from app.domain.consent import Status
from app.domain.delivery.answers import Answer, Attempted, Call, Tried, addressed_as_before, without_call
from app.domain.delivery.outbox import Claim, ContactQueue, WaitingCommand
from app.domain.delivery.outcomes import Delivered, Done, Drop, Park, Refused, RetryAt, Verdict
from app.domain.reasons import Reason
from app.domain.values import replace
from tests.support.builders import EMAIL, an_event, an_upsert, at

NOW = at("2026-11-23T12:00")
IN_SHOP = SetSubscription(email=EMAIL)
NEW, OLD = "new@example.com", "old@example.com"


def waiting(number: int, command: Command) -> WaitingCommand:
    return WaitingCommand(number, 1, command, maybe_sent=False)


def attempted(command: Command, verdict: Verdict) -> Attempted:
    claim = Claim(ContactQueue(1, "newsletter:shop1"), "shop1", 1, 0, None, (waiting(1, command),))
    return Attempted(claim, (Tried(claim.commands[0], Delivered(), verdict, None),), NOW, 0, None, NOW)


@pytest.mark.parametrize(
    ("command", "verdict", "states"),
    [
        (IN_SHOP, Done(), [(1, IN_SHOP)]),
        (IN_SHOP, Park(Reason.NO_ACCOUNT_IN_PANEL), [(1, IN_SHOP)]),
        (IN_SHOP, RetryAt(NOW, verify_first=False), []),
        (IN_SHOP, Drop(Reason.ERASED), []),
        (an_upsert(), Done(), []),
    ],
    ids=["written", "left to a person", "to be tried again", "dropped", "not for the shop"],
)
def test_the_shops_side_is_as_settled_commands_say(command: Command, verdict: Verdict, states: list[tuple[int, Command]]) -> None:
    assert attempted(command, verdict).shop_states() == states


def test_r72_what_waits_behind_a_refused_rename_goes_to_the_address_that_stays() -> None:
    upsert, event = an_upsert(email=NEW), replace(an_event(), email=NEW)
    left = addressed_as_before([waiting(1, upsert), waiting(2, event), waiting(3, an_upsert())], {NEW: OLD})
    assert left == {1: replace(upsert, email=OLD), 2: replace(event, email=OLD)}


# -- a claim with several commands -----------------------------------------------------------------------------------------

AGAIN = RetryAt(NOW, verify_first=False)
CALL = Call("/api/contact/upsert", NOW, 250, "refused", "no such tag", 1)


def claimed(*tried: tuple[Command, Verdict | None]) -> Attempted:
    """Commands numbered from 1, each with what followed; None: it was not tried."""
    commands = tuple(waiting(number, command) for number, (command, _) in enumerate(tried, start=1))
    claim = Claim(ContactQueue(7, "account:main"), "shop1", 1, 0, None, commands)
    ends = zip(commands, (verdict for _, verdict in tried), strict=True)
    done = tuple(Tried(one, Refused("no such tag"), verdict, CALL) for one, verdict in ends if verdict is not None)
    return Attempted(claim, done, NOW, 3, NOW, NOW)


def test_a_claim_is_of_a_contact_and_each_try_has_a_number() -> None:
    end = claimed((an_upsert(), Done()))
    assert end.claim.contact_id == 7
    assert end.tried[0].number == 1
    assert replace(end.tried[0], command=replace(end.tried[0].command, attempts=4)).number == 5


def test_r73_an_attempt_can_be_written_down_without_any_foreign_text() -> None:
    end = claimed((an_upsert(), Done()), (an_event(), AGAIN))
    plain = end.without_words()
    assert [one.outcome for one in plain.tried] == [Refused("")] * 2
    assert [one.call for one in plain.tried] == [replace(CALL, milliseconds=0, detail="")] * 2
    assert replace(plain, tried=end.tried) == end
    unasked = replace(end, tried=(replace(end.tried[0], call=None),))
    assert unasked.without_words().tried[0].call is None


def test_r73_what_cannot_be_written_down_is_parked_as_a_whole() -> None:
    end = claimed((an_upsert(), Done()), (an_event(), None)).not_recorded("too long")
    assert [one.command.id for one in end.tried] == [1, 2]
    assert {one.verdict for one in end.tried} == {Park(Reason.DEFECT)}
    assert [one.call for one in end.tried] == [Call("", NOW, 0, "unknown", "too long", 0)] * 2
    assert (end.failing, end.failing_since) == (0, None)


@pytest.mark.parametrize(
    ("command", "verdict", "counts"),
    [
        (an_upsert(email_status=Status.OPT_IN), Done(), True),
        (an_upsert(phone_status=Status.OPT_IN), Done(), True),
        (an_upsert(email_status=Status.OPT_OUT, phone_status=Status.OPT_IN), Done(), True),
        (an_upsert(email_status=Status.OPT_OUT), Done(), False),
        (an_upsert(email_status=Status.OPT_IN), AGAIN, False),
        (an_event(), Done(), False),
    ],
)
def test_r06_opt_ins_that_were_just_sent_are_known(command: Command, verdict: Verdict, counts: bool) -> None:
    end = claimed((command, verdict))
    assert end.opt_ins_sent() == ([end.claim.commands[0]] if counts else [])


RENAME = an_upsert(OLD, new_email=NEW)


@pytest.mark.parametrize(
    ("command", "verdict", "names"),
    [
        (RENAME, Park(Reason.REFUSED), {NEW: OLD}),
        (RENAME, Done(), {}),
        (RENAME, AGAIN, {}),
        (an_upsert(OLD), Park(Reason.REFUSED), {}),
        (an_event(), Park(Reason.REFUSED), {}),
    ],
)
def test_r72_a_refused_rename_leaves_the_former_address(command: Command, verdict: Verdict, names: dict[str, str]) -> None:
    assert claimed((command, verdict)).not_renamed() == names


BEHIND = replace(an_event(), email=OLD)


@pytest.mark.parametrize(
    ("rename", "behind", "is_moved"),
    [
        ((RENAME, Done()), (BEHIND, AGAIN), True),
        ((RENAME, Done()), (BEHIND, None), True),
        ((RENAME, Done()), (BEHIND, Done()), False),
        ((RENAME, Done()), (BEHIND, Park(Reason.REFUSED)), False),
        ((RENAME, Park(Reason.REFUSED)), (BEHIND, None), False),
        ((RENAME, AGAIN), (BEHIND, None), False),
        ((RENAME, Done()), (replace(an_event(), email="other@example.com"), None), False),
        ((RENAME, Done()), (an_upsert(OLD), None), False),
        ((an_upsert(OLD), Done()), (BEHIND, None), False),
    ],
)
def test_r72_an_event_that_stays_behind_a_rename_goes_to_the_new_address(
    rename: tuple[Command, Verdict], behind: tuple[Command, Verdict | None], is_moved: bool
) -> None:
    assert claimed(rename, behind).readdressed() == ({2: replace(BEHIND, email=NEW)} if is_moved else {})


def test_what_was_found_out_without_a_call_names_none() -> None:
    answer = without_call(Refused("no"), NOW)
    assert answer == Answer(Refused("no"), Call("", NOW, 0, "refused", "no", 0))
