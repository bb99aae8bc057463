"""What was accepted is the sum of the states, and nothing is left without a reason and a next step in both languages (R90, R91)."""

from collections import Counter
from dataclasses import replace
from typing import Any

from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled
from app.domain.intake.inbox import EventState
from app.routers.events.examples import EXAMPLES
from app.routers.events.schemas import BATCHABLE
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from tests.conftest import Clock
from tests.support.gateways import Door
from tests.support.world import FakeUpstream

PEOPLE = {"refused": "refused@example.com", "waits": "waits@example.com"}


AGAIN = ("tags-again",)
"""Tells what was told before."""


def answered(method: str, items: list[Any]) -> Outcome:
    """SALESmanago knows one person it does not want, and one for whom it has no time."""
    if any(getattr(item, "email", "") == PEOPLE["refused"] for item in items):
        return Refused("no such thing")
    return Throttled(600) if any(getattr(item, "email", "") == PEOPLE["waits"] for item in items) else Delivered()


async def everything_happens(door: Door) -> int:
    """Each kind of event in two shops, of several people, then one shop is disabled; answers how many were accepted."""
    accepted = 0
    for shop in ("shop1", "shop2"):
        items = [{"type": kind, **EXAMPLES[kind]} for kind in BATCHABLE]
        registration = {"type": "registration", **EXAMPLES["registration"]}
        items += [
            {**registration, "event_id": name, "customer": {**registration["customer"], "email": email, "id": str(900 + number)}}
            for number, (name, email) in enumerate(PEOPLE.items())
        ]
        items += [{**EXAMPLES["tag-edit"], "type": "tag-edit", "event_id": event_id} for event_id in AGAIN]
        answer = await door.post("events", items, shop=shop)
        accepted += sum(one["result"] == "accepted" for one in answer.json()["items"])
    gateway = door.gateway
    upstream = FakeUpstream(Clock())
    upstream.respond = answered

    def sender(destination: str) -> Sender:
        shops, closed = gateway.directory.open_shops("main"), gateway.directory.closed_shops()
        return SalesmanagoSender(upstream, "main", shops, closed, gateway.delivery._store, gateway.delivery._clock)

    gateway.delivery._sender = sender
    while await gateway.planner.plan_due():
        pass
    while await gateway.delivery.deliver_due(to_account("main")):
        pass
    stored = gateway.directory.stored()[1]["shop1"]
    late = {**EXAMPLES["registration"], "event_id": "late"}
    accepted += (await door.post("registrations", late)).status_code == 202
    await gateway.directory.apply([], [replace(stored, shop=replace(stored.shop, enabled=False))])
    accepted += (await door.post("registrations", {**late, "event_id": "last"}, shop="shop2")).status_code == 202
    return accepted


async def test_r91_what_was_accepted_is_the_sum_of_the_states_and_each_has_a_reason_and_a_next_step_in_both_languages(
    door: Door,
) -> None:
    accepted = await everything_happens(door)
    counted: Counter[tuple[str, str]] = Counter()
    for shop in (await door.gateway.health.report()).shops:
        counted.update({(shop.shop_id, state): number for state, number in shop.events.items()})
    own = await told_by_the_gateway_itself(door)
    assert sum(counted.values()) == accepted + len(own)
    assert {state for _, state in counted} == set(EventState), "every state is there to be explained"
    seen: Counter[tuple[str, str]] = Counter()
    for shop_id in ("shop1", "shop2"):
        ids = [EXAMPLES[kind]["event_id"] for kind in BATCHABLE] + [*PEOPLE, *AGAIN, "late", "last"]
        ids += [event_id for shop, event_id in own if shop == shop_id]
        for event_id in ids:
            answer = await door.get(f"events/{event_id}", shop=shop_id)
            if answer.status_code == 404:
                continue
            event = answer.json()
            seen[shop_id, event["state"]] += 1
            if event["state"] != "sent":
                assert event["evidence"], event
                assert all(one["words"] and one["words_pl"] not in ("", one["words"]) for one in event["evidence"])
                _is_explained(event)
    assert seen == counted


async def told_by_the_gateway_itself(door: Door) -> list[tuple[str, str]]:
    """What it noticed of SALESmanago's answers is an event as well."""
    async with door.gateway.delivery._store.work() as work:
        seen = [one for shop in ("shop1", "shop2") for email in PEOPLE.values() for one in await work.traces.of_person(shop, email)]
        seen += [
            one
            for shop in ("shop1", "shop2")
            for email in {EXAMPLES[kind].get("email") or EXAMPLES[kind].get("customer", {}).get("email") for kind in BATCHABLE}
            if email
            for one in await work.traces.of_person(shop, email)
        ]
    return sorted({(one.shop_id, one.event_id) for one in seen if one.type not in BATCHABLE})


def _is_explained(event: dict[str, Any]) -> None:
    """By itself: what is at its end has a reason, or a command of it has; what is not says why it still waits."""
    decided = event["reason"] or any(one["reason"] for one in event["commands"])
    assert event["waits"] if event["state"] in ("received", "planned", "held") else decided, event
    said = [one for one in (event["reason"], event["waits"]) if one is not None]
    said += [one["reason"] for one in event["commands"] if one["reason"] is not None]
    assert said, event
    for one in said:
        assert all(one[name].strip() for name in ("why", "why_pl", "what_to_do", "what_to_do_pl")), event
        assert one["why"] != one["why_pl"]
    evidence = (event["detail"], event["decided_at"], event["received_at"], *(one["attempts"] for one in event["commands"]))
    assert any(evidence), event
