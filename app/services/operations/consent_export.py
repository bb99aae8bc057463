"""Write down the acts of a planning round, and show what was written (B7, B8)."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from app.domain.event_kinds.stored_names import stored_name
from app.domain.event_kinds.subjects import email_of
from app.domain.intake.inbox import InboxEvent
from app.domain.person.consent_ledger import Act, End, Entry, acts, details_of, digest_of_details, joined
from app.domain.person.contact import Contact, is_forgotten
from app.domain.person.ledger_anchor import Anchor, Head, fits, grown, head_of, is_whole
from app.services.operations.ledger_check import seal_of
from app.services.planning.event_ids import disguised, names_somebody
from app.services.planning.people import Pseudonym, WorkingContact
from app.services.ports.people import ConsentLedger, LedgerAnchors
from app.services.ports.storage import Store

log = structlog.get_logger(__name__)

_NO_END = End()
"""Of a chain that is not there yet."""


class Consents:
    """The acts of one planning round."""

    def __init__(self, pseudonym: Pseudonym) -> None:
        self._pseudonym = pseudonym
        self._seal = seal_of(pseudonym)
        self._noted: list[tuple[InboxEvent, WorkingContact, Act]] = []
        self._continued: set[int] = set()
        """Contacts who acted and may have a chain already: who was not stored yet has none."""

    def note(self, event: InboxEvent, person: WorkingContact, before: Contact) -> None:
        """Nothing is noted of somebody who was erased: there is nobody left whose act it could be."""
        if person.contact.erased or is_forgotten(event.event, before):
            return
        noted = [(event, person, act) for act in acts(event.event, before, person.contact)]
        if person.joined_from is not None:
            noted += [(event, person, act) for act in joined(person.joined_from, before)]
        self._noted += noted
        if noted and person.id is not None:
            self._continued.add(person.id)

    async def save(self, ledger: ConsentLedger, anchors: LedgerAnchors, at: datetime) -> None:
        """Append what is not written yet. People must have been saved. The same act, reported again, is one act."""
        noted = [one for one in self._noted if one[1].id is not None and not one[1].contact.erased]
        if not noted:
            return
        ends: dict[int, End] = {}
        written: set[tuple[int, str, str, datetime]] = set()
        for line in await ledger.lines(self._continued):
            ends[line.contact_id] = End(ends.get(line.contact_id, _NO_END).lines + 1, line.digest)
            written.add((line.contact_id, line.matter, line.kind, line.acted_at))
        former = dict(ends)
        fresh: list[tuple[int, str, Entry]] = []
        for (event, person, act), salt in zip(noted, _salts(len(noted)), strict=True):
            contact_id = person.saved_id
            this = (contact_id, act.matter, act.kind, act.at)
            if this in written:
                continue
            entry = self._entry(ends.get(contact_id, _NO_END), event, act, at, salt)
            written.add(this)
            ends[contact_id] = entry.end
            fresh.append((contact_id, person.shop_id, entry))
        if fresh:
            await ledger.append(fresh)
            await self._anchor(anchors, {contact_id: shop_id for contact_id, shop_id, _ in fresh}, former, ends)

    async def _anchor(
        self, anchors: LedgerAnchors, shops: Mapping[int, str], former: Mapping[int, End], ends: Mapping[int, End]
    ) -> None:
        """Say how long the chains are now, by contact. One that was cut before keeps the head it had, which goes on saying so."""
        heads = await anchors.heads(shops.keys() & former.keys())
        stood = await anchors.anchors_to_change(set(shops.values()))
        changes: dict[str, list[tuple[Head | None, Head]]] = {}
        for contact_id, shop_id in shops.items():
            before = heads.get(contact_id)
            if contact_id in former and (before is None or not fits(before, former[contact_id], self._seal)):
                log.error("ledger_cut", shop_id=shop_id, contact_id=contact_id)
                continue
            changes.setdefault(shop_id, []).append((before, head_of(contact_id, shop_id, ends[contact_id], self._seal)))
        grew = [grown(stood.get(shop_id) or Anchor(shop_id=shop_id), found, self._seal) for shop_id, found in changes.items()]
        await anchors.save([head for found in changes.values() for _, head in found], grew)

    def _entry(self, end: End, event: InboxEvent, act: Act, at: datetime, salt: str) -> Entry:
        email = email_of(event.event) or ""
        details = details_of(email, act.evidence, salt)
        return Entry(
            number=end.lines + 1,
            subject=self._pseudonym(event.shop_id, email),
            matter=act.matter,
            kind=act.kind,
            acted_at=act.at.astimezone(UTC),
            recorded_at=at,
            source=stored_name(event.event),
            event_id=self._id(event),
            details=details,
            details_digest=digest_of_details(details),
            previous=end.digest,
        ).sealed()

    def _id(self, event: InboxEvent) -> str:
        """The line is sealed, and stays when the person is erased: no address may stand in it."""
        named = names_somebody(event.event_id)
        return disguised(self._pseudonym, event.shop_id, event.event_id) if named else event.event_id


def _salts(number: int) -> Iterator[str]:
    """Sixteen random bytes each, in hex; the operating system is asked once."""
    drawn = secrets.token_bytes(16 * number).hex()
    return (drawn[at : at + 32] for at in range(0, len(drawn), 32))


@dataclass(frozen=True)
class ConsentExport:
    """Everything written down about a person, and whether the chain is whole."""

    entries: tuple[Entry, ...]
    intact: bool


class ConsentReader:
    def __init__(self, store: Store, pseudonym: Pseudonym) -> None:
        self._store = store
        self._pseudonym = pseudonym
        self._seal = seal_of(pseudonym)

    async def export(self, shop_id: str, email: str) -> list[ConsentExport]:
        """The chains of those who have, or had, the address in a shop; found by hash, so also after an erasure."""
        async with self._store.work() as work:
            chains = await work.consents.of_subject(shop_id, self._pseudonym(shop_id, email))
            heads = await work.anchors.heads(chains)
        return [ConsentExport(tuple(chain), is_whole(heads.get(one), chain, self._seal)) for one, chain in chains.items()]
