"""Impossible requests, as exceptions. `routers.edge.problems` alone knows their HTTP status.

GatewayError
├── UnknownCaller        no key, or one we do not know
├── ForgedCallback       a callback without a key that fits; the answer tells nothing more
├── NotFound             unknown here, or another shop's: the caller learns no difference
├── ContentConflict      an event_id seen before, now with other content
├── NotPossible          the thing exists, but what is asked of it makes no sense as it stands
├── NotReady             the store cannot promise to keep anything right now
│   └── Crowded          too much is being sent at once
├── TooMany              a limit of requests is used up
└── BadConfiguration     every mistake of a configuration, at once
"""

from collections.abc import Sequence


class GatewayError(Exception):
    """Root of the family."""


class UnknownCaller(GatewayError):
    """The request carries no valid key."""


class ForgedCallback(GatewayError):
    """No secret of the shop or account made this key for this address, or there is no such shop or account."""

    def __init__(self) -> None:
        super().__init__("The callback carries no key that fits.")


class NotFound(GatewayError):
    """`what` names the kind of thing, never the thing."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what} here.")
        self.what = what


class ContentConflict(GatewayError):
    """The same `event_id` was accepted before with other content."""

    def __init__(self, event_id: str, stored_digest: str) -> None:
        super().__init__("This event_id was accepted before with other content.")
        self.event_id = event_id
        self.stored_digest = stored_digest


class NotPossible(GatewayError):
    """`why`: a sentence for people; what would help stands in it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotAllowed(GatewayError):
    """The caller is known, and may not do this."""


class NotReady(GatewayError):
    """Nothing durable can be written now; the sender keeps the event and tries again."""

    def __init__(self, retry_after_seconds: int = 5) -> None:
        super().__init__("The store cannot take events at the moment.")
        self.retry_after_seconds = retry_after_seconds


class Crowded(NotReady):
    """Bodies under way fill the room there is for them; the sender tries again in a moment."""

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=1)
        self.args = ("Too much is being sent at once. Nothing of this request was stored.",)


class TooMany(GatewayError):
    """`limit` names what is used up; it is fresh again after `retry_after_seconds`."""

    def __init__(self, why: str, limit: str, quota: int, window_seconds: int, retry_after_seconds: int) -> None:
        super().__init__(f"{why} Come again in {retry_after_seconds} s.")
        self.limit = limit
        self.quota = quota
        self.window_seconds = window_seconds
        self.retry_after_seconds = retry_after_seconds


class BadConfiguration(GatewayError):
    """`mistakes`: one sentence each, naming the setting."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class NotPrepared(GatewayError):
    """There is no database, or it is of another version than this gateway."""
