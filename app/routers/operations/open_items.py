"""What waits beside parked items and queues, on the wire (R91)."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.domain.operations.open_items.items import OpenItem
from app.domain.operations.open_items.words import OpenKind


class OpenItemOut(BaseModel):
    """Things of one kind that wait, of one shop or one panel."""

    kind: OpenKind = Field(
        description="What they wait for: `decision`, `delivery`, their `order`, a `cart` at rest, the shop to be switched on "
        "(`held`), the person's `click`, or a person (`hand_work`, `conflict`, `backfill`, `difference`); or what is wrong with a "
        "panel: `push` (to be read), `push_not_understood`, `pushes_silent`, `scan_late`.",
        examples=["order"],
    )
    about: str = Field(description="The shop's id, or platform and number of a panel.", examples=["shop1"])
    number: int = Field(description="How many there are.", examples=[2])
    at_least: bool = Field(description="There are more: not all of them were counted.", examples=[False])
    since: datetime | None = Field(
        description="Since when the oldest of them waits, where that is known.", examples=["2026-11-23T09:15:00Z"]
    )
    cause: str = Field(description="What the other side last said.", examples=[""])
    why: str = Field(description="What it is.", examples=["Events are stored and not decided yet."])
    why_pl: str = Field(description="The same in Polish.", examples=["Zdarzenia są zapisane, ale jeszcze nierozpatrzone."])
    what_to_do: str = Field(description="What to do about it.", examples=["Nothing."])
    what_to_do_pl: str = Field(description="The same in Polish.", examples=["Nic."])

    @classmethod
    def of(cls, item: OpenItem) -> "OpenItemOut":
        words = item.explanation
        return cls(
            kind=item.kind,
            about=item.about,
            number=item.number,
            at_least=item.is_at_least,
            since=item.since,
            cause=item.cause,
            why=words.why,
            why_pl=words.why_pl,
            what_to_do=words.what_to_do,
            what_to_do_pl=words.what_to_do_pl,
        )
