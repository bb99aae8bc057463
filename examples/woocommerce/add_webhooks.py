"""Add the webhooks that a gateway needs to a WooCommerce shop, through its REST API. Standard library only.

    python add_webhooks.py

WC_URL: the shop. WC_KEY, WC_SECRET: a REST API key of it with the right to write (WooCommerce > Settings > Advanced > REST API).
DELIVERY_URL: https://YOUR-GATEWAY/sources/woocommerce/SHOP. WEBHOOK_SECRET: as in the file of shops, at least 16 random characters.
A webhook that is there already is left alone.
"""

import base64
import json
import os
import urllib.request

TOPICS = ("order.created", "order.updated", "customer.created", "customer.updated")


def ask(path, content=None):
    key = base64.b64encode(f"{os.environ['WC_KEY']}:{os.environ['WC_SECRET']}".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "application/json"}
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{os.environ['WC_URL']}/wp-json/wc/v3/{path}", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main():
    address, secret = os.environ["DELIVERY_URL"], os.environ["WEBHOOK_SECRET"]
    there = {(one["topic"], one["delivery_url"]) for one in ask("webhooks?per_page=100")}
    for topic in TOPICS:
        if (topic, address) in there:
            print(f"{topic}: was there")
            continue
        ask("webhooks", {"name": f"gateway {topic}", "topic": topic, "delivery_url": address, "secret": secret, "status": "active"})
        print(f"{topic}: added")


if __name__ == "__main__":
    main()
