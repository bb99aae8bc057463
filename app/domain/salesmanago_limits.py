"""What SALESmanago takes at a time: every limit of its API in one place, with where the number is from.

Field names stand in `clients/salesmanago/payloads.py`; how fast it may be called is a setting of the account.
"""

CONTACTS_PER_READ = 50
"""Addresses one reading may name (contract 2.5, 2.6)."""

MODIFIED_PER_PAGE = 1000
"""Contacts of one page of those that changed (contract 2.6)."""

UPSERTS_PER_CALL = 200
"""Undocumented; 100 is the contract's safest figure, 400 the official plugin's (U3)."""

EVENTS_PER_CALL = 400
"""1,000 are allowed; the official plugin sends 400."""

TAGS_PER_CALL = 50
"""The contract's safest reading (U15)."""

MAX_TAG_CHARS = 64
"""No limit is documented; the contract's safest reading is 64 (U15)."""

CALLS_IN_FLIGHT = 2
"""Calls of an account at the same time."""

PRODUCTS_BYTES = 512
"""Of an event's list of products (contract 2.11)."""

DETAIL_BYTES = 255
"""Of one detail of an event (contract 2.11)."""

DESCRIPTION_CHARS = 2048
"""Of an event's description (contract 2.11)."""
