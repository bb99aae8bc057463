"""The IdoSell panel as a source: its webhooks, its programmable webhooks, and what its Admin API shows."""
