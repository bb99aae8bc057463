"""A panel that answers as it is told, and a client that talks to it."""

from typing import Any

from app.clients.idosell.client import IdosellPanel
from app.domain.commands import MirrorTags, SetSubscription
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.outcomes import Outcome
from app.domain.panel_tags import PanelTags
from tests.support.panel import JAN, NOW, Json


def news(email: Status | None = None, sms: Status | None = None, address: str = JAN) -> SetSubscription:
    said = [None if status is None else TimedStatus(status, NOW) for status in (email, sms)]
    return SetSubscription(email=address, email_news=said[0], phone_news=said[1])


IN, OUT = Status.OPT_IN, Status.OPT_OUT
STOP = news(OUT)


def wants(address: str = JAN, **tags: Any) -> MirrorTags:
    return MirrorTags(email=address, tags=PanelTags(**tags))


async def told(side: IdosellPanel, command: SetSubscription | MirrorTags, number: int = 7) -> Outcome:
    if isinstance(command, SetSubscription):
        return (await side.set_subscription(command, number)).outcome
    return (await side.mirror_tags(command, number)).outcome


WRITTEN = {"results": [{"resultStatus": True, "clientsResult": {"clientId": 1024}, "errors": []}]}


def page_of(*customers: Json) -> Json:
    return {"resultsPage": 0, "results": list(customers)}
