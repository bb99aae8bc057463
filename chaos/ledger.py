"""The one check of all scenarios: what senders were acknowledged, against what the stand-in saw and the database holds."""

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from chaos import postgres
from chaos.load import Acknowledged, Crowd, Kind
from chaos.world import Sandbox, World, until

FINAL = ("sent", "withheld", "superseded", "parked", "held")
ON_ITS_WAY_SECONDS = 0.1
"""A call that left before the opt-out was acknowledged may arrive so much later."""

WRITES = ("upsert", "ExtEvent", "managetags", "optin", "optout")


@dataclass
class Result:
    """A row of the table."""

    name: str
    did: str
    acknowledged: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0
    after_opt_out: int = 0
    overshoot: int | None = None
    kills: int = 0
    """How often a gateway or worker was killed with kill -9, by itself or by the scenario."""
    first_send: float | None = None
    drain: float | None = None
    integrity: str = ""
    broken: list[str] = field(default_factory=list)
    """What was promised and not kept, each with its invariant."""
    notes: list[str] = field(default_factory=list)
    skipped: str = ""
    seconds: float = 0.0

    def demand(self, kept: bool, words: str) -> None:
        if not kept:
            self.broken.append(words)

    @property
    def verdict(self) -> str:
        return "skipped" if self.skipped else "BROKEN" if self.broken else "kept"


def drained(world: World, result: Result, since: float, seconds: float = 120.0, prefix: str = "") -> bool:
    """Wait until nothing waits any more (I10); notes how long it took since the fault was over."""
    empty = until(lambda: world.waiting(prefix) == 0, seconds, pause=0.1)
    result.drain = max(result.drain or 0.0, time.time() - since)
    if not empty:
        result.broken.append(f"I10: {world.waiting(prefix)} still wait after {seconds:.0f} s")
    return empty


def settle(
    world: World,
    crowds: Sequence[Crowd],
    result: Result,
    *,
    since: float,
    patience: float = 120.0,
    sandboxes: Sequence[Sandbox] | None = None,
    final: bool = True,
) -> Result:
    """Wait for the drain and hold everything against everything. `since`: when the last fault was over.

    `final`: nothing else happens in this world, so its totals are compared too, and the gateway is stopped.
    """
    for crowd in crowds:
        drained(world, result, since, patience, crowd.name)
    time.sleep(0.5)  # a second delivery, if there were one, would come now
    seen = sandboxes or [world.sandbox]
    entries = [entry for one in seen for entry in one.entries()]
    purchases = [event for one in seen for event in one.get("events")["events"] if event["type"] == "PURCHASE"]
    contacts = {contact["email"]: contact for one in seen for contact in one.get("contacts")["contacts"]}
    for crowd in crowds:
        compare(result, crowd.acknowledged, crowd.name, entries, purchases, contacts)
        stored(result, world, crowd)
        result.broken += [f"a sender was answered {words}" for words in dict.fromkeys(crowd.wrong)]
    first_send(result, entries, since)
    if final:
        totals(result, world)
        stop(result, world)
    return result


def compare(
    result: Result,
    told: Acknowledged,
    name: str,
    entries: Sequence[dict[str, Any]],
    purchases: Sequence[dict[str, Any]],
    contacts: dict[str, dict[str, Any]],
) -> None:
    """Acknowledged against arrived (I1, I3, I5, I6)."""
    orders = {one.event_id for one in told.of(Kind.ORDER)}
    owed = orders & told.times.keys()
    arrived = [event["externalId"] for event in purchases if event["externalId"].startswith(name)]
    counted = Counter(arrived)
    lost, doubled = owed - counted.keys(), sum(counted.values()) - len(counted)
    result.acknowledged += len(told.times)
    result.delivered += len(counted)
    result.lost += len(lost)
    result.doubled += doubled
    alien = counted.keys() - orders
    result.demand(not alien, f"I2: {len(alien)} arrived that nobody agreed to, as {sorted(alien)[:2]}")
    result.demand(not lost, f"I1: {len(lost)} acknowledged and never delivered, as {sorted(lost)[:2]}")
    result.demand(not doubled, f"I3: {doubled} delivered twice, as {[one for one in counted if counted[one] > 1][:2]}")

    per_person: dict[str, list[str]] = defaultdict(list)
    for event in purchases:
        if event["externalId"].startswith(name):
            per_person[event["email"]].append(event["externalId"])
    wrong = sum(1 for mine in per_person.values() for one, next_ in pairwise(mine) if next_ < one)
    result.out_of_order += wrong
    result.demand(not wrong, f"I5: {wrong} overtook an earlier one of the same person")

    resigned = {one.email: told.times[one.event_id] for one in told.of(Kind.OPT_OUT) if one.event_id in told.times}
    late = opted_in_after(resigned, entries)
    result.after_opt_out += len(late)
    worst, way = max(late.values(), default=(0.0, 0.0))
    words = f"I6: {len(late)} told opted in up to {worst:.2f} s after their opt-out was acknowledged"
    result.demand(not late, f"{words}, by a call written {way:.2f} s before it arrived, as {list(late)[:2]}")
    still = [email for email in resigned if email in contacts and not contacts[email]["opted_out"]]
    result.demand(not still, f"I6: {len(still)} stand opted in although they resigned, as {still[:2]}")
    points = [
        one["email"] for one in contacts.values() if one["email"].startswith(name) and any(s > 1 for s in one["tags"].values())
    ]
    result.demand(not points, f"I3: {len(points)} contacts got a tag point twice, as {points[:2]}")


