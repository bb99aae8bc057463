#!/bin/sh
# Many events at once.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. Sent again, it changes nothing.
set -eu
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/events" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --data-binary @- <<'END'
[
  {
    "type": "registration",
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
  },
  {
    "type": "order",
    "event_id": "order-5501-placed",
    "occurred_at": "2026-11-23T10:15:00+01:00",
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
    "order": {
      "id": "5501",
      "placed_at": "2026-11-23T10:15:00+01:00",
      "currency": "PLN",
      "value": "214.98",
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
      "pickup_point": "Paczkomat WAW01A",
      "source": "allegro"
    },
    "transfer_consent": "given"
  },
  {
    "type": "tag-edit",
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
]
END
