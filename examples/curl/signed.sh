#!/bin/sh
# An event of a shop that signs its requests (Standard Webhooks): HMAC-SHA-256 over id, time and body.
# GATEWAY_URL, SHOP, GATEWAY_KEY: where the gateway is, and who calls. SIGNING_SECRET: whsec_…, as in the file of shops.
set -eu
body='{"event_id": "view-90211", "occurred_at": "2026-11-23T09:58:00+01:00", "email": "jan.kowalski@example.com", "product_id": "101"}'
id=view-90211
now=$(date +%s)
key=$(printf %s "${SIGNING_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$now.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl --silent --show-error --fail-with-body --retry 3 "$GATEWAY_URL/v1/shops/$SHOP/product-views" \
    --header "Authorization: Bearer $GATEWAY_KEY" \
    --header "Content-Type: application/json" \
    --header "webhook-id: $id" \
    --header "webhook-timestamp: $now" \
    --header "webhook-signature: v1,$signature" \
    --data-binary "$body"
