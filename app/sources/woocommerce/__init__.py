"""WooCommerce as a source: its signed webhooks of orders and customers (R86)."""
