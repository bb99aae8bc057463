"""For operators and support: what became of things, what waits, how the gateway is."""
