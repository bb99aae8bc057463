"""The first transfer of a shop's accounts (R60-R64): its phases, what each page of accounts moves, and its report.

    counting ─▶ awaiting approval ─▶ canary ─▶ watching the canary ─▶ transfer ─▶ closing ─▶ settling ─▶ finished

A dry run is the first box alone. A start by a person, or `start = "automatic"`, begins with the canary. Every step is a
function from one `Backfill` to the next; storing the result together with what the step queued is what makes a crash
harmless.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from app.domain.delivery.answers import Answer
from app.domain.event_parts import Customer
from app.domain.reasons import Reason
from app.domain.runs.backfill_schedule import finish_time
from app.domain.runs.backfill_tally import Tally
from app.domain.shops.shop import Shop
from app.domain.values import replace, value

ACCOUNTS_PER_PAGE = 100
"""The panel's largest page (contract 1.5)."""

SWEEPS = 3
"""The panel has no cursor, so rows move between pages while others vanish. The pages are walked until a walk finds nobody new,

so often at most.
"""

LIGHTER = 10
"""A page that brings nobody new weighs so much less than one that is sent: it is one call to the panel."""

MARGIN = timedelta(hours=2)
"""The closing pass begins before the start: the panel writes local times without zone (contract 5, point 25)."""

OVERLOAD_REST = timedelta(minutes=5)
CHECK_AGAIN = timedelta(seconds=2)
"""How often the queued events are checked while they are being sent."""

SAMPLES = 3


class BackfillMode(StrEnum):
    """Only count what would happen, or do it."""

    DRY_RUN = "dry_run"
    RUN = "run"


class Phase(StrEnum):
    COUNTING = "counting"
    AWAITING_APPROVAL = "awaiting_approval"
    CANARY = "canary"
    WATCHING = "watching_the_canary"
    TRANSFER = "transfer"
    CLOSING = "closing"
    SETTLING = "settling"
    FINISHED = "finished"


class Pause(StrEnum):
    BY_A_PERSON = "by_a_person"
    CANARY_REFUSED = "canary_refused"
    """SALESmanago refused a contact of the canary; a person checks before the rest follows."""
    POLICY_CHANGED = "policy_changed"
    """Under `order_consent` there is no transfer of accounts (R64)."""


@value(kw_only=True)
class ListedAccount:
    """An account as the panel lists it. `customer` is None if its address cannot be one."""

    id: int
    customer: Customer | None
    is_guest: bool = False
    active_in: frozenset[int] = frozenset()
    """Numbers of the panel's shops in which it is active."""
    content: str = ""
    """Digest of everything we read of it: another one means that it changed."""


@value()
class Listing:
    """A page of the panel's accounts. `answer` is `Delivered` if it could be read."""

    answer: Answer
    accounts: tuple[ListedAccount, ...] = ()
    total: int = 0
    pages: int = 0


@value()
class ListedAccountRecord:
    """An account a backfill has seen, by its number alone, and what it became."""

    account_id: int
    note: str
    """`QUEUED`, `WOULD_SEND`, or the reason why it stays."""
    content: str
    event_id: str | None = None


@value()
class Sample:
    """What would be sent of one account, by names alone."""

    account_id: int
    fields: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    opt_ins: tuple[str, ...] = ()


@value(kw_only=True)
class Backfill:
    shop_id: str
    mode: BackfillMode
    phase: Phase
    token: str
    """Part of the ids of its events, which nobody can guess."""
    started_at: datetime
    due_at: datetime
    id: int = 0
    version: int = 0
    """How often it was stored: a writer must have read the newest."""
    page: int = 0
    sweep: int = 1
    swept: int = 0
    """Accounts that this walk through the pages found new."""
    total: int = 0
    """Accounts the panel says it has."""
    found: int = 0
    """Different accounts it showed us."""
    canaries: int = 0
    trouble: str = ""
    """Why the last step did not go on; empty when all is well."""
    paused: Pause | None = None
    cancelled: bool = False
    preview: Tally | None = None
    """What the dry run counted."""
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    """What would happen -> a few accounts to which it would."""
    report: Tally | None = None
    finished_at: datetime | None = None

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.FINISHED

    @property
    def is_moving(self) -> bool:
        return not (self.is_over or self.paused or self.phase is Phase.AWAITING_APPROVAL)

    @property
    def waits_for_a_person(self) -> bool:
        return not self.is_over and not self.cancelled and not self.is_moving

    @property
    def lists_accounts(self) -> bool:
        return self.phase in (Phase.COUNTING, Phase.CANARY, Phase.TRANSFER, Phase.CLOSING)

    @property
    def closing_since(self) -> datetime:
        return self.started_at - MARGIN

    def event_id(self, account: ListedAccount) -> str:
        """One event per account and transfer; in the closing pass one more if the account has changed meanwhile."""
        again = f"-{account.content[:8]}" if self.phase is Phase.CLOSING else ""
        return f"backfill-{self.token}-{account.id}{again}"


def begun(shop: Shop, mode: BackfillMode, token: str, at: datetime, *, by_a_person: bool) -> Backfill:
    """A person who says "run" has approved it; otherwise the shop's settings say whether one must be asked (R60)."""
    counts_first = mode is BackfillMode.DRY_RUN or not (by_a_person or shop.backfill.automatic)
    phase = Phase.COUNTING if counts_first else Phase.CANARY
    return Backfill(shop_id=shop.id, mode=mode, phase=phase, token=token, started_at=at, due_at=at)


def own_reason(account: ListedAccount, shop: Shop) -> Reason | None:
    """Why an account never becomes an event of this shop; nothing of it is kept but its number."""
    if account.is_guest:
        return Reason.NO_ACCOUNT
    if shop.number not in account.active_in:
        return Reason.ACCOUNT_ELSEWHERE
    return Reason.ADDRESS_INVALID if account.customer is None else None


