#!/bin/sh
# A person wants to be forgotten.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/erasures" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "erasure-17",
  "occurred_at": "2026-11-23T12:30:00+01:00",
  "email": "jan.kowalski@example.com"
}
END
