"""What use cases ask of the shop's side: its panel, its webhook, or nobody."""

from datetime import datetime
from typing import Protocol

from app.domain.commands import MirrorTags, ReportErasure, SetSubscription
from app.domain.delivery.answers import Answer
from app.domain.runs.backfill import Listing


class ShopSide(Protocol):
    """A shop's panel, its webhook, or nothing at all. `number` names the command: the same again on every try."""

    async def set_subscription(self, command: SetSubscription, number: int) -> Answer: ...
    async def mirror_tags(self, command: MirrorTags, number: int) -> Answer: ...
    async def report_erasure(self, command: ReportErasure, number: int) -> Answer: ...
    async def is_overloaded(self) -> bool: ...
    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing: ...
