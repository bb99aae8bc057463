"""What the gateway sends of its own accord, for the documentation: notices to a shop's address, and alarms to an operator's.

`clients/shop_webhook.py` and `clients/alarm_webhook.py` send them; a test holds these models to what they send.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field

webhooks = APIRouter()
"""Never mounted: others serve these addresses."""

MessageId = Annotated[
    str,
    Header(
        alias="webhook-id",
        description="Name of the notice: the same on every try, so you can tell a repetition.",
        examples=["shop1-4711"],
    ),
]
SentAt = Annotated[
    str,
    Header(
        alias="webhook-timestamp",
        description="When this try was made, in seconds since 1970. Refuse what is more than five minutes off your clock.",
        examples=["1795770900"],
    ),
]
Signature = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="`v1,` and the base64 of HMAC-SHA-256 "
        "over `{webhook-id}.{webhook-timestamp}.{body}`, with the secret without its "
        "`whsec_`, decoded from base64. Compare it in constant time, over the raw body.",
        examples=["v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="],
    ),
]


class ChannelChange(BaseModel):
    """What a person did with one newsletter."""

    status: Literal["opt_in", "opt_out"] = Field(description="How it should be now.", examples=["opt_out"])
    acted_at: datetime = Field(description="When the person did it.", examples=["2026-11-23T09:15:00+00:00"])


class ChangedChannels(BaseModel):
    """The newsletters that changed; those that did not are missing."""

    model_config = ConfigDict(extra="forbid")

    email: ChannelChange | None = Field(default=None, description="The e-mail newsletter.")
    sms: ChannelChange | None = Field(default=None, description="The SMS newsletter.", examples=[None])


class NewsletterChange(BaseModel):
    """Who did what in SALESmanago."""

    model_config = ConfigDict(extra="forbid")

    shop: str = Field(description="The shop's id in the gateway.", examples=["shop1"])
    email: str = Field(description="The person's address.", examples=["ewa.nowak@example.com"])
    customer_id: str | None = Field(default=None, description="Number of the account, if the person has one.", examples=["1235"])
    phone: str | None = Field(default=None, description="The person's number, if it is known.", examples=["+48600100200"])
    channels: ChangedChannels = Field(description="The newsletters that changed.")


class NewsletterChanged(BaseModel):
    """Somebody opted in or out in SALESmanago."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["newsletter.changed"] = Field(description="The kind of notice.", examples=["newsletter.changed"])
    timestamp: datetime = Field(description="When the notice was made.", examples=["2026-11-23T09:15:01+00:00"])
    data: NewsletterChange = Field(description="What it says.")


class TagPoints(BaseModel):
    """A tag with its points in SALESmanago."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="The tag as it should stand on the customer in the shop.", examples=["salesmanago_shop1_koszyk"])
    points: int = Field(description="Its points (score) in SALESmanago.", examples=[4])


class TagChange(BaseModel):
    """Which tags a customer should carry."""

    model_config = ConfigDict(extra="forbid")

    shop: str = Field(description="The shop's id in the gateway.", examples=["shop1"])
    email: str = Field(description="The person's address.", examples=["jan.kowalski@example.com"])
    customer_id: str | None = Field(default=None, description="Number of the account, if the person has one.", examples=["1234"])
    tags: list[TagPoints] = Field(description="Tags the customer should carry, with their points.")
    removed: list[str] = Field(description="Tags that are gone.", examples=[["salesmanago_shop1_menu1"]])
    complete: bool = Field(
        description="`true`: these are all; other tags with your shop's prefix (`salesmanago_shop1_`) do not belong there.",
        examples=[True],
    )


class TagsChanged(BaseModel):
    """Tags or points of a contact changed in SALESmanago."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["tags.changed"] = Field(description="The kind of notice.", examples=["tags.changed"])
    timestamp: datetime = Field(description="When the notice was made.", examples=["2026-11-23T09:15:01+00:00"])
    data: TagChange = Field(description="What it says.")


