"""SALESmanago on its bad days: slow, throttling, garbled, gone; and one account's beside another's good one (I3, I5-I10)."""

import email.utils
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from chaos.ledger import Result, overshoot, settle, stop, totals, within
from chaos.load import Crowd, Line
from chaos.proxy import Proxy, Way
from chaos.suite import Stage, scenario
from chaos.world import World, until

ON_THE_WAY = 0.3
"""Seconds: a second call may have left before the first was answered 429."""

DEADLINE = 3.0


@scenario("outage", in_short=True)
def outage(stage: Stage) -> Iterator[Result]:
    """SALESmanago is gone while a backlog grows, opt-outs in it; it comes back: all arrives, in order, by itself (I5, I6, I10)."""
    proxy, seconds = Proxy(), stage.size(60, 4)
    with stage.world(proxy=proxy) as world:
        result = Result("outage", f"connections refused for {seconds} s under load, then back")
        crowd = Crowd(world.url, world.key(), name="ou", pause=0.002)
        proxy.down()
        crowd.start()
        time.sleep(seconds)
        crowd.stop()
        backlog = world.waiting("ou")
        since = time.time()
        proxy.up()
        settle(world, [crowd], result, since=since, patience=180)
        result.notes.append(f"backlog of {backlog}")
        yield result


@scenario("opt-out-in-backlog", in_short=True)
def opt_out_in_backlog(stage: Stage) -> Iterator[Result]:
    """Orders wait for SALESmanago; their people withdraw the consent to any transfer: none of it leaves any more (I6)."""
    proxy = Proxy()
    with stage.world(proxy=proxy, patches=("delay:0.5",) if stage.short else ()) as world:
        result = Result("opt-out-in-backlog", "consent withdrawn (acknowledged) while orders wait behind an outage")
        key = world.key()
        proxy.down()
        others = Crowd(world.url, key, name="ob", people=10).start().done()
        line = Line(world.url, key)
        when = datetime.now(UTC) - timedelta(minutes=5)
        people = [f"withdrawn{number}@example.com" for number in range(stage.size(100, 10))]
        for at, person in enumerate(people):
            for number in range(2):
                order = _order(f"wd-{at:03d}-{number}", person, when + timedelta(seconds=number))
                result.demand(line.post("/v1/shops/shop1/orders", order)[0] == 202, "an order was not accepted")
        until(lambda: world.states("wd").get("received", 0) == 0, 20)
        for at, person in enumerate(people):
            body = {"event_id": f"wd-{at:03d}-out", "occurred_at": when.isoformat(), "email": person, "granted": False}
            body["occurred_at"] = (when + timedelta(minutes=1)).isoformat()
            result.demand(line.post("/v1/shops/shop1/consents", body)[0] == 202, "a withdrawal was not accepted")
        line.close()
        since = time.time()
        proxy.up()
        settle(world, [others], result, since=since, final=False)
        until(lambda: world.waiting("wd") == 0, 60)
        sent = [event["externalId"] for event in world.sandbox.get("events")["events"] if event["externalId"].startswith("wd")]
        told = {address for entry in world.sandbox.entries() for address in entry["emails"] if address in people}
        result.after_opt_out += len(sent)
        result.demand(not sent, f"I6: {len(sent)} orders sent after the consent was withdrawn, as {sent[:2]}")
        if told:
            result.notes.append(f"{len(told)} of {len(people)} named in calls after the withdrawal")
        totals(result, world)
        stop(result, world)
        yield result


@scenario("opt-out-while-paced")
def opt_out_while_paced(stage: Stage) -> Iterator[Result]:
    """People resign while the call that opts them in waits for its turn: it must not leave as it is (I6)."""
    with stage.world(calls_per_second=2) as world:
        result = Result(
            "opt-out-while-paced", "2 calls a second allowed; everybody resigns soon after an order with a newsletter box"
        )
        crowd = Crowd(world.url, world.key(), name="op", people=stage.size(120, 40), pause=0.1, opt_outs=1.0).start().done(180)
        yield settle(world, [crowd], result, since=time.time())


