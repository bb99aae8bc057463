#!/bin/sh
# A product was viewed.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/product-views" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "view-90210",
  "occurred_at": "2026-11-23T09:58:00+01:00",
  "email": "jan.kowalski@example.com",
  "product_id": "101",
  "url": "https://sklep.example.com/product-101.html"
}
END
