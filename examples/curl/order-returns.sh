#!/bin/sh
# Goods came back.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/order-returns" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "order-5501-returned",
  "occurred_at": "2026-11-23T15:00:00+01:00",
  "order_id": "5501",
  "return_id": "RMA-117",
  "email": "jan.kowalski@example.com",
  "items": [
    {
      "product_id": "101",
      "name": "Buty do biegania",
      "quantity": 1,
      "unit_price": "199.99"
    }
  ],
  "value": "199.99",
  "currency": "PLN"
}
END