def _order(number: str, person: str, at: datetime, **customer: object) -> dict[str, object]:
    return {
        "event_id": number,
        "occurred_at": at.isoformat(timespec="seconds"),
        "customer": {"email": person, "first_name": "Jan", **customer},
        "order": {
            "id": number,
            "currency": "PLN",
            "value": "10.00",
            "items": [{"product_id": "1", "name": "x", "menu_paths": ["A"]}],
        },
        "transfer_consent": "given",
    }


@scenario("pace", in_short=True)
def pace(stage: Stage) -> Iterator[Result]:
    """No window of time holds more calls than allowed (I7)."""
    proxy, allowed = Proxy(), 5.0
    with stage.world(proxy=proxy, calls_per_second=allowed) as world:
        result = Result("pace", f"{allowed:.0f} calls a second allowed, people come one by one")
        key = world.key()
        begin = time.time()
        crowd = Crowd(world.url, key, name="pa", people=stage.size(60, 12), pause=0.1, opt_outs=0).start().done(120)
        end = time.time()
        settle(world, [crowd], result, since=end, final=False)
        times = [at for at in proxy.times() if at >= begin]
        result.overshoot = overshoot(times, allowed)
        result.demand(result.overshoot == 0, f"I7: {result.overshoot} of {len(times)} calls beyond {allowed:.0f} a second")
        busy = [at for at in times if at <= end]
        result.notes.append(f"{len(busy) / max(0.1, end - begin) / allowed:.0%} of the allowed pace used")
        totals(result, world)
        stop(result, world)
        yield result


@scenario("throttled")
def throttled(stage: Stage) -> Iterator[Result]:
    """429 with seconds, with a date, with nothing: no call before the time that was asked for (I7)."""
    proxy, wait = Proxy(), stage.size(6, 3)
    with stage.world(proxy=proxy) as world:
        key = world.key()
        for number, form in enumerate(("seconds", "date", "nothing")):
            result = Result(f"throttled, {form}", f"3 times 429 with Retry-After as {form}, under load")
            crowd = Crowd(world.url, key, name=f"th{number}", pause=0.05).start()
            until(lambda crowd=crowd: crowd.count > 20, 20)  # type: ignore[misc]
            result.overshoot = 0
            for _ in range(stage.size(3, 1)):
                before = len(proxy.times(Way.THROTTLE))
                at = datetime.now(UTC) + timedelta(seconds=wait + 1)
                asked = {"seconds": str(wait), "date": email.utils.format_datetime(at, usegmt=True), "nothing": None}[form]
                proxy.behave(Way.THROTTLE, times=1, retry_after=asked)
                hit = until(lambda before=before: len(proxy.times(Way.THROTTLE)) > before, 30)  # type: ignore[misc]
                result.demand(hit, "nothing was throttled")
                throttled_at = proxy.times(Way.THROTTLE)[-1]
                again = at.replace(microsecond=0).timestamp() if form == "date" else throttled_at + wait
                if form != "nothing":
                    time.sleep(max(0.0, again + 1 - time.time()))
                    result.overshoot += within(proxy.times(), throttled_at + ON_THE_WAY, again)
            since = time.time()
            crowd.stop()
            words = f"I7: {result.overshoot} calls before the time that was asked for"
            result.demand(result.overshoot == 0, words)
            yield settle(world, [crowd], result, since=since, final=form == "nothing")


@scenario("throttled-restart")
def throttled_restart(stage: Stage) -> Iterator[Result]:
    """429 with Retry-After, then kill -9: the next process keeps to it too (I7)."""
    proxy, wait = Proxy(), 15
    with stage.world(proxy=proxy) as world:
        result = Result("throttled-restart", f"kill -9 just after 429 with Retry-After: {wait}, restarted at once, under load")
        crowd = Crowd(world.url, world.key(), name="tr", pause=0.05).start()
        until(lambda: crowd.count > 20, 20)
        proxy.behave(Way.THROTTLE, times=1, retry_after=str(wait))
        result.demand(until(lambda: bool(proxy.times(Way.THROTTLE)), 30), "nothing was throttled")
        at = proxy.times(Way.THROTTLE)[0]
        time.sleep(0.7)
        world.gateway.kill()
        result.kills += 1
        world.serve()
        time.sleep(max(0.0, at + wait + 1 - time.time()))
        result.overshoot = within(proxy.times(), at + ON_THE_WAY, at + wait)
        result.demand(
            result.overshoot == 0, f"I7: {result.overshoot} calls before the time that was asked for, by the next process"
        )
        crowd.stop()
        yield settle(world, [crowd], result, since=at + wait)


