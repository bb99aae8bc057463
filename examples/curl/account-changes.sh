#!/bin/sh
# An account changed.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/account-changes" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "customer-1234-changed-7",
  "occurred_at": "2026-11-23T09:30:00+01:00",
  "customer": {
    "id": "1234",
    "email": "jan@kowalski.example.com",
    "first_name": "Jan",
    "last_name": "Kowalski",
    "phone": "600 100 200",
    "address": {
      "street": "Polna 1",
      "postal_code": "00-001",
      "city": "Warszawa",
      "country": "PL"
    },
    "newsletter": {
      "email": true,
      "sms": false
    },
    "language": "pl"
  },
  "previous_email": "jan.kowalski@example.com"
}
END