# -- steps ---------------------------------------------------------------------------------------------------------------


def after_page(
    run: Backfill, listing: Listing, fresh: int, queued: int, shop: Shop, now: datetime, *, changed: int = 0
) -> Backfill:
    """The backfill after a page: `fresh` accounts were new to it, `queued` of them became events, `changed` ones did again."""
    moved = replace(run, found=run.found + fresh, swept=run.swept + fresh + changed, canaries=run.canaries + queued, trouble="")
    if run.phase is not Phase.CLOSING:  # which lists but those that changed
        moved = replace(moved, total=listing.total or run.total)  # a page past the end counts nobody
    if run.phase is Phase.CANARY and moved.canaries >= shop.backfill.canary:
        return replace(moved, phase=Phase.WATCHING, due_at=now + CHECK_AGAIN)
    moved = replace(moved, due_at=_next_due(run, fresh, len(listing.accounts), shop, now))
    if run.page + 1 < listing.pages and listing.accounts:
        return replace(moved, page=run.page + 1)
    if run.phase in (Phase.TRANSFER, Phase.CLOSING) and moved.swept and run.sweep < SWEEPS:
        return replace(moved, page=0, sweep=run.sweep + 1, swept=0)
    return _after_last_page(moved, now)


def _next_due(run: Backfill, fresh: int, listed: int, shop: Shop, now: datetime) -> datetime:
    """Counting sends nothing and is held back by the panel's own pace alone."""
    if run.phase is Phase.COUNTING:
        return now
    return finish_time(now, max(fresh, listed // LIGHTER), shop.backfill, shop.time_zone)


def _after_last_page(run: Backfill, now: datetime) -> Backfill:
    following = {
        Phase.COUNTING: Phase.FINISHED if run.mode is BackfillMode.DRY_RUN else Phase.AWAITING_APPROVAL,
        Phase.CANARY: Phase.WATCHING,
        Phase.TRANSFER: Phase.CLOSING,
        Phase.CLOSING: Phase.SETTLING,
    }[run.phase]
    finished_at = now if following is Phase.FINISHED else None
    return replace(run, phase=following, page=0, sweep=1, swept=0, due_at=now, finished_at=finished_at)


def after_check(run: Backfill, tally: Tally, now: datetime) -> Backfill:
    """The backfill after checking what became of the events it queued."""
    later = replace(run, due_at=now + CHECK_AGAIN)
    match run.phase:
        case Phase.WATCHING if tally.failed:
            return replace(run, paused=Pause.CANARY_REFUSED)
        case Phase.WATCHING if tally.waiting == 0:
            return replace(run, phase=Phase.TRANSFER, page=0, due_at=now)
        case Phase.SETTLING if tally.waiting == 0:
            return replace(run, phase=Phase.FINISHED, report=tally, finished_at=now)
        case Phase.WATCHING | Phase.SETTLING | Phase.COUNTING | Phase.AWAITING_APPROVAL | Phase.CANARY | Phase.TRANSFER:
            return later
        case Phase.CLOSING | Phase.FINISHED:
            return later
        case _:
            assert_never(run.phase)


def resting(run: Backfill, trouble: str, until: datetime) -> Backfill:
    """The panel is overloaded or does not answer: the same page again, later (R60)."""
    return replace(run, trouble=trouble, due_at=until)


# -- what a person may do ------------------------------------------------------------------------------------------------


def paused(run: Backfill, why: Pause = Pause.BY_A_PERSON) -> Backfill:
    return replace(run, paused=run.paused or why)


def resumed(run: Backfill, at: datetime) -> Backfill:
    """At the same place. A person who resumes after a refused canary has checked it, so the rest follows."""
    checked = run.paused is Pause.CANARY_REFUSED and run.phase is Phase.WATCHING
    return replace(run, paused=None, due_at=at, phase=Phase.TRANSFER if checked else run.phase, page=0 if checked else run.page)


def approved(run: Backfill, at: datetime) -> Backfill:
    return replace(run, phase=Phase.CANARY, page=0, sweep=1, swept=0, found=0, total=0, started_at=at, due_at=at)


def cancelled(run: Backfill, at: datetime) -> Backfill:
    """No account more is queued; what is queued still goes, and the report waits for it."""
    if run.phase in (Phase.COUNTING, Phase.AWAITING_APPROVAL):
        return replace(run, cancelled=True, paused=None, phase=Phase.FINISHED, report=Tally(), finished_at=at)
    return replace(run, cancelled=True, paused=None, phase=Phase.SETTLING, due_at=at)


# -- the report ----------------------------------------------------------------------------------------------------------


def state_of(run: Backfill, tally: Tally) -> str:
    """One word for people. "complete" is said only of a transfer whose sum is right (R63)."""
    if run.cancelled:
        return "cancelled" if run.is_over else "cancelling"
    if run.paused is not None:
        return "paused"
    if not run.is_over:
        return run.phase.value
    if run.mode is BackfillMode.DRY_RUN:
        return "counted"
    if not tally.adds_up:
        return "incomplete"
    return "complete_with_failures" if tally.failed else "complete"


def eta(run: Backfill, shop: Shop, now: datetime) -> datetime | None:
    """When the last account will have gone out at the planned rates; of a paused transfer, if it were resumed now."""
    if run.is_over or run.phase in (Phase.COUNTING, Phase.AWAITING_APPROVAL) or run.total == 0:
        return None
    left = max(run.total - run.found, 0)
    return finish_time(max(now, run.due_at), left, shop.backfill, shop.time_zone)
