"""What platforms pushed, what was seen last of their things, and how far their scans are."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, case, delete, false, func, or_, select, tuple_, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.intake.pushes import (
    TRAFFIC_WINDOW,
    NewPush,
    PushLine,
    PushState,
    Remembered,
    Scan,
    Settled,
    SourceName,
    StoredPush,
    Traffic,
)
from app.storage.engine import codec
from app.storage.engine.dialect import insert
from app.storage.engine.tables import pushes, source_scans, source_seen

ROWS = 1000
"""Of one kind in one cleaning."""
_WEEK = TRAFFIC_WINDOW // timedelta(microseconds=1)
_KEYS_AT_ONCE = 400

_WAITING = pushes.c.state == "waiting"


class Pushes:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, fresh: Sequence[NewPush], received_at: datetime) -> None:
        """Keep pushes as they came; one that is there already stays as it is."""
        rows = [
            {
                "platform": one.source.platform,
                "source": one.source.name,
                "uid": one.uid,
                "kind": one.kind,
                "content_type": one.content_type,
                "body": one.body,
                "state": PushState.WAITING.value,
                "events": 0,
                "tries": 0,
                "received_at": received_at,
                "due_at": received_at,
            }
            for one in fresh
        ]
        statement = insert(self._connection, pushes).on_conflict_do_nothing(index_elements=["platform", "source", "uid"])
        await self._connection.execute(statement, rows)

    async def due(self, now: datetime, limit: int) -> list[StoredPush]:
        """Pushes that wait to be translated, the oldest first."""
        wanted = select(pushes).where(_WAITING, pushes.c.due_at <= now).order_by(pushes.c.due_at, pushes.c.id).limit(limit)
        return [
            StoredPush(
                id=row.id,
                source=SourceName(row.platform, row.source),
                kind=row.kind,
                content_type=row.content_type,
                body=row.body or b"",
                received_at=row.received_at,
                tries=row.tries,
            )
            for row in await self._connection.execute(wanted)
        ]

    async def settle(self, settled: Sequence[Settled], at: datetime) -> None:
        for one in settled:
            kept = {} if one.keeps_body else {"body": None}
            change = update(pushes).where(pushes.c.id == one.id, _WAITING)
            await self._connection.execute(
                change.values(state=one.state.value, events=one.events, words=one.words, settled_at=at, due_at=None, **kept)
            )

    async def put_off(self, ids: Collection[int], until: datetime, words: str) -> None:
        """They are tried again later: what they need cannot be read now."""
        change = update(pushes).where(pushes.c.id.in_(ids), _WAITING)
        await self._connection.execute(change.values(due_at=until, tries=pushes.c.tries + 1, words=words))

    async def put_off_again(self, source: SourceName, until: datetime) -> None:
        """What was put off before is not tried until then either."""
        theirs = (pushes.c.platform == source.platform) & (pushes.c.source == source.name)
        change = update(pushes).where(theirs, _WAITING, pushes.c.tries > 0, pushes.c.due_at < until)
        await self._connection.execute(change.values(due_at=until))

    async def again(self, ids: Collection[int], now: datetime) -> int:
        """Translate pushes that were not understood once more; answers how many there were."""
        wrong = pushes.c.id.in_(ids) & (pushes.c.state == PushState.NOT_UNDERSTOOD.value) & pushes.c.body.is_not(None)
        change = update(pushes).where(wrong).values(state=PushState.WAITING.value, due_at=now, settled_at=None, words=None)
        return (await self._connection.execute(change)).rowcount

    async def lines(self, platform: str | None, source: str | None, state: PushState | None, limit: int) -> list[PushLine]:
        """The newest first; each filter counts by itself."""
        wanted = select(pushes).order_by(pushes.c.id.desc()).limit(limit)
        if platform is not None:
            wanted = wanted.where(pushes.c.platform == platform)
        if source is not None:
            wanted = wanted.where(pushes.c.source == source)
        if state is not None:
            wanted = wanted.where(pushes.c.state == state.value)
        return [
            PushLine(
                id=row.id,
                source=SourceName(row.platform, row.source),
                kind=row.kind,
                state=PushState(row.state),
                words=row.words,
                events=row.events,
                received_at=row.received_at,
                settled_at=row.settled_at,
            )
            for row in await self._connection.execute(wanted)
        ]

    async def body(self, push_id: int) -> bytes | None:
        return (await self._connection.execute(select(pushes.c.body).where(pushes.c.id == push_id))).scalar_one_or_none()

    async def not_understood(self, source: SourceName, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(id, body) of pushes of a source that were kept as they came, in the order of their ids."""
        theirs = (pushes.c.platform == source.platform) & (pushes.c.source == source.name) & (pushes.c.id > after)
        kept = pushes.c.body.is_not(None) & (pushes.c.state == PushState.NOT_UNDERSTOOD.value)
        rows = await self._connection.execute(
            select(pushes.c.id, pushes.c.body).where(theirs, kept).order_by(pushes.c.id).limit(limit)
        )
        return [(row.id, row.body) for row in rows]

    async def drop_bodies(self, ids: Collection[int], words: str) -> None:
        """Of pushes that were not understood; that they came stays known."""
        if ids:
            await self._connection.execute(update(pushes).where(pushes.c.id.in_(ids)).values(body=None, words=words))

    async def traffic(self, since: datetime) -> dict[SourceName, Traffic]:
        """Pushes since a time, and in the week up to its last one, of every source that has any: always three questions."""
        whose = (pushes.c.platform, pushes.c.source)
        before = func.lag(pushes.c.received_at).over(partition_by=whose, order_by=pushes.c.received_at)
        gap = type_coerce(pushes.c.received_at, BigInteger) - type_coerce(before, BigInteger)  # microseconds
        last = await self._times(func.max(pushes.c.received_at))
        read = [
            (pushes.c.platform == one.platform)
            & (pushes.c.source == one.name)
            & (pushes.c.received_at >= min(since, at - TRAFFIC_WINDOW))
            for one, at in last.items()
        ]
        newest = func.max(pushes.c.received_at).over(partition_by=whose)
        of_the_week = type_coerce(newest, BigInteger) - type_coerce(pushes.c.received_at, BigInteger) <= _WEEK
        columns = (
            gap.label("gap"),
            pushes.c.state,
            (pushes.c.received_at >= since).label("lately"),
            of_the_week.label("of_the_week"),
        )
        gaps = select(*whose, *columns).where(or_(false(), *read)).subquery()
        counted = (
            func.max(case((gaps.c.of_the_week, gaps.c.gap))).label("gap"),
            func.sum(_one_if(gaps.c.of_the_week)).label("usual"),
            func.sum(_one_if(gaps.c.lately)).label("number"),
            func.sum(_one_if(gaps.c.lately & (gaps.c.state == PushState.NOT_UNDERSTOOD.value))).label("not_understood"),
            func.sum(_one_if(gaps.c.lately & (gaps.c.state == PushState.WAITING.value))).label("waiting"),
        )
        grouped = select(gaps.c.platform, gaps.c.source, *counted).group_by(gaps.c.platform, gaps.c.source)
        lately = {SourceName(row.platform, row.source): row for row in await self._connection.execute(grouped)}
        oldest = await self._times(func.min(pushes.c.received_at), _WAITING)
        return {source: _traffic(lately.get(source), at, oldest.get(source)) for source, at in last.items()}

    async def _times(self, time: ColumnElement[datetime], *where: ColumnElement[bool]) -> dict[SourceName, datetime]:
        whose = (pushes.c.platform, pushes.c.source)
        rows = await self._connection.execute(select(*whose, time).where(*where).group_by(*whose))
        return {SourceName(row[0], row[1]): row[2] for row in rows}

    async def remove(self, before: datetime) -> int:
        """Pushes that were settled long ago; answers how many."""
        old = select(pushes.c.id).where(pushes.c.settled_at < before).order_by(pushes.c.settled_at).limit(ROWS)
        ids = list((await self._connection.execute(old)).scalars())
        if ids:
            await self._connection.execute(delete(pushes).where(pushes.c.id.in_(ids)))
        return len(ids)

    # -- what was seen -----------------------------------------------------------------------------------------------------

    async def seen(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Remembered]:
        """(shop, thing) -> what was seen of it last."""
        found: dict[tuple[str, str], Remembered] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = wanted[start : start + _KEYS_AT_ONCE]
            rows = await self._connection.execute(
                select(source_seen).where(tuple_(source_seen.c.shop_id, source_seen.c.key).in_(some))
            )
            found |= {(row.shop_id, row.key): Remembered(row.state, row.as_of) for row in rows}
        return found

    async def remember(self, known: Mapping[tuple[str, str], Remembered]) -> None:
        """What is newer than what is known; an older scan that ended later changes nothing."""
        if not known:
            return
        statement = insert(self._connection, source_seen)
        newer = {"state": statement.excluded.state, "as_of": statement.excluded.as_of}
        statement = statement.on_conflict_do_update(
            index_elements=["shop_id", "key"], set_=newer, where=source_seen.c.as_of <= statement.excluded.as_of
        )
        rows = [{"shop_id": shop, "key": key, "state": one.state, "as_of": one.as_of} for (shop, key), one in known.items()]
        await self._connection.execute(statement, rows)

    async def keys_after(self, shop_ids: Collection[str], prefix: str, after: str, limit: int) -> list[tuple[str, str]]:
        """(shop, key) of the next things whose key begins so, in the order of their keys."""
        wanted = select(source_seen.c.shop_id, source_seen.c.key).where(
            source_seen.c.shop_id.in_(shop_ids), source_seen.c.key > max(after, prefix), source_seen.c.key < f"{prefix}\x7f"
        )
        rows = await self._connection.execute(wanted.order_by(source_seen.c.key).limit(limit))
        return [(row.shop_id, row.key) for row in rows]

    async def forget(self, keys: Collection[tuple[str, str]]) -> None:
        """Nothing is remembered of these things."""
        if keys:
            theirs = tuple_(source_seen.c.shop_id, source_seen.c.key).in_(list(keys))
            await self._connection.execute(delete(source_seen).where(theirs))

    # -- scans -----------------------------------------------------------------------------------------------------------

    async def scan(self, source: SourceName) -> Scan:
        theirs = (source_scans.c.platform == source.platform) & (source_scans.c.source == source.name)
        doc = (await self._connection.execute(select(source_scans.c.doc).where(theirs))).scalar_one_or_none()
        return Scan() if doc is None else codec.decode(doc, Scan)

    async def scans(self, sources: Collection[SourceName]) -> dict[SourceName, Scan]:
        """Of those sources of which a scan was begun."""
        rows = await self._connection.execute(select(source_scans)) if sources else ()
        wanted = set(sources)
        named = ((SourceName(row.platform, row.source), row.doc) for row in rows)
        return {source: codec.decode(doc, Scan) for source, doc in named if source in wanted}

    async def save_scan(self, source: SourceName, scan: Scan) -> None:
        statement = insert(self._connection, source_scans)
        row = {"platform": source.platform, "source": source.name, "doc": codec.encode(scan)}
        changed = {"doc": statement.excluded.doc}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["platform", "source"], set_=changed), [row])


def _traffic(lately: Row[Any] | None, last: datetime, oldest: datetime | None) -> Traffic:
    if lately is None:
        return Traffic(last_at=last, oldest_waiting_at=oldest)
    return Traffic(
        last_at=last,
        longest_gap=timedelta(microseconds=int(lately.gap or 0)),
        usual=int(lately.usual or 0),
        pushes=int(lately.number or 0),
        not_understood=int(lately.not_understood or 0),
        waiting=int(lately.waiting or 0),
        oldest_waiting_at=oldest,
    )


def _one_if(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return case((holds, 1), else_=0)
