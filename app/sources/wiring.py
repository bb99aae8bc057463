"""The sources of a gateway, put together."""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

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
    woocommerce = WooCommerceSource(Categories(http, clock))

    def platform(kind: SourceKind) -> Platform | None:
        match kind:
            case SourceKind.IDOSELL:
                return idosell
            case SourceKind.WOOCOMMERCE:
                return woocommerce
            case SourceKind.NONE:
                return None
            case _:
                assert_never(kind)

    platforms = {kind: found for kind in SourceKind if (found := platform(kind)) is not None}
    teller = Teller(store, directory, intake, pseudonym)
    return Sources(
        pushes=Pushes(store, directory, platforms, clock),
        translator=Translator(store, directory, platforms, teller, clock, pseudonym),
        watch=SourceWatch(store, directory, clock, pause),
        connecting=Connecting(directory, panels, base),
        scanner=Scanner(store, directory, panels, idosell, teller, clock, pause),
    )
