"""What we send to the panel, in its own words (contract section 2). Its answers stand in `answers.py`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.clients.idosell.answers import TIME_FORMAT, JsonObject, PanelAccount
from app.domain.consent import Status, TimedStatus
from app.domain.shops.shop import Shop


def local_time(at: datetime, shop: Shop) -> str:
    return at.astimezone(ZoneInfo(shop.time_zone)).strftime(TIME_FORMAT)


def search_by_email(email: str) -> JsonObject:
    return {"params": {"clientEmail": email, "settingsExactSearch": True, "resultsPage": 0, "resultsLimit": 100}}


def account_edit(
    account: PanelAccount, shop: int, email: TimedStatus | None, sms: TimedStatus | None, reference: str
) -> JsonObject:
    """The account's agreements in all its shops, of which only this shop's changes.

    Whether rows left out are kept is not documented, so every shop of the account is named as it was read
    (uncertain point 2). The overall booleans act on all shops and are never sent.
    """
    body: JsonObject = {"clientLogin": account.login, "requestReference": reference}
    if email is not None:
        agreed = _with_change(account.email_agreed, shop, email)
        body["newsletterEmailApprovalsData"] = [
            {"shopId": one, "inNewsletterEmailApproval": "y" if one in agreed else "n"} for one in sorted(account.active_shops)
        ]
    if sms is not None:
        agreed = _with_change(account.sms_agreed, shop, sms)
        body["newsletterSmsApprovalsData"] = [
            {"shopId": one, "inNewsletterSmsApproval": "y" if one in agreed else "n"} for one in sorted(account.active_shops)
        ]
    return body


def edits(accounts_: Sequence[JsonObject]) -> JsonObject:
    """The customer is not written to about the change: the person made it."""
    quiet = {"clientSettingSendMail": False, "clientSettingSendSms": False}
    return {"params": {"clients": list(accounts_)}, "clientsSettings": quiet}


def _with_change(agreed: frozenset[int], shop: int, said: TimedStatus) -> frozenset[int]:
    return agreed | {shop} if said.status is Status.OPT_IN else agreed - {shop}


def tags_to_add(client_id: int, points: Mapping[str, int]) -> JsonObject:
    return {"params": [{"clientId": client_id, "tagName": name, "tagValue": value} for name, value in points.items()]}


def tags_to_set(client_id: int, points: Mapping[int, int]) -> JsonObject:
    """`set` can be repeated; adding and subtracting cannot (section 2.3)."""
    changed = [{"tagId": number, "operation": "set", "tagValue": value} for number, value in points.items()]
    return {"params": {"clientId": client_id, "clientTags": changed}}


def tags_to_remove(client_id: int, ids: Iterable[int]) -> JsonObject:
    return {"params": [{"clientId": client_id, "tagId": number} for number in ids]}
