#!/bin/sh
# An account was created.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/registrations" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "customer-1234-registered",
  "occurred_at": "2026-11-23T09:00:00+01:00",
  "customer": {
    "id": "1234",
    "email": "jan.kowalski@example.com",
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
  "wholesaler": false,
  "source": "google"
}
END