def opted_in_after(resigned: dict[str, float], entries: Iterable[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Who was told opted in by a call that arrived after the opt-out was acknowledged (I6).

    Answers how many seconds later, and how many seconds before its arrival the call was written.
    """
    return {
        email: ((entry["at"] / 1000 - resigned[email]), (entry["at"] - entry["body"]["requestTime"]) / 1000)
        for entry in entries
        for email in _opted_in(entry)
        if email in resigned and entry["at"] / 1000 > resigned[email] + ON_ITS_WAY_SECONDS
    }


def _opted_in(entry: dict[str, Any]) -> list[str]:
    body = entry["body"] or {}
    many = body.get("upsertDetails")
    details = many if isinstance(many, list) else [body]
    return [one["contact"]["email"] for one in details if one.get("forceOptIn") is True and "email" in one.get("contact", {})]


def stored(result: Result, world: World, crowd: Crowd) -> None:
    """Every acknowledged event is a row, and every row is in one state that is an end (I1, I2)."""
    rows = {
        str(one): str(state) for one, state in world.rows(f"SELECT event_id, state FROM inbox WHERE event_id LIKE '{crowd.name}%'")
    }
    told = crowd.acknowledged
    missing = told.times.keys() - rows.keys()
    more = rows.keys() - told.times.keys() - told.unsure
    open_ = [one for one, state in rows.items() if state not in FINAL]
    result.demand(not missing, f"I1: {len(missing)} acknowledged and not stored, as {sorted(missing)[:2]}")
    result.demand(not more, f"I4: {len(more)} stored under ids nobody sent, as {sorted(more)[:2]}")
    result.demand(not open_, f"I2: {len(open_)} in no final state, as {sorted(open_)[:2]}")
    wrong = {
        one.event_id: rows[one.event_id]
        for kind, good in ((Kind.ORDER, ("sent",)), (Kind.WITHHELD, ("withheld",)))
        for one in told.of(kind)
        if one.event_id in rows and rows[one.event_id] not in good and rows[one.event_id] in FINAL
    }
    result.demand(not wrong, f"I2: {len(wrong)} ended otherwise than they should, as {list(wrong.items())[:2]}")


def totals(result: Result, world: World) -> None:
    """What `gateway status` counts is what was stored, to the last event (I2)."""
    counted, rows = world.status_total(), int(world.rows("SELECT count(*) FROM inbox")[0][0])
    result.demand(counted == rows, f"I2: status counts {counted}, stored are {rows}")


def first_send(result: Result, entries: Iterable[dict[str, Any]], since: float) -> None:
    """Seconds from the end of the fault to the first write that took effect."""
    after = [
        entry["at"] / 1000 - since for entry in entries if is_write(entry) and entry["applied"] and entry["at"] / 1000 >= since
    ]
    if after:
        result.first_send = max(result.first_send or 0.0, min(after))


def is_write(entry: dict[str, Any]) -> bool:
    return any(word in entry["path"] for word in WRITES)


def overshoot(times: Iterable[float], per_second: float, burst: float = 3.0) -> int:
    """Calls beyond the pace (I7): what a bucket of the allowed rate would have refused.

    The gateway may let two follow each other at once; one more is allowed for the way of a call through the machine.
    """
    filled, last, beyond = burst, float("-inf"), 0
    for at in sorted(times):
        filled = min(burst, filled + (at - last) * per_second) if last > float("-inf") else burst
        last = at
        if filled < 1:
            beyond += 1
        else:
            filled -= 1
    return beyond


def within(times: Iterable[float], start: float, end: float) -> int:
    """How many fall into a span, the ends not counted."""
    return sum(1 for at in times if start < at < end)


# -- the database --------------------------------------------------------------------------------------------------------


def stop(result: Result, world: World) -> None:
    """End every process as an operator does, then look the database over (I14)."""
    ended = {program.name: program.stop() for program in world.programs}
    bad = {name: code for name, code in ended.items() if code != 0}
    result.demand(not bad, f"a stop ended with {bad}")
    integrity(result, world)


def integrity(result: Result, world: World) -> None:
    result.integrity = _sqlite_integrity(world) if world.is_sqlite else _postgresql_integrity(world)
    result.demand(result.integrity.startswith("ok"), f"I14: {result.integrity}")


def _sqlite_integrity(world: World) -> str:
    with closing(sqlite3.connect(world.database)) as database:
        found = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
        found += [f"foreign key of {row[0]}" for row in database.execute("PRAGMA foreign_key_check")]
        duplicates = database.execute(_DUPLICATES).fetchone()[0]
    words = [one for one in found if one != "ok"] + ([f"{duplicates} events stored twice"] if duplicates else [])
    return "; ".join(words)[:200] or "ok"


def _postgresql_integrity(world: World) -> str:
    duplicates = world.rows(_DUPLICATES)[0][0]
    return f"{duplicates} events stored twice" if duplicates else postgres.checked(world.dsn)


_DUPLICATES = "SELECT count(*) FROM (SELECT 1 FROM inbox GROUP BY shop_id, event_id HAVING count(*) > 1) AS twice"
