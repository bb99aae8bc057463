"""Send parcels: look where an outcome is unknown, then contacts, then what happened to them, then deletions."""

from collections.abc import Sequence

from app.domain.commands import UpsertContact
from app.domain.delivery import Bundle, Delivered, addresses, keeps_event_id, still_missing, within_limits
from app.services.parcels import Parcel, is_delivered, is_refused_whole
from app.services.ports import Upstream

UPSERTS_PER_CALL = 200
EVENTS_PER_CALL = 400


async def send(upstream: Upstream, parcels: Sequence[Parcel]) -> None:
    """Fill in what each part of the parcels came to. Parts that were not tried stay without an answer."""
    await _look_where_unknown(upstream, parcels)
    await _send_upserts(upstream, parcels)
    await _send_events(upstream, parcels)
    for parcel in parcels:
        if parcel.bundle.deletion is not None:
            parcel.deletion = await upstream.delete(parcel.bundle.deletion)


async def _look_where_unknown(upstream: Upstream, parcels: Sequence[Parcel]) -> None:
    """R28: tags, renames and events with unknown outcome are read back, and only what is missing is sent."""
    unsure = [parcel for parcel in parcels if any(one.maybe_sent for one in parcel.claim.commands)]
    unsure = [parcel for parcel in unsure if parcel.bundle.deletion is None]
    if not unsure:
        return
    seen = await upstream.look_up({email for parcel in unsure for email in addresses(parcel.bundle)})
    for parcel in unsure:
        if not isinstance(seen.answer.outcome, Delivered):
            parcel.stopped = seen.answer
            continue
        theirs = {email: seen.contacts[email] for email in addresses(parcel.bundle) if email in seen.contacts}
        missing = still_missing(parcel.bundle, theirs)
        parcel.found = {at for at, event in enumerate(parcel.bundle.events) if event not in missing.events}
        parcel.bundle = Bundle(missing.upsert, parcel.bundle.events, None)


async def _send_upserts(upstream: Upstream, parcels: Sequence[Parcel]) -> None:
    waiting = []
    for parcel in parcels:
        if parcel.stopped is not None:
            continue
        parcel.upsert_settled = parcel.bundle.upsert is None
        if parcel.bundle.upsert is not None:
            waiting.append((parcel, list(within_limits(parcel.bundle.upsert))))
    while waiting:
        step = [(parcel, parts.pop(0)) for parcel, parts in waiting]
        for start in range(0, len(step), UPSERTS_PER_CALL):
            await _send_upsert_batch(upstream, step[start : start + UPSERTS_PER_CALL])
        for parcel, parts in waiting:
            parcel.upsert_settled = is_delivered(parcel.upsert) and not parts
        waiting = [(parcel, parts) for parcel, parts in waiting if parts and is_delivered(parcel.upsert)]


async def _send_upsert_batch(upstream: Upstream, batch: list[tuple[Parcel, UpsertContact]]) -> None:
    """Single when quiet, one job under backlog; a refused batch is halved until the culprit stands alone."""
    if len(batch) == 1:
        parcel, part = batch[0]
        parcel.upsert = await upstream.upsert(part)
        return
    answer = await upstream.upsert_many([part for _, part in batch])
    if is_refused_whole([answer.outcome]):
        half = len(batch) // 2
        await _send_upsert_batch(upstream, batch[:half])
        await _send_upsert_batch(upstream, batch[half:])
        return
    for parcel, _ in batch:
        parcel.upsert = answer


async def _send_events(upstream: Upstream, parcels: Sequence[Parcel]) -> None:
    """Events follow their contact, in its order: in each step every contact sends its next run of like events."""
    queues = [
        (parcel, [at for at in range(len(parcel.bundle.events)) if at not in parcel.found])
        for parcel in parcels
        if parcel.upsert_settled
    ]
    while queues := [(parcel, positions) for parcel, positions in queues if positions]:
        singles: list[tuple[Parcel, int]] = []
        together: list[tuple[Parcel, int]] = []
        for parcel, positions in queues:
            if keeps_event_id(parcel.bundle.events[positions[0]]):
                singles.append((parcel, positions.pop(0)))
                continue
            while positions and not keeps_event_id(parcel.bundle.events[positions[0]]):
                together.append((parcel, positions.pop(0)))
        for parcel, at in singles:
            parcel.events[at] = await upstream.add_event(parcel.bundle.events[at])
        for start in range(0, len(together), EVENTS_PER_CALL):
            await _send_event_batch(upstream, together[start : start + EVENTS_PER_CALL])
        queues = [(parcel, positions) for parcel, positions in queues if parcel.events_may_go]


async def _send_event_batch(upstream: Upstream, batch: list[tuple[Parcel, int]]) -> None:
    if len(batch) == 1:
        parcel, at = batch[0]
        parcel.events[at] = await upstream.add_event(parcel.bundle.events[at])
        return
    answers = await upstream.add_events([parcel.bundle.events[at] for parcel, at in batch])
    if is_refused_whole([answer.outcome for answer in answers]):
        half = len(batch) // 2
        await _send_event_batch(upstream, batch[:half])
        await _send_event_batch(upstream, batch[half:])
        return
    for (parcel, at), answer in zip(batch, answers, strict=True):
        parcel.events[at] = answer
