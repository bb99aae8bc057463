#!/bin/sh
# Staff edited tags.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/tag-edits" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "tags-1234-12",
  "occurred_at": "2026-11-23T11:00:00+01:00",
  "email": "jan.kowalski@example.com",
  "renamed": [
    {
      "from": "brak_aktywności",
      "to": "brak_aktywności2"
    }
  ]
}
END
