#!/bin/sh
# Somebody left the newsletter.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/unsubscriptions" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "newsletter-882-left",
  "occurred_at": "2026-11-23T18:00:00+01:00",
  "email": "ewa.nowak@example.com",
  "channels": [
    "email"
  ],
  "confirmed": true,
  "reason": "clicked the link in the e-mail"
}
END
