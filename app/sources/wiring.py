"""The sources of a gateway, put together."""

from dataclasses import dataclass
from datetime import timedelta

import httpx

from app.domain.shops.shop import SourceKind
from app.services.intake import Intake
from app.services.planning.people import Pseudonym
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory
from app.sources.idosell.connecting import Connecting
from app.sources.idosell.scans.scanning import Scanner
from app.sources.idosell.source import IdosellSource, Panels
from app.sources.platforms import Platform
from app.sources.taking import Pushes
from app.sources.telling import Teller
from app.sources.translating import Translator
from app.sources.watching import SourceWatch
from app.sources.woocommerce.categories import Categories
from app.sources.woocommerce.source import WooCommerceSource


@dataclass(frozen=True)
class Sources:
    pushes: Pushes
    translator: Translator
    watch: SourceWatch
    scanner: Scanner
    connecting: Connecting


def sources_of(
    store: Store,
    directory: ShopDirectory,
    intake: Intake,
    panels: Panels,
    clock: Clock,
    pseudonym: Pseudonym,
    pause: timedelta,
    base: str,
    http: httpx.AsyncClient,
) -> Sources:
    idosell = IdosellSource(store, panels, clock)
    platforms: dict[SourceKind, Platform] = {
        SourceKind.IDOSELL: idosell,
        SourceKind.WOOCOMMERCE: WooCommerceSource(Categories(http, clock)),
    }
    teller = Teller(store, directory, intake, pseudonym)
    return Sources(
        pushes=Pushes(store, directory, platforms, clock),
        translator=Translator(store, directory, platforms, teller, clock, pseudonym),
        watch=SourceWatch(store, directory, clock, pause),
        connecting=Connecting(directory, panels, base),
        scanner=Scanner(store, directory, panels, idosell, teller, clock, pause),
    )
