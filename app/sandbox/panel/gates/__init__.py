"""The gates of the Admin API, a module per folder of the panel's own documentation, and what a call is to them."""
