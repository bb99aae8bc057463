"""What the outside may count."""

from prometheus_client import CollectorRegistry, Counter, Gauge

registry = CollectorRegistry()

events_accepted = Counter("gateway_events_accepted", "Events answered 202, new or repeated", ["shop", "result"], registry=registry)
requests_refused = Counter("gateway_requests_refused", "Wrong keys and forged callbacks", ["kind"], registry=registry)
oldest_waiting_seconds = Gauge(
    "gateway_oldest_waiting_seconds", "Age of the oldest event of a shop that is not settled", ["shop"], registry=registry
)
oldest_receipt_seconds = Gauge(
    "gateway_oldest_receipt_seconds", "Age of the oldest newsletter change without receipt of the shop", ["shop"], registry=registry
)
hand_work = Gauge("gateway_hand_work", "Changes only a person can make in the shop", ["shop"], registry=registry)
events_by_state = Gauge("gateway_events", "Events stored, by state", ["shop", "state"], registry=registry)
clock_ahead_seconds = Gauge(
    "gateway_clock_ahead_seconds",
    "How far the last event of a shop that was dated ahead was ahead of its arrival",
    ["shop"],
    registry=registry,
)
pushes_settled = Counter(
    "gateway_pushes", "Pushes of shops' platforms, by what became of them", ["platform", "source", "state"], registry=registry
)
