"""Every shop with its events by state, and why those that were not sent were not (R92)."""

from typing import Literal

from pydantic import BaseModel, Field

from app.domain.operations.history import NotSent
from app.routers.operations.event_traces import ReasonOut
from app.routers.operations.health import ShopReadiness
from app.services.health.health import Report


class NotSentOut(BaseModel):
    """Events of the last 14 days that are withheld, or parked, for one reason."""

    state: Literal["withheld", "parked"] = Field(description="`withheld`, or `parked` until somebody acts.", examples=["withheld"])
    reason: ReasonOut = Field(description="Why.")
    last_7_days: int = Field(description="Events that came in the last 7 days, today among them.", examples=[12])
    last_14_days: int = Field(description="Events that came in the last 14 days.", examples=[30])
    days: list[int] = Field(
        description="How many came in on each of these 14 days, as the shop's time zone counts days; today is the last.",
        examples=[[2, 3, 2, 1, 4, 3, 3, 2, 2, 1, 3, 2, 1, 1]],
    )

    @classmethod
    def of(cls, one: NotSent) -> "NotSentOut":
        return cls(
            state="parked" if one.state == "parked" else "withheld",
            reason=ReasonOut.explaining(one.reason),
            last_7_days=one.last_week,
            last_14_days=one.total,
            days=list(one.days),
        )


class ShopStateOut(ShopReadiness):
    """Whether it is let through, and its events by state. `held`: of a disabled shop, released when it is enabled."""

    events: dict[str, int] = Field(
        description="How many events are in which state.",
        examples=[{"sent": 10412, "withheld": 230, "superseded": 118, "parked": 0}],
    )
    not_sent: list[NotSentOut] = Field(
        description="Why events of the last 14 days were not sent: what is parked first, then the most frequent reason."
    )


def shop_states_of(report: Report) -> list[ShopStateOut]:
    return [
        ShopStateOut(
            **ShopReadiness.of(shop).model_dump(),
            events=shop.events,
            not_sent=[NotSentOut.of(one) for one in report.not_sent.get(shop.shop_id, [])],
        )
        for shop in report.shops
    ]
