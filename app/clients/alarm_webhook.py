"""Alarms to an address of the operator, signed after Standard Webhooks."""

import json
from datetime import UTC, datetime

import httpx
import structlog
from standardwebhooks import Webhook

from app.domain.operations.alarms import AlarmNotice

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10.0


class AlarmWebhook:
    def __init__(self, http: httpx.AsyncClient, url: str, secret: str) -> None:
        """`secret`: `whsec_…`; empty = the notices are not signed."""
        self._http = http
        self._url = url
        self._signer = Webhook(secret) if secret else None

    async def __call__(self, notice: AlarmNotice) -> bool:
        """Whether it was taken. Never raises for what a network may do."""
        at = datetime.now(UTC)
        english, polish = notice.words
        data = {"concerns": notice.concerns, "what": notice.what, "words": english, "words_pl": polish}
        body = json.dumps({"type": "alarm.over" if notice.over else "alarm.raised", "timestamp": at.isoformat(), "data": data})
        headers = {"Content-Type": "application/json", "User-Agent": "shop-gateway/0.1"}
        if self._signer is not None:
            message_id = f"alarm-{notice.id}"
            headers |= {
                "webhook-id": message_id,
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": self._signer.sign(message_id, at, body),
            }
        try:
            answer = await self._http.post(self._url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            log.warning("alarm_not_sent", cause=type(error).__name__)
            return False
        if not answer.is_success:
            log.warning("alarm_not_sent", cause=str(answer.status_code))
        return answer.is_success
