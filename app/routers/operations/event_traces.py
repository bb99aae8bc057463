"""What became of an event, on the wire: its reason, what it waits for, its commands and their attempts."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self, get_args

from pydantic import BaseModel, Field

from app.domain.commands import ErasedCommand, ShopCommand
from app.domain.delivery.outbox import CommandState
from app.domain.event_parts import Origin
from app.domain.intake.warnings import in_polish
from app.domain.operations.evidence import Evidence
from app.domain.operations.trace import CommandTrace, EventTrace, summarised
from app.domain.operations.waiting import Waiting
from app.domain.reasons import EXPLANATIONS, Reason


class ReasonOut(BaseModel):
    """Why, and what to do about it, for the merchant's staff."""

    code: str = Field(description="Stable name of the reason, for programs.", examples=["no_consent"])
    rule: str = Field(
        description="The rule it comes from, a number or a word like `delivery`: `/rules/R03` says what it means.", examples=["R03"]
    )
    why: str = Field(
        description="Why, in a sentence for the merchant's staff.",
        examples=["The shop sends only customers who consented while placing an order, and this person has not consented yet."],
    )
    what_to_do: str = Field(
        description="What to do about it.",
        examples=["Nothing. With the first order in which the person consents, everything true by then is transferred."],
    )
    why_pl: str = Field(
        description="`why` in Polish.",
        examples=[
            "Sklep przekazuje tylko klientów, którzy wyrazili zgodę przy składaniu zamówienia, a ta osoba jeszcze jej nie wyraziła."
        ],
    )
    what_to_do_pl: str = Field(
        description="`what_to_do` in Polish.",
        examples=["Nic. Z pierwszym zamówieniem złożonym ze zgodą zostanie przekazane wszystko, co wtedy będzie aktualne."],
    )

    @classmethod
    def of(cls, reason: Reason | None) -> "ReasonOut | None":
        return None if reason is None else cls.explaining(reason)

    @classmethod
    def explaining(cls, reason: Reason) -> "ReasonOut":
        return cls(code=reason.value, **vars(EXPLANATIONS[reason]))


class WaitingOut(BaseModel):
    """Why it still waits, and when it is tried next."""

    code: str = Field(
        description="Stable name of what it waits for: a reason, or "
        "`decided_next`, `installation_unconfirmed`, `neighbour_down`, `account_refused`, `tried_again`, "
        "`behind_earlier`, `sent_now`, `queued`.",
        examples=["neighbour_down"],
    )
    why: str = Field(
        description="Why it waits, in a sentence for the merchant's staff.",
        examples=[
            "The other side takes nothing at the moment, so everything for it waits. It is tried again by itself, and nothing is "
            "lost."
        ],
    )
    what_to_do: str = Field(
        description="What to do about it.",
        examples=["See whether the other side is in order; what it last answered stands with the destination."],
    )
    why_pl: str = Field(
        description="`why` in Polish.",
        examples=[
            "Druga strona chwilowo niczego nie przyjmuje, więc wszystko do niej czeka. Próby są ponawiane same, nic nie przepada."
        ],
    )
    what_to_do_pl: str = Field(
        description="`what_to_do` in Polish.",
        examples=["Sprawdź, czy druga strona działa; jej ostatnia odpowiedź jest przy miejscu docelowym."],
    )
    next_try_at: datetime | None = Field(description="Null if that does not depend on the time.", examples=["2026-11-23T09:20:00Z"])
    cause: str = Field(description="What the other side last answered, without addresses.", examples=["unreachable"])

    @classmethod
    def of(cls, waiting: Waiting | None) -> "WaitingOut | None":
        if waiting is None:
            return None
        words = {name: text for name, text in vars(waiting.explanation).items() if name != "rule"}
        return cls(code=waiting.code, next_try_at=waiting.next_try_at, cause=waiting.cause, **words)


class AttemptOut(BaseModel):
    """One call, and what it came to."""

    number: int = Field(description="Which try it is, from 1.", examples=[1])
    at: datetime = Field(description="When it was made.", examples=["2026-11-23T09:15:02Z"])
    outcome: str = Field(
        description="delivered, throttled, unreachable, unknown, refused, by_hand, moot or waits", examples=["delivered"]
    )
    detail: str = Field(description="The text of the answer, without addresses.", examples=[""])
    call: str | None = Field(description="None if a verification showed that it had arrived.", examples=["/api/contact/upsert"])
    milliseconds: int | None = Field(description="How long the answer took.", examples=[84])


class CommandOut(BaseModel):
    """One thing asked of SALESmanago, or of the shop's side."""

    to: str = Field(description="salesmanago or shop", examples=["salesmanago"])
    receipt: str | None = Field(description="For a change for the shop: when it was applied there.", examples=[None])

    command: str = Field(
        description="What is asked: `upsert_contact`, `add_event`, `delete_contact`, "
        "`confirm_opt_in`, `confirm_opt_out`, `set_subscription`, `mirror_tags` or `report_erasure`.",
        examples=["upsert_contact"],
    )
    summary: dict[str, Any] = Field(
        description="What it says: tags and statuses by name, personal fields by name only; `erased` once the person was.",
        examples=[
            {"fields": ["first_name", "last_name", "phone"], "add_tags": ["rejestracja", "Obuwie"], "email_status": "opt_in"}
        ],
    )
    state: str = Field(description="waiting, sent, parked or cancelled.", examples=["sent"])
    reason: ReasonOut | None = Field(description="Why it was cancelled or parked.", examples=[None])
    queued_at: datetime = Field(description="When it was put into the queue.", examples=["2026-11-23T09:15:01Z"])
    settled_at: datetime | None = Field(description="When it was done, or given up.", examples=["2026-11-23T09:15:02Z"])
    upstream_id: str | None = Field(
        description="SALESmanago's own id, if it gave one.", examples=["ded47013-4867-42f7-83fa-57ddc651f4a6"]
    )
    attempts: list[AttemptOut] = Field(
        description="The tries, the oldest first. Of several in a row that came to the same, the first and the last."
    )