class ErasureElsewhere(BaseModel):
    """Whom another shop of the account erased."""

    model_config = ConfigDict(extra="forbid")

    shop: str = Field(description="The shop's id in the gateway: yours.", examples=["shop2"])
    email: str = Field(description="The person's address.", examples=["jan.kowalski@example.com"])
    customer_id: str | None = Field(default=None, description="Number of the account, if the person has one.", examples=["1234"])
    erased_by: str = Field(description="Id of the shop that was asked to erase.", examples=["shop1"])
    erased_at: datetime = Field(description="When it was asked.", examples=["2026-11-23T09:15:00+00:00"])


class ErasedElsewhere(BaseModel):
    """Another shop of the same SALESmanago account erased a person whom your shop knows."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["contact.erased_elsewhere"] = Field(description="The kind of notice.", examples=["contact.erased_elsewhere"])
    timestamp: datetime = Field(description="When the notice was made.", examples=["2026-11-23T09:15:01+00:00"])
    data: ErasureElsewhere = Field(description="What it says.")


class AlarmData(BaseModel):
    """What is wrong, and with whom."""

    model_config = ConfigDict(extra="forbid")

    concerns: str = Field(description="A shop, a destination, a source or a key; empty = everybody.", examples=["shop1"])
    what: str = Field(description="Stable name of the alarm.", examples=["events_late"])
    words: str = Field(description="The alarm in a sentence.", examples=["The oldest waiting event is later than promised."])
    words_pl: str = Field(description="`words` in Polish.", examples=["Najstarsze zdarzenie czeka dłużej, niż obiecano."])


class Alarm(BaseModel):
    """Something began to be wrong (`alarm.raised`), or is over (`alarm.over`)."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["alarm.raised", "alarm.over"] = Field(description="Whether it began or is over.", examples=["alarm.raised"])
    timestamp: datetime = Field(description="When the notice was made.", examples=["2026-11-23T09:15:01+00:00"])
    data: AlarmData = Field(description="What it says.")


_ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Also 410, 413 and 422: you read it and will not take it. It waits for a person in the hand-work list."},
    503: {"description": "And everything else, no answer included: it is sent again, after growing pauses, for up to seven days."},
}
_TAKEN = "Any 2xx: taken. Answer within 30 seconds; work afterwards if it takes long."


@webhooks.post(
    "newsletter.changed", status_code=204, summary="A newsletter changed", response_description=_TAKEN, responses=_ANSWERS
)
async def newsletter_changed(body: NewsletterChanged, message: MessageId, at: SentAt, signature: Signature) -> None:
    """To the address of a shop with `[panel] kind = "webhook"`, signed after Standard Webhooks with the shop's own secret.

    Somebody opted in or out in SALESmanago: write it into your newsletter, unless the person did something newer in the shop.
    """


@webhooks.post("tags.changed", status_code=204, summary="Tags changed", response_description=_TAKEN, responses=_ANSWERS)
async def tags_changed(body: TagsChanged, message: MessageId, at: SentAt, signature: Signature) -> None:
    """To the same address: the tags and points that a customer has in SALESmanago, under the names they have in the shop."""


@webhooks.post(
    "contact.erased_elsewhere",
    status_code=204,
    summary="Another shop erased a person",
    response_description=_TAKEN,
    responses=_ANSWERS,
)
async def erased_elsewhere(body: ErasedElsewhere, message: MessageId, at: SentAt, signature: Signature) -> None:
    """To the same address: the contact that your shop shared with another is gone from SALESmanago. Decide about your own data.

    Nothing of your shop's was erased here. If the person wants that too, post an erasure for your shop.
    """


@webhooks.post("alarm", status_code=204, summary="An alarm was raised, or is over", response_description="Any 2xx: taken.")
async def alarm(body: Alarm, message: MessageId, at: SentAt, signature: Signature) -> None:
    """To the operator's address `GATEWAY_ALARM_WEBHOOK_URL`, signed if `GATEWAY_ALARM_WEBHOOK_SECRET` is set."""
