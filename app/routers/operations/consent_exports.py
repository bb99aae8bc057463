"""The consent ledger on the wire."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.domain.event_parts import Origin
from app.domain.person.act_origin import origin_of
from app.domain.person.consent_ledger import Entry
from app.services.operations.consent_export import ConsentExport


class ConsentEntryOut(BaseModel):
    """A line of the consent ledger. `digest` seals all of it and, through `previous`, every line before."""

    number: int = Field(description="Its place in the ledger.", examples=[41])
    matter: str = Field(description="email, sms or transfer", examples=["email"])
    act: str = Field(description="opt_in, opt_in_requested, opt_out, removed_by_staff, granted or withdrawn", examples=["opt_in"])
    acted_at: datetime = Field(description="When it really happened.", examples=["2026-11-23T08:05:00Z"])
    recorded_at: datetime = Field(description="When it was written down.", examples=["2026-11-23T08:05:01Z"])
    source: str = Field(description="How we know: the kind of event.", examples=["Subscribed"])
    event_id: str = Field(description="The event by which it was reported.", examples=["newsletter-882"])
    origin: Origin | None = Field(
        description="Who or what changed a newsletter, as far as anybody says it: SALESmanago calls back for a click and for "
        "staff, and does not say which. null for the transfer, and where the event that reported it was erased.",
        examples=["click_or_staff"],
    )
    details: dict[str, str] | None = Field(
        description="Wording, page, network address; null once the person was erased.",
        examples=[{"text_version": "newsletter-2026-03", "ip": "192.0.2.10"}],
    )
    subject: str = Field(
        description="Keyed hash of the person's address: the same in every line of the person.",
        examples=["9a0364b9e99bb480dd25e1f0284c8555c8a1b2f9d0e5b1d5a0b1a7d1d2b8f2d4"],
    )
    details_digest: str = Field(
        description="SHA-256 of the details; stays when they are erased.",
        examples=["9a0364b9e99bb480dd25e1f0284c8555c8a1b2f9d0e5b1d5a0b1a7d1d2b8f2d4"],
    )
    previous: str = Field(
        description="`digest` of the line before.", examples=["9a0364b9e99bb480dd25e1f0284c8555c8a1b2f9d0e5b1d5a0b1a7d1d2b8f2d4"]
    )
    digest: str = Field(
        description="Seals this line and all before it.",
        examples=["9a0364b9e99bb480dd25e1f0284c8555c8a1b2f9d0e5b1d5a0b1a7d1d2b8f2d4"],
    )

    @classmethod
    def of(cls, entry: Entry) -> "ConsentEntryOut":
        return cls(
            number=entry.number,
            matter=entry.matter.value,
            act=entry.kind.value,
            acted_at=entry.acted_at,
            recorded_at=entry.recorded_at,
            source=entry.source,
            event_id=entry.event_id,
            origin=origin_of(entry),
            details=None if entry.details is None else dict(entry.details),
            subject=entry.subject,
            details_digest=entry.details_digest,
            previous=entry.previous,
            digest=entry.digest,
        )


class ConsentChainOut(BaseModel):
    """The consents of one address, as sealed lines."""

    intact: bool = Field(description="Every line seals itself, its details and the one before it.", examples=[True])
    entries: list[ConsentEntryOut] = Field(description="The person's lines, the oldest first.")

    @classmethod
    def of(cls, chain: ConsentExport) -> "ConsentChainOut":
        return cls(intact=chain.intact, entries=[ConsentEntryOut.of(entry) for entry in chain.entries])
