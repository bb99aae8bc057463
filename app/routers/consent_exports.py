"""The consent ledger on the wire."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.domain.person.consent_ledger import Entry
from app.services.operations.consent_export import ConsentExport


class ConsentEntryOut(BaseModel):
    """A line of the consent ledger. `digest` seals all of it and, through `previous`, every line before."""

    number: int
    matter: str = Field(description="email, sms or transfer", examples=["email"])
    act: str = Field(description="opt_in, opt_out, removed_by_staff, granted or withdrawn", examples=["opt_in"])
    acted_at: datetime = Field(description="When it really happened.")
    recorded_at: datetime
    source: str = Field(description="How we know: the kind of event.", examples=["Subscribed"])
    event_id: str
    details: dict[str, str] | None = Field(description="Wording, page, network address; null once the person was erased.")
    subject: str
    details_digest: str
    previous: str
    digest: str

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
            details=None if entry.details is None else dict(entry.details),
            subject=entry.subject,
            details_digest=entry.details_digest,
            previous=entry.previous,
            digest=entry.digest,
        )


class ConsentChainOut(BaseModel):
    intact: bool = Field(description="Every line seals itself, its details and the one before it.")
    entries: list[ConsentEntryOut]

    @classmethod
    def of(cls, chain: ConsentExport) -> "ConsentChainOut":
        return cls(intact=chain.intact, entries=[ConsentEntryOut.of(entry) for entry in chain.entries])
