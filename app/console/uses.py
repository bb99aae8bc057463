"""The use cases that the console calls; `server/application.py` hands them over."""

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.shops.shop import Shop
from app.services.health.health import Health
from app.services.health.history import History
from app.services.health.waiting import WhatWaits
from app.services.operations.audit import AuditLog
from app.services.operations.data_requests import DataRequests
from app.services.operations.disputes import Disputes
from app.services.operations.installation import Installation
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.services.operations.trace import AccessReport, Trace
from app.services.outbox.manual_tasks import ManualTaskList
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from app.services.shops.directory import ShopDirectory
from app.services.shops.key_use import KeyUse
from app.services.shops.sessions import Sessions
from app.sources.taking import Pushes
from app.sources.watching import SourceWatch


@dataclass(frozen=True)
class Uses:
    """The use cases that pages show and forms call: those of API and command line."""

    directory: ShopDirectory
    trace: Trace
    data_requests: DataRequests
    access_page: Callable[[AccessReport, Shop, str], str]
    """What is stored of a person as a page for that person, in a language."""
    health: Health
    operations: Operations
    backfills: Backfills
    reconciliations: Reconciliations
    manual_tasks: ManualTaskList
    disputes: Disputes
    waits: WhatWaits
    pushes: Pushes
    sources: SourceWatch
    requests: RequestLog
    audit: AuditLog
    installation: Installation
    history: History
    key_use: KeyUse
    sessions: Sessions
    callbacks: Callable[[], list[dict[str, str]]]
    """Addresses to paste into SALESmanago; each holds a secret."""
    tracking_codes: Callable[[Shop], list[dict[str, str]]]
    """What goes into the pages of each of a shop's hosts."""