@scenario("throttled-long")
def throttled_long(stage: Stage) -> Iterator[Result]:
    """Retry-After of more than a minute holds for every call of the account, looks among them (I7)."""
    proxy, wait = Proxy(), 80
    with stage.world(proxy=proxy, environment={"GATEWAY_PULL_SECONDS": "2", "GATEWAY_SWEEP_SECONDS": "2"}) as world:
        result = Result("throttled-long", f"429 with Retry-After: {wait}; SALESmanago is looked at every 2 s")
        crowd = Crowd(world.url, world.key(), name="tl", people=10, opt_outs=0).start().done()
        until(lambda: world.waiting("tl") == 0, 30)
        proxy.behave(Way.THROTTLE, times=1, retry_after=str(wait))
        result.demand(until(lambda: bool(proxy.times(Way.THROTTLE)), 30), "nothing was throttled")
        at = proxy.times(Way.THROTTLE)[0]
        time.sleep(wait + 1)
        result.overshoot = within(proxy.times(), at + ON_THE_WAY, at + wait)
        result.demand(result.overshoot == 0, f"I7: {result.overshoot} calls before the time that was asked for")
        yield settle(world, [crowd], result, since=time.time())


_ODD = (
    Way.ERROR_500,
    Way.ERROR_502,
    Way.HTML_200,
    Way.TRUNCATED_JSON,
    Way.WRONG_LENGTH,
    Way.RESET_BEFORE,
    Way.RESET_MIDDLE,
    Way.GZIP_BOMB,
    Way.HUGE_BODY,
    Way.ENDLESS_HEADERS,
    Way.HANG,
    Way.TRICKLE,
)


@scenario("odd-answers")
def odd_answers(stage: Stage) -> Iterator[Result]:
    """5xx, HTML, half JSON, resets, bombs, endless headers, hanging, trickling: tried again, never lost, never twice (I1, I3)."""
    proxy = Proxy()
    with stage.world(proxy=proxy, patches=(f"deadline:{DEADLINE}",)) as world:
        key = world.key()
        warm = Crowd(world.url, key, name="od", people=5).start().done()
        until(lambda: world.waiting("od") == 0, 30)
        for number, way in enumerate(_ODD):
            result = Result(f"answer: {way.value}", "the next 3 calls of a delivery are answered so")
            before = world.gateway.peak_memory_mb()
            proxy.behave(way, times=3, path="/api/")
            crowd = Crowd(world.url, key, name=f"o{number}x", people=8).start().done()
            until(lambda way=way: len(proxy.times(way)) >= 3, 60)  # type: ignore[misc]
            proxy.heal()
            settle(world, [crowd], result, since=time.time(), final=False)
            grown = world.gateway.peak_memory_mb() - before
            result.demand(grown < 250, f"I11: memory grew by {grown:.0f} MB")
            yield result
        result = Result("odd answers, all", "the whole world of the twelve rows above")
        settle(world, [warm], result, since=time.time())
        yield result


@scenario("ambiguous", in_short=True)
def ambiguous(stage: Stage) -> Iterator[Result]:
    """The call took effect and the answer never came: what arrived is not sent again, no tag point either (I3)."""
    proxy = Proxy()
    patience = 0.3 if stage.short else DEADLINE - 1
    settling = (f"settling:{patience * 1.5}", "delay:0.1") if stage.short else ()
    with stage.world(proxy=proxy, patches=(f"deadline:{patience}", *settling)) as world:
        result = Result("ambiguous", "calls for contacts and for events are applied, then hang")
        proxy.behave(Way.APPLIED_THEN_HANG, times=1, path="upsert")
        proxy.behave(Way.APPLIED_THEN_HANG, times=stage.size(4, 2), path="ExtEvent")
        crowd = Crowd(world.url, world.key(), name="am", people=stage.size(60, 8)).start().done()
        result.demand(until(lambda: len(proxy.times(Way.APPLIED_THEN_HANG)) >= 2, 40), "no call hung")
        yield settle(world, [crowd], result, since=time.time())


