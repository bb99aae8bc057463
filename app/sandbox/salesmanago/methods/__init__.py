"""The methods of API v2, a module per kind, and what a call is to them."""
