#!/bin/sh
# A transfer consent was given or withdrawn.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/consents" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "consent-1234-2",
  "occurred_at": "2026-11-23T11:30:00+01:00",
  "email": "jan.kowalski@example.com",
  "granted": false
}
END
