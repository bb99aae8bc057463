#!/bin/sh
# Somebody subscribed to the newsletter.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/subscriptions" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "newsletter-882",
  "occurred_at": "2026-11-23T09:05:00+01:00",
  "email": "ewa.nowak@example.com",
  "channels": [
    "email"
  ],
  "has_account": false,
  "consent": {
    "text_version": "newsletter-2026-03",
    "ip": "192.0.2.10"
  }
}
END
