"""Speaks to the database; SQL stops here."""