Waits = Mapping[tuple[str, str], Waiting]
NOBODY_WAITS: Waits = MappingProxyType({})


class EvidenceOut(BaseModel):
    """Something the decision rests on: a consent, or another event of the order."""

    what: str = Field(description="A code; `…_never` and `own_answer` name what was not said.", examples=["transfer_granted"])
    words: str = Field(description="In English.", examples=["consent to the transfer given"])
    words_pl: str = Field(description="In Polish.", examples=["zgoda na przekazywanie danych"])
    at: datetime | None = Field(description="When it happened; null for what is not known.", examples=["2026-11-23T09:15:00Z"])
    event_id: str | None = Field(description="The event by which it was reported.", examples=["order-5501-placed"])
    source: str | None = Field(description="The kind of that event.", examples=["order"])
    origin: Origin | None = Field(
        description="Of a newsletter: who or what changed it, as far as anybody says it.", examples=["click_or_staff"]
    )

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        words, words_pl = evidence.words
        return cls(
            what=evidence.what,
            words=words,
            words_pl=words_pl,
            at=evidence.at,
            event_id=evidence.event_id,
            source=evidence.source,
            origin=evidence.origin,
        )


class EventOut(BaseModel):
    """The life of an event: received, decided, queued, tried, answered."""

    event_id: str = Field(description="As posted.", examples=["order-5501-placed"])
    type: str = Field(
        description="The kind of event, as in a batch, or what the gateway "
        "noticed itself: `account-listed`, `subscriber-listed`, `opt-in`, `opt-out` …",
        examples=["order"],
    )
    state: str = Field(description="received, planned, sent, withheld, superseded, parked or held", examples=["sent"])
    reason: ReasonOut | None = Field(description="Why nothing, or not everything, was sent.", examples=[None])
    detail: str | None = Field(description="More about that, if there is more.", examples=[None])
    evidence: list[EvidenceOut] = Field(description="What the decision rests on: which consent or which other event, and when.")
    waits: WaitingOut | None = Field(description="Why it still waits, as long as it is not at its end.", examples=[None])
    occurred_at: datetime = Field(description="When it happened, as the shop said.", examples=["2026-11-23T09:15:00Z"])
    received_at: datetime = Field(description="When it was stored.", examples=["2026-11-23T09:15:00.412Z"])
    decided_at: datetime | None = Field(
        description="When the rules decided; null as long as they have not.", examples=["2026-11-23T09:15:01Z"]
    )
    settled_at: datetime | None = Field(description="When it was at its end.", examples=["2026-11-23T09:15:02Z"])
    warnings: list[str] = Field(description="What was left out or changed, as in the receipt.", examples=[[]])
    warnings_pl: list[str] = Field(description="The same in Polish.", examples=[[]])
    commands: list[CommandOut] = Field(description="What is asked of SALESmanago and of the shop's side because of it.")

    @classmethod
    def of(cls, trace: EventTrace, waiting: Waits = NOBODY_WAITS) -> Self:
        return cls(
            waits=WaitingOut.of(waiting.get((trace.shop_id, trace.event_id))),
            event_id=trace.event_id,
            type=trace.type,
            state=trace.state.value,
            reason=ReasonOut.of(trace.reason),
            detail=trace.detail,
            evidence=[EvidenceOut.of(one) for one in trace.evidence],
            occurred_at=trace.occurred_at,
            received_at=trace.received_at,
            decided_at=trace.decided_at,
            settled_at=trace.settled_at,
            warnings=list(trace.warnings),
            warnings_pl=[in_polish(one) or one for one in trace.warnings],
            commands=[_command(command, trace.shop_id) for command in trace.commands],
        )


def _command(trace: CommandTrace, shop_id: str) -> CommandOut:
    kind, summary = summarised(trace.command)
    command = trace.command
    home = command.was in _HOME if isinstance(command, ErasedCommand) else isinstance(command, ShopCommand)
    receipt = None
    if home and trace.state == CommandState.SENT.value and trace.settled_at is not None:
        receipt = f"applied to {shop_id} at {trace.settled_at.isoformat(timespec='seconds')}"
    return CommandOut(
        to="shop" if home else "salesmanago",
        receipt=receipt,
        command=kind,
        summary=summary,
        state=trace.state,
        reason=ReasonOut.of(trace.reason),
        queued_at=trace.queued_at,
        settled_at=trace.settled_at,
        upstream_id=trace.upstream_id,
        attempts=[
            AttemptOut(
                number=one.number,
                at=one.at,
                outcome=one.outcome,
                detail=one.detail,
                call=one.path,
                milliseconds=one.milliseconds,
            )
            for one in trace.attempts
        ],
    )


_HOME = frozenset(kind.__name__ for kind in get_args(ShopCommand))
