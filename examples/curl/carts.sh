#!/bin/sh
# A cart changed.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/carts" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
{
  "event_id": "cart-77-3",
  "occurred_at": "2026-11-23T10:00:00+01:00",
  "email": "jan.kowalski@example.com",
  "cart": {
    "id": "77",
    "currency": "PLN",
    "value": "199.99",
    "items": [
      {
        "product_id": "101",
        "name": "Buty do biegania",
        "quantity": 1,
        "unit_price": "199.99",
        "menu_paths": [
          "Obuwie/Męskie/Sportowe",
          "Wyprzedaże/Wiosna 2015"
        ]
      }
    ],
    "recovery_url": "https://sklep.example.com/basket/restore/77"
  }
}
END
