"""What the outside may count."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from app.observability.hot_metrics import HotCounter, HotHistogram

registry = CollectorRegistry()

events_accepted = HotCounter("gateway_events_accepted", "Events answered 202, new or repeated", ["shop", "result"], registry)
requests_refused = Counter("gateway_requests_refused", "Wrong keys and forged callbacks", ["kind"], registry=registry)
oldest_waiting_seconds = Gauge(
    "gateway_oldest_waiting_seconds", "Age of the oldest event of a shop that is not settled", ["shop"], registry=registry
)
oldest_receipt_seconds = Gauge(
    "gateway_oldest_receipt_seconds", "Age of the oldest newsletter change without receipt of the shop", ["shop"], registry=registry
)
manual_tasks = Gauge("gateway_hand_work", "Changes only a person can make in the shop", ["shop"], registry=registry)
events_by_state = Gauge("gateway_events", "Events stored, by state", ["shop", "state"], registry=registry)
events_not_sent = Gauge(
    "gateway_events_not_sent",
    "Events of the last 14 days that are withheld or parked, by reason",
    ["shop", "state", "reason"],
    registry=registry,
)
clock_ahead_seconds = Gauge(
    "gateway_clock_ahead_seconds",
    "How far the last event of a shop that was dated ahead was ahead of its arrival",
    ["shop"],
    registry=registry,
)
claims_given_up = Counter(
    "gateway_claims_given_up", "Claims that ended with nothing done, by destination", ["destination"], registry=registry
)
pushes_settled = Counter(
    "gateway_pushes", "Pushes of shops' platforms, by what became of them", ["platform", "source", "state"], registry=registry
)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)

call_seconds = Histogram(
    "gateway_call_seconds",
    "Calls to SALESmanago and to shops' sides; outcome: answered, throttled, unreachable or unknown",
    ["host", "outcome"],
    buckets=_SECONDS,
    registry=registry,
)
door_answers = HotCounter(
    "gateway_door_answers", "Requests and pushes by shop, outcome and status", ["shop", "outcome", "status"], registry
)
door_seconds = HotHistogram("gateway_door_seconds", "Time to answer a request or a push", _SECONDS, registry)
queue_contacts = Gauge("gateway_queue_contacts", "Contacts for whom something waits", ["destination"], registry=registry)
circuit_open = Gauge(
    "gateway_circuit_open", "1 while a destination takes nothing of what waits for it", ["destination"], registry=registry
)
sends = Gauge("gateway_sends", "0 while nothing is sent because the database may be a copy, else 1", registry=registry)
backfill_accounts = Gauge(
    "gateway_backfill_accounts",
    "Accounts of a shop's newest first transfer, by end: total, found, sent, withheld, failed, waiting",
    ["shop", "end"],
    registry=registry,
)
