"""The tables. Constraint names follow one convention, so every migration can name what it drops.

Left whole: the migrations are compared with the tables as one.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def _microseconds(at: datetime | None) -> int | None:
    if at is None:
        return None
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _datetime(microseconds: int | None) -> datetime | None:
    """A local time at the calendar's ends may lie beyond them in UTC: it reads as the end, and not at all would harm others."""
    return None if microseconds is None else _EPOCH + timedelta(microseconds=min(max(microseconds, _FIRST), _LAST))


class Instant(TypeDecorator[datetime]):
    """An aware datetime as microseconds since 1970 in UTC: one order and one precision in both dialects."""

    impl = BigInteger
    cache_ok = True

    # Not by `process_bind_param` and `process_result_value`: a round writes and reads several of them per event, and each would
    # pass through one function more.
    def bind_processor(self, dialect: Any) -> Callable[[datetime | None], int | None]:  # noqa: ARG002
        return _microseconds

    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[int | None], datetime | None]:  # noqa: ARG002
        return _datetime


# SQLite gives a row id only to a column declared INTEGER.
Identity = BigInteger().with_variant(Integer(), "sqlite")

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("settings", LargeBinary, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

shops = Table(
    "shops",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False),
    Column("settings", LargeBinary, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("shop_id", Text, ForeignKey("shops.id"), nullable=True),
    Column("digest", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("expires_at", Instant, nullable=True),
)

# Numbers of deleted rows must not pass to new ones, which would inherit what refers to them: PostgreSQL's sequences never give
# one twice, SQLite promises it only with `sqlite_autoincrement`.
contacts = Table(
    "contacts",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("shop_id", Text, nullable=False),
    Column("email", Text, nullable=True),
    Column("erased_hash", Text, nullable=True),
    Column("customer_id", Text, nullable=True),
    Column("doc", LargeBinary, nullable=False),
    Column("conflict", Text, nullable=True),
    Column("merged_into", BigInteger, nullable=True),
    Column("sent_as", Text, nullable=True),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("shop_id", "email"),
    UniqueConstraint("shop_id", "erased_hash"),
    Index("ix_contacts_shop_id_customer_id", "shop_id", "customer_id"),
    Index("ix_contacts_shop_id_id", "shop_id", "id"),
    sqlite_autoincrement=True,
)
_DISPUTED = text("conflict IS NOT NULL")
Index(
    "ix_contacts_conflict",
    contacts.c.shop_id,
    contacts.c.conflict,
    contacts.c.id,
    sqlite_where=_DISPUTED,
    postgresql_where=_DISPUTED,
)
_SENT = text("sent_as IS NOT NULL")
Index("ix_contacts_sent", contacts.c.shop_id, contacts.c.id, sqlite_where=_SENT, postgresql_where=_SENT)
_MERGED = text("merged_into IS NOT NULL")
Index("ix_contacts_merged_into", contacts.c.merged_into, sqlite_where=_MERGED, postgresql_where=_MERGED)

# An address a contact had until a time; older messages that use it still find the person.
contact_aliases = Table(
    "contact_aliases",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("email", Text, primary_key=True),
    Column("contact_id", Identity, primary_key=True),
    Column("until", Instant, nullable=False),
    Column("sent", Boolean, nullable=False, server_default=true()),
    Index("ix_contact_aliases_contact_id", "contact_id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Identity, primary_key=True, autoincrement=True),
    Column("shop_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("order_id", Text, nullable=True),
    Column("lane", SmallInteger, nullable=True),
    Column("link", Text, nullable=True),
    Column("digest", Text, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("payload", LargeBinary, nullable=True),
    Column("warnings", LargeBinary, nullable=True),
    Column("urgent", Boolean, nullable=False),
    Column("background", Boolean, nullable=False, default=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=True),
    Column("detail", Text, nullable=True),
    Column("contact_id", BigInteger, nullable=True),
    Column("open_commands", Integer, nullable=False, default=0),
    Column("decided_at", Instant, nullable=True),
    Column("settled_at", Instant, nullable=True),
    Column("trace", Text, nullable=True),
    UniqueConstraint("shop_id", "event_id"),
    sqlite_autoincrement=True,
)
_RECEIVED = text("state = 'received'")
Index(
    "ix_inbox_received",
    inbox.c.urgent.desc(),
    inbox.c.background,
    inbox.c.seq,
    sqlite_where=_RECEIVED,
    postgresql_where=_RECEIVED,
)
_LINKED = text("state = 'received' AND link IS NOT NULL")
Index("ix_inbox_link", inbox.c.link, sqlite_where=_LINKED, postgresql_where=_LINKED)
_HELD = text("state = 'held'")
Index("ix_inbox_held", inbox.c.shop_id, sqlite_where=_HELD, postgresql_where=_HELD)
Index("ix_inbox_shop_id_subject", inbox.c.shop_id, inbox.c.subject)
_STUCK = text("state = 'parked'")
Index("ix_inbox_parked", inbox.c.shop_id, inbox.c.seq, sqlite_where=_STUCK, postgresql_where=_STUCK)
_WITH_ORDER = text("order_id IS NOT NULL")
Index(
    "ix_inbox_shop_id_order_id",
    inbox.c.shop_id,
    inbox.c.order_id,
    sqlite_where=_WITH_ORDER,
    postgresql_where=_WITH_ORDER,
)
Index("ix_inbox_contact_id", inbox.c.contact_id)
_FOR_ORDER = text("state = 'planned' AND reason = 'waits_for_order'")
Index("ix_inbox_waits_for_order", inbox.c.received_at, sqlite_where=_FOR_ORDER, postgresql_where=_FOR_ORDER)
_ENDED = text("settled_at IS NOT NULL")
_CLEANABLE = text("payload IS NOT NULL AND settled_at IS NOT NULL")
Index("ix_inbox_content", inbox.c.settled_at, sqlite_where=_CLEANABLE, postgresql_where=_CLEANABLE)
_WAITS = text("state IN ('received', 'planned')")
Index("ix_inbox_waiting", inbox.c.shop_id, inbox.c.received_at, sqlite_where=_WAITS, postgresql_where=_WAITS)
Index("ix_inbox_settled_at", inbox.c.settled_at, sqlite_where=_ENDED, postgresql_where=_ENDED)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("destination", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("contact_id", BigInteger, nullable=False),
    Column("event_seq", BigInteger, nullable=False),
    Column("counted", Boolean, nullable=False, default=True),
    Column("command", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("maybe_sent", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", Text, nullable=True),
    Column("upstream_id", Text, nullable=True),
    Column("queued_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=True),
    sqlite_autoincrement=True,
)
_WAITING = text("state = 'waiting'")
Index("ix_outbox_waiting", outbox.c.contact_id, outbox.c.id, sqlite_where=_WAITING, postgresql_where=_WAITING)
Index("ix_outbox_event_seq", outbox.c.event_seq)
Index("ix_outbox_settled_at", outbox.c.settled_at, sqlite_where=_ENDED, postgresql_where=_ENDED)
Index("ix_outbox_contact_id", outbox.c.contact_id, outbox.c.settled_at)
_PARKED = text("state = 'parked'")
Index("ix_outbox_parked", outbox.c.destination, outbox.c.id, sqlite_where=_PARKED, postgresql_where=_PARKED)

# One row per contact and destination with waiting commands: the unit that is claimed, leased and fenced.
contact_queues = Table(
    "contact_queues",
    metadata,
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("destination", Text, primary_key=True),
    Column("shop_id", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("pending", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("leased_until", Instant, nullable=True),
    Column("lease_token", BigInteger, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("first_tried_at", Instant, nullable=True),
    Column("take_backs", LargeBinary, nullable=True),
)
Index(
    "ix_contact_queues_due",
    contact_queues.c.destination,
    contact_queues.c.shop_id,
    contact_queues.c.priority,
    contact_queues.c.due_at,
    contact_queues.c.contact_id,
)
_LEASED = text("lease_token IS NOT NULL")
Index(
    "ix_contact_queues_leased",
    contact_queues.c.destination,
    contact_queues.c.lease_token,
    sqlite_where=_LEASED,
    postgresql_where=_LEASED,
)

# What all workers agree on about a destination: its breaker and its bucket.
claims_in_flight = Table(
    "claims_in_flight",
    metadata,
    Column("token", BigInteger, primary_key=True, autoincrement=False),
    Column("destination", Text, nullable=False, index=True),
    Column("of_list", Boolean, nullable=False),
    Column("until", Instant, nullable=False),
)

destinations = Table(
    "destinations",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("doc", LargeBinary, nullable=False),
)

# Every lease has a number of its own, greater than all before: it distinguishes a later holder from an earlier one.
LEASE_NUMBERS = Sequence("lease_numbers", metadata=metadata)

calls = Table(
    "calls",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("destination", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("items", Integer, nullable=False),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    Column("command_id", Identity, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("call_id", BigInteger, nullable=True),
    Column("at", Instant, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

sales = Table(
    "sales",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("order_id", Text, primary_key=True),
    Column("doc", LargeBinary, nullable=False),
)

carts = Table(
    "carts",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("cart_id", Text, primary_key=True),
    Column("contact_id", BigInteger, nullable=True),
    Column("event_seq", BigInteger, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Column("due_at", Instant, nullable=True),
)
Index("ix_carts_contact_id", carts.c.contact_id)
Index("ix_carts_event_seq", carts.c.event_seq)
_OPEN = text("due_at IS NOT NULL")
Index("ix_carts_due_at", carts.c.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)

# The first transfer of each shop, and what became of every account its panel listed.
backfills = Table(
    "backfills",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("shop_id", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("moving", Boolean, nullable=False),
    Column("over", Boolean, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_backfills_shop_id_id", "shop_id", "id"),
)

backfill_accounts = Table(
    "backfill_accounts",
    metadata,
    Column("backfill_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("event_id", Text, nullable=True),
    Column("again_id", Text, nullable=True),
)

# Comparisons of both sides.
reconciliations = Table(
    "reconciliations",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("shop_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("over", Boolean, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_reconciliations_shop_id_id", "shop_id", "id"),
)

# How the last orders of a shop answered the consent box, a letter each, the newest last: the evidence for R05.
order_boxes = Table(
    "order_boxes",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("recent", Text, nullable=False),
)

# Who agreed to or resigned from what, when, and how we know: append-only, a chain of hashes per contact.
consents = Table(
    "consents",
    metadata,
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("shop_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("acted_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("details", LargeBinary, nullable=True),
    Column("details_digest", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
)
Index("ix_consents_subject", consents.c.subject)

# How each chain of the ledger ends, and all chains of a shop together, sealed with a key: what was cut off is noticed.
consent_heads = Table(
    "consent_heads",
    metadata,
    Column("contact_id", BigInteger, primary_key=True, autoincrement=False),
    Column("shop_id", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("seal", Text, nullable=False),
)
consent_anchors = Table(
    "consent_anchors",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("chains", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("total", Text, nullable=False),
    Column("seal", Text, nullable=False),
)

# The request log (R93): bounded in number and age.
door_requests = Table(
    "door_requests",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("request_id", Text, nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_door_requests_shop_id_id", "shop_id", "id"),
    Index("ix_door_requests_shop_id_outcome", "shop_id", "outcome", "id"),
    Index("ix_door_requests_request_id", "request_id"),
    sqlite_autoincrement=True,
)
# What the processes of one gateway count of requests, by the minute.
door_counts = Table(
    "door_counts",
    metadata,
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# How many events that came in an hour are withheld or parked, by reason (R92): kept up by what changes the events.
reason_counts = Table(
    "reason_counts",
    metadata,
    Column("hour", Instant, primary_key=True),
    Column("shop_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# What shops' platforms pushed, as it came, until it was translated (R80).
pushes = Table(
    "pushes",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("platform", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("uid", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=True),
    Column("state", Text, nullable=False),
    Column("words", Text, nullable=True),
    Column("events", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("received_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=True),
    Column("settled_at", Instant, nullable=True),
    UniqueConstraint("platform", "source", "uid"),
    Index("ix_pushes_source_received_at", "platform", "source", "received_at"),
    Index("ix_pushes_settled_at", "settled_at"),
    sqlite_autoincrement=True,
)
_PUSHED = text("state = 'waiting'")
Index("ix_pushes_waiting", pushes.c.due_at, pushes.c.id, sqlite_where=_PUSHED, postgresql_where=_PUSHED)

# What was seen last of each thing of a platform: a digest, by which a push, a scan and a repetition are recognised as one (R82).
source_seen = Table(
    "source_seen",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("as_of", Instant, nullable=False),
)

# How far the scans of a panel are.
source_scans = Table(
    "source_scans",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("doc", LargeBinary, nullable=False),
)

# Who did what through which interface (L11): append-only.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Identity, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("shop_id", Text, nullable=True),
    Column("doc", LargeBinary, nullable=False),
    Index("ix_audit_log_shop_id_id", "shop_id", "id"),
    sqlite_autoincrement=True,
)

# Who is signed in at the console.
console_sessions = Table(
    "console_sessions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("began_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
