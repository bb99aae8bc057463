#!/bin/sh
# An order was cancelled.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/order-cancellations" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "order-5501-cancelled",
  "occurred_at": "2026-11-23T12:00:00+01:00",
  "order_id": "5501",
  "email": "jan.kowalski@example.com"
}
END
