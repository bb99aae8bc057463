"""`python -m chaos.timeline FOLDER EMAIL [CHANNEL]`: all that happened to one person in a world of the scenario `acts`.

Read from what the scenario leaves in its folder: the acts, the calls SALESmanago saw, and the gateway's database.
"""

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ACTS, CALLS = "acts.json", "calls.json"

Line = tuple[datetime, str]

_PLAIN = ("email", "at", "shop", "quiet", "introduces", "agreements", "profile")


def lines(folder: Path, email: str, channel: str = "") -> list[Line]:
    """By time; `channel` leaves out acts of the other one."""
    found = [*_acts(folder, email, channel), *_calls(folder, email), *_database(folder, email)]
    return sorted(found, key=lambda line: line[0])


def _acts(folder: Path, email: str, channel: str) -> Iterator[Line]:
    for act in json.loads((folder / ACTS).read_text()):
        if act["email"] != email or channel not in ("", act["channel"]):
            continue
        words = f"{act['channel']} {'OUT' if act['out'] else 'IN'} at {act['where']}"
        yield _at(act["at"]), f"ACT      {words}"
        for name in ("posted_at", "heard_at", "heard_last_at"):
            if act[name] is not None:
                yield _at(act[name]), f"           {name.removesuffix('_at')}: {words} of {_at(act['at']):%H:%M:%S.%f}"


def _calls(folder: Path, email: str) -> Iterator[Line]:
    for entry in json.loads((folder / CALLS).read_text()):
        if email not in entry["emails"]:
            continue
        at, path = datetime.fromtimestamp(entry["at"] / 1000, UTC), entry["path"].rsplit("/api/", 1)[-1]
        body = entry["body"] or {}
        many = body.get("upsertDetails")
        said = [
            name
            for one in (many if isinstance(many, list) else [body])
            if one.get("contact", {}).get("email") == email
            for name in ("forceOptIn", "forceOptOut", "forcePhoneOptIn", "forcePhoneOptOut")
            if one.get(name) is True
        ]
        fate = "" if entry["applied"] else " NOT APPLIED"
        yield at, f"THERE      {path} {' '.join(said)}{fate} {entry['fault'] or ''}".rstrip()


def _database(folder: Path, email: str) -> Iterator[Line]:
    with closing(sqlite3.connect(f"file:{folder / 'gateway.db'}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        for row in database.execute("SELECT * FROM inbox WHERE subject = ?", (email,)):
            words = f"{row['shop_id']} #{row['seq']} {_said(row['payload'])}"
            yield _at(row["received_at"]), f"inbox    {words}"
            if row["decided_at"] is not None:
                yield _at(row["decided_at"]), f"decided  {words} -> {row['state']} {row['reason'] or ''}".rstrip()
        statement = (
            "SELECT outbox.* FROM outbox JOIN contacts ON contacts.id = outbox.contact_id"
            " WHERE contacts.email = ? ORDER BY outbox.id"
        )
        for row in database.execute(statement, (email,)).fetchall():
            words = f"{row['shop_id']} ({row['id']} of #{row['event_seq']}) {_said(row['command'])}"
            yield _at(row["queued_at"]), f"queued   {words}"
            for tried in database.execute("SELECT * FROM attempts WHERE command_id = ?", (row["id"],)):
                yield _at(tried["at"]), f"tried    {row['shop_id']} ({row['id']}) {tried['outcome']} {tried['detail']}".rstrip()
            if row["settled_at"] is not None:
                yield (
                    _at(row["settled_at"]),
                    f"settled  {row['shop_id']} ({row['id']}) {row['state']} {row['reason'] or ''}".rstrip(),
                )
        for row in database.execute("SELECT * FROM contacts WHERE email = ? ORDER BY shop_id", (email,)):
            doc = json.loads(row["doc"])
            for name in ("email_news", "phone_news"):
                parts = {"acts": doc.get(name), "told": doc["told"].get(name), "seen": doc["seen"].get(name)}
                yield _at(row["updated_at"]), f"contact  {row['shop_id']} {name}: {json.dumps(parts)}"


def _said(payload: bytes | None) -> str:
    """The kind and whatever of it is not empty."""
    if payload is None:
        return ""
    kind, body = json.loads(payload)
    said = {name: word for name, word in body.items() if word and name not in _PLAIN}
    said.pop("customer", None)
    return f"{kind} {_short(said)}"


def _short(said: dict[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False) if said else ""


def _at(moment: Any) -> datetime:
    """As the database or a file holds it."""
    if isinstance(moment, int | float):
        return datetime.fromtimestamp(moment / 1_000_000, UTC)
    read = datetime.fromisoformat(moment)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def shown(found: Iterable[Line]) -> str:
    return "\n".join(f"{at:%H:%M:%S.%f} {words}" for at, words in found)


if __name__ == "__main__":
    sys.stdout.write(shown(lines(Path(sys.argv[1]), *sys.argv[2:4])) + "\n")
