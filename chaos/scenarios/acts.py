"""Newsletter acts in two shops and at SALESmanago, through kills and outages: the newest counts in the end (I6, R06, R50-R57)."""

import hashlib
import http.client
import json
import os
import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.sandbox.salesmanago.memory.world import Rules
from chaos.acts import THERE, Act, Touch, permitted_ends, retraced
from chaos.ledger import Result, drained, stop, totals
from chaos.load import Line
from chaos.proxy import Proxy, Way
from chaos.suite import Stage, scenario
from chaos.timeline import ACTS, CALLS
from chaos.world import CALLBACK_SECRET, World, ask, until

SHOPS = ("shop1", "shop2")
QUICK = {"GATEWAY_PULL_SECONDS": "2", "GATEWAY_SWEEP_SECONDS": "1", "GATEWAY_CALLBACK_GRACE_SECONDS": "2"}
QUICKER = {"GATEWAY_PULL_SECONDS": "0.2", "GATEWAY_SWEEP_SECONDS": "0.15", "GATEWAY_CALLBACK_GRACE_SECONDS": "0.2"}
SOON = ("settling:0.4", "delay:0.1")
"""In the short form: nothing waits half a minute for a second look, or long after an outage. Nothing in it takes effect late."""
FATES = ((0.0,), (0.0,), (0.0,), (), ())
"""Seconds after which each copy of a callback arrives; none: it is lost."""

LOOKS = ("contact/basic", "contact/list")
WRITTEN_DOWN = timedelta(seconds=3)
"""As long as it may take, on a busy machine, until what a look showed is stored."""

JOB = timedelta(milliseconds=Rules.job_delay_ms)
"""So long after the call the stand-in carries out a batch."""

OUT_OF = {"email": ("forceOptIn", "forceOptOut"), "phone": ("forcePhoneOptIn", "forcePhoneOptOut")}


@scenario("acts")
def acts(stage: Stage) -> Iterator[Result]:
    """Acts in two shops, clicks, lost callbacks, kills, outages: the newest act wins, nobody is opted in after resigning (I6)."""
    seed = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
    people, seconds = (5, 0.8) if stage.short else (120, 90.0)
    proxy = Proxy()
    setting: dict[str, Any] = {"environment": QUICKER, "patches": SOON} if stage.short else {"environment": QUICK}
    with stage.world(proxy=proxy, **setting) as world:
        did = (
            f"{people} people act in two shops and at SALESmanago for {seconds:g} s, kills and outages between (CHAOS_SEED={seed})"
        )
        result = Result("acts", did)
        stand = _Stand(world, random.Random(seed), [f"act{number}@example.com" for number in range(people)])
        stand.introduce(result)
        chance, kills = random.Random(seed + 1), list[datetime]()
        trouble = threading.Thread(
            target=_one_of_each if stage.short else _trouble, args=(world, proxy, chance, seconds, result, kills)
        )
        trouble.start()
        stand.act(seconds)
        trouble.join()
        proxy.heal()
        proxy.up()
        since = time.time()
        stand.close(result)
        drained(world, result, since, 180)
        _rests(world, result, pause=0.5 if stage.short else 8.0)
        stand.judge(result, kills)
        totals(result, world)
        stop(result, world)
        yield result