@scenario("applied-late")
def applied_late(stage: Stage) -> Iterator[Result]:
    """SALESmanago acts on a call after the gateway gave it up: the look must not come so early that it is sent again (I3)."""
    proxy = Proxy()
    with stage.world(proxy=proxy, patches=(f"deadline:{DEADLINE}",)) as world:
        late = DEADLINE + 2
        result = Result(
            "applied-late", f"calls for events take effect {late:.0f} s after they were made, patience is {DEADLINE:.0f} s"
        )
        proxy.behave(Way.SLOW, times=3, path="ExtEvent", seconds=late)
        crowd = Crowd(world.url, world.key(), name="al", people=stage.size(60, 20)).start().done()
        result.demand(until(lambda: len(proxy.times(Way.SLOW)) >= 3, 60), "no call was late")
        yield settle(world, [crowd], result, since=time.time())


@scenario("poison")
def poison(stage: Stage) -> Iterator[Result]:
    """One contact that SALESmanago refuses in any company: halving isolates it, the others arrive (I2, I5)."""
    proxy, bad = Proxy(), "poison@example.com"
    with stage.world(proxy=proxy) as world:
        result = Result("poison", "whatever names one address is refused as a whole; a backlog of batches")
        key = world.key()
        world.sandbox.fault("refuse", email=bad, times=None, message="Contact is not valid")
        proxy.down()
        crowd = Crowd(world.url, key, name="po", people=stage.size(150, 20)).start()
        line = Line(world.url, key)
        status, _, _ = line.post("/v1/shops/shop1/orders", _order("bad-1", bad, datetime.now(UTC) - timedelta(minutes=5)))
        line.close()
        result.demand(status == 202, "the order was not accepted")
        crowd.done()
        until(lambda: world.states().get("received", 0) == 0, 20)
        since = time.time()
        proxy.up()
        settle(world, [crowd], result, since=since, final=False)
        until(lambda: world.states("bad").get("planned", 0) == 0, 30)
        states = world.states("bad")
        result.demand(states == {"parked": 1}, f"I2: the poisoned event became {states}")
        refused = [entry for entry in world.sandbox.entries() if entry["fault"] == "refuse"]
        result.notes.append(f"{len(refused)} refused calls until it stood alone")
        totals(result, world)
        stop(result, world)
        yield result


@scenario("two-accounts")
def two_accounts(stage: Stage) -> Iterator[Result]:
    """One account hangs; the other's events arrive as fast as before (I9)."""
    proxy = Proxy()
    with stage.world(proxy=proxy, other_account=True, patches=("deadline:10",)) as world:
        assert world.other is not None
        result = Result("two-accounts", "every call of one account hangs, both under load")
        keys = world.key("shop1"), world.key("shop2")
        seconds = stage.size(25, 6)
        lags: list[float] = []
        crowds: list[Crowd] = []
        for number, way in enumerate((Way.FORWARD, Way.HANG)):
            proxy.behave(way)
            mine = Crowd(world.url, keys[0], name=f"t{number}a", pause=0.05).start()
            other = Crowd(world.url, keys[1], name=f"t{number}b", shop="shop2", pause=0.05).start()
            time.sleep(seconds)
            mine.stop()
            other.stop()
            until(lambda other=other: world.waiting(other.name) == 0, 60)  # type: ignore[misc]
            lags.append(_lag(world, other))
            crowds += [mine, other]
        proxy.heal()
        since = time.time()
        result.notes.append(f"95 % of the other's events after {lags[0]:.2f} s, then {lags[1]:.2f} s")
        result.demand(
            lags[1] <= max(2 * lags[0], lags[0] + 1), f"I9: the other account's lag grew from {lags[0]:.2f} to {lags[1]:.2f} s"
        )
        yield settle(world, crowds, result, since=since, sandboxes=[world.sandbox, world.other])


def _lag(world: World, crowd: Crowd) -> float:
    """Seconds from the 202 to the event at SALESmanago, for 95 of 100."""
    assert world.other is not None
    arrived = {event["externalId"]: event["created_on"] / 1000 for event in world.other.get("events")["events"]}
    told = crowd.acknowledged.times
    found = [arrived[number] - told[number] for number in told if number in arrived]
    return statistics.quantiles(found, n=20)[-1] if len(found) > 1 else 0.0
