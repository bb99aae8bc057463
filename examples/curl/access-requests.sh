#!/bin/sh
# A person asks what is stored.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/access-requests" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "access-4",
  "occurred_at": "2026-11-23T12:20:00+01:00",
  "email": "jan.kowalski@example.com"
}
END