def _trouble(world: World, proxy: Proxy, chance: random.Random, seconds: float, result: Result, kills: list[datetime]) -> None:
    """Kills and bad weather, one after the other."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.5 + chance.random() * 2)
        match chance.choice(("kill", "outage", "throttle", "cut")):
            case "kill":
                _kill(world, result, kills)
            case "outage":
                proxy.down()
                time.sleep(chance.random() * 20)
                proxy.up()
            case "throttle":
                proxy.behave(Way.THROTTLE, times=2)
            case _:
                proxy.behave(Way.RESET_MIDDLE, times=1, path="upsert")


def _one_of_each(world: World, proxy: Proxy, chance: random.Random, seconds: float, result: Result, kills: list[datetime]) -> None:
    """In the short form: calls too many, a kill and an outage, within these seconds. No answer is cut in its middle."""
    pause = seconds / 6
    proxy.behave(Way.THROTTLE, times=2)
    time.sleep(chance.random() * pause)
    _kill(world, result, kills)
    time.sleep(chance.random() * pause)
    proxy.down()
    time.sleep(pause)
    proxy.up()


def _kill(world: World, result: Result, kills: list[datetime]) -> None:
    world.gateway.kill()
    result.kills += 1
    kills.append(datetime.now(UTC))
    world.serve()


def _rests(world: World, result: Result, pause: float) -> None:
    """Until looks have brought everything they can, and nothing moves."""
    before = _moved(world)
    for _ in range(20):
        time.sleep(pause)
        until(lambda: world.waiting() == 0, 60)
        now = _moved(world)
        if now == before:
            return
        before = now
    result.broken.append("I10: it does not come to rest")


def _moved(world: World) -> tuple[Any, ...]:
    return world.rows("SELECT count(*) FROM inbox"), _statuses(world)


def _statuses(world: World) -> dict[tuple[str, str], bool]:
    shown = world.sandbox.get("contacts")["contacts"]
    found = {(one["email"], "email"): one["opted_out"] for one in shown}
    return found | {(one["email"], "phone"): one["opted_out_phone"] for one in shown}


@dataclass
class _Stand:
    """Those who act, and the shops that post what they did to the gateway: a shop sends in order, and again until acknowledged."""

    world: World
    chance: random.Random
    people: list[str]
    acts: list[Act] = field(default_factory=list)
    lines: dict[str, "queue.Queue[tuple[str, dict[str, Any], Act | None] | None]"] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    numbers: int = 0

    def introduce(self, result: Result) -> None:
        """Everybody orders once in each shop and agrees to the transfer; then SALESmanago knows them."""
        for shop in SHOPS:
            self.lines[shop] = queue.Queue()
            thread = threading.Thread(target=self._send_group, args=(shop, self.world.key(shop), result), daemon=True)
            thread.start()
            self.threads.append(thread)
        for email in self.people:
            for shop in SHOPS:
                self._order(shop, email)
        known = until(lambda: len(self.world.sandbox.get("contacts")["contacts"]) == len(self.people), 60)
        result.demand(known and until(lambda: self.world.waiting() == 0, 60), "the people did not become known")

    def _send_group(self, shop: str, key: str, result: Result) -> None:
        line = Line(self.world.url, key)
        while (post := self.lines[shop].get()) is not None:
            path, body, act = post
            if act is not None:
                act.posted_at = datetime.now(UTC)
            while True:
                try:
                    status, _, _ = line.post(f"/v1/shops/{shop}/{path}", body)
                except (OSError, http.client.HTTPException):
                    status = 0
                if status == http.HTTPStatus.ACCEPTED:
                    break
                time.sleep(0.05)
            result.acknowledged += 1
            if act is not None:
                act.heard_at = datetime.now(UTC)
        line.close()

    def act(self, seconds: float) -> None:
        """One act after the other, so that their order is known."""
        end = time.monotonic() + seconds
        with httpx.Client(base_url=self.world.sandbox.url, timeout=20) as there:
            while time.monotonic() < end:
                email, channel = self.chance.choice(self.people), self.chance.choice(("email", "email", "phone"))
                out = self.chance.random() < 0.5
                match self.chance.random():
                    case share if share < 0.45:
                        self._in_shop(self.chance.choice(SHOPS), email, channel, out=out)
                    case share if share < 0.9:
                        self._there(there, email, channel, out=out)
                    case _:
                        self._order(self.chance.choice(SHOPS), email)
                time.sleep(self.chance.random() * 0.06)

    def _next(self) -> tuple[str, datetime]:
        self.numbers += 1
        return f"act-{self.numbers:05d}", datetime.now(UTC)

    def _in_shop(self, shop: str, email: str, channel: str, *, out: bool) -> None:
        event_id, now = self._next()
        body: dict[str, Any] = {"event_id": event_id, "occurred_at": now.isoformat(), "email": email}
        body |= {"channels": ["email" if channel == "email" else "sms"], **({"confirmed": True} if out else {"has_account": True})}
        act = Act(email=email, channel=channel, out=out, at=now, where=shop)
        self.acts.append(act)
        self.lines[shop].put(("unsubscriptions" if out else "subscriptions", body, act))

    def _there(self, there: httpx.Client, email: str, channel: str, *, out: bool) -> None:
        action = "unsubscribe" if out else "subscribe"
        there.post(f"/sandbox/contacts/{email}/{action}", json={"channel": channel}).raise_for_status()
        act = Act(email=email, channel=channel, out=out, at=datetime.now(UTC), where=THERE, reaches=frozenset(SHOPS))
        self.acts.append(act)
        for delay in self.chance.choice(FATES) if channel == "email" else ():
            time.sleep(delay)
            self._call_back(act)

    def _call_back(self, act: Act) -> None:
        """Once: SALESmanago is not known to try again."""
        key = hashlib.sha1(f"{act.email}{CALLBACK_SECRET}".encode(), usedforsecurity=False).hexdigest()
        where = f"{self.world.url}/callbacks/accounts/main/{'opt-out' if act.out else 'opt-in'}"
        try:
            answer = ask.get(where, params={"email": act.email, "key": key}, timeout=5)
        except httpx.TransportError:
            return  # perhaps stored all the same: then it was heard, and nothing is promised less
        if answer.is_success:
            act.heard_at = act.heard_at or datetime.now(UTC)
            act.heard_last_at = datetime.now(UTC)

    def _order(self, shop: str, email: str) -> None:
        event_id, now = self._next()
        customer = {"email": email, "first_name": "Jan", "phone": f"+486{self.people.index(email):08d}"}
        order = {"id": f"{shop}-{event_id}", "currency": "PLN", "value": "10.00", "items": [{"product_id": "1", "name": "x"}]}
        body = {"event_id": event_id, "occurred_at": now.isoformat(), "customer": customer, "order": order}
        self.lines[shop].put(("orders", {**body, "transfer_consent": "given"}, None))

    def close(self, result: Result) -> None:
        for line in self.lines.values():
            line.put(None)
        for thread in self.threads:
            thread.join(120)
        result.demand(not any(thread.is_alive() for thread in self.threads), "a shop could not deliver its events")

    # -- the judge -------------------------------------------------------------------------------------------------------

    def judge(self, result: Result, kills: list[datetime]) -> None:
        entries = self.world.sandbox.entries()
        ends, touches = _statuses(self.world), _touches(entries, _answered(self.world), kills)
        theirs: dict[tuple[str, str], list[Act]] = defaultdict(list)
        for act in self.acts:
            theirs[act.email, act.channel].append(act)
        wrong, late = list[str](), list[str]()
        for (email, channel), done in theirs.items():
            about = [one for one in touches.get(email, []) if one.told is None or one.channel == channel]
            late += [f"{email} {channel} {fault}" for fault in retraced(done, about)]
            permitted = permitted_ends(done)
            if permitted and ends[email, channel] not in permitted:
                wrong.append(f"{email} {channel}: {_words(done)}")
        result.delivered = len(self.acts)
        result.after_opt_out = len(late)
        result.demand(not wrong, f"R06: {len(wrong)} of {len(theirs)} ended otherwise than their newest act, as {wrong[:4]}")
        result.demand(not late, f"I6: {len(late)} opt-ins after a resignation, as {late[:3]}")
        invented = self._invented(theirs)
        result.demand(not invented, f"R55: {len(invented)} lines of the ledger that nobody did, as {invented[:2]}")
        lost = sum(1 for act in self.acts if act.where == THERE and act.heard_at is None)
        result.notes.append(f"{len(self.acts)} acts, {lost} of them without a callback")
        self._leave(entries)

    def _leave(self, entries: list[dict[str, Any]]) -> None:
        """What `chaos.timeline` reads."""
        (self.world.folder / CALLS).write_text(json.dumps(entries))
        (self.world.folder / ACTS).write_text(json.dumps([{**asdict(act), "reaches": []} for act in self.acts], default=str))

    def _invented(self, theirs: dict[tuple[str, str], list[Act]]) -> list[str]:
        lines = self.world.rows(
            "SELECT contacts.email, consents.channel, consents.act FROM consents JOIN contacts ON contacts.id = consents.contact_id"
            " WHERE consents.source = 'StatusSeen'"
        )
        found = []
        for email, matter, kind in lines:
            done = theirs.get((email, "email" if matter == "email" else "phone"), [])
            if not any(act.where == THERE and act.out is (kind == "opt_out") for act in done):
                found.append(f"{email} {matter} {kind}")
        return found


def _answered(world: World) -> dict[str, list[datetime]]:
    """When the gateway wrote down that a call which told of a person had been answered."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for email, at in world.rows(
        "SELECT contacts.email, attempts.at FROM attempts JOIN outbox ON outbox.id = attempts.command_id"
        " JOIN contacts ON contacts.id = outbox.contact_id"
        " WHERE attempts.outcome = 'delivered' AND attempts.call_id IS NOT NULL AND outbox.destination LIKE 'account:%'"
        " ORDER BY attempts.at"
    ):
        found[email].append(datetime.fromtimestamp(at / 1_000_000, UTC))
    return found


