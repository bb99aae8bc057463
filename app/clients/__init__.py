"""Speak to foreign HTTP; their vocabulary stops here."""