def _touches(entries: list[dict[str, Any]], answered: dict[str, list[datetime]], kills: list[datetime]) -> dict[str, list[Touch]]:
    """What the calls of the gateway looked at and told, by person. A cut or a kill loses the answer to what was carried out.

    A look whose answer a kill may have taken taught nothing, so it is none.
    """
    found: dict[str, list[Touch]] = defaultdict(list)
    for entry in entries:
        at = datetime.fromtimestamp(entry["at"] / 1000, UTC)
        if not entry["applied"]:
            continue
        if any(entry["path"].endswith(look) for look in LOOKS):
            if any(at <= kill < at + WRITTEN_DOWN for kill in kills):
                continue
            for email in entry["emails"]:
                found[email].append(Touch(email, at))
            continue
        body = entry["body"] or {}
        many = body.get("upsertDetails")
        delay = JOB if isinstance(many, list) else timedelta(0)
        for one in many if isinstance(many, list) else [body]:
            email = one.get("contact", {}).get("email")
            for channel, (in_, out) in OUT_OF.items() if email else ():
                if one.get(in_) is True or one.get(out) is True:
                    told, whole = one.get(out) is True, not entry["fault"]
                    found[email].append(Touch(email, at, told=told, channel=channel, answered=whole, delay=delay))
    return {email: list(_with_answers(theirs, answered[email])) for email, theirs in found.items()}


def _with_answers(touches: list[Touch], answered: list[datetime]) -> Iterator[Touch]:
    """An answer is written down before the next status is told."""
    told = sorted({one.at for one in touches if one.told is not None})
    for one in touches:
        following = next((at for at in told if at > one.at), None)
        answered_at = next((at for at in answered if one.at <= at and (following is None or at < following)), None)
        yield one if one.told is None else replace(one, answered=one.answered and answered_at is not None, answered_at=answered_at)


def _words(done: list[Act]) -> str:
    last = sorted(done, key=lambda act: act.at)[-4:]
    origin = last[0].at - timedelta(0)
    return "; ".join(
        f"{'out' if act.out else 'in'} at {act.where} +{(act.at - origin).total_seconds():.1f} s"
        f"{'' if act.heard_at is not None else ' (no callback)'}"
        for act in last
    )
