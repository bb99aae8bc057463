"""What a doctor looks at, and the prescription: the store, accounts, panels, traps, and addresses to paste."""

from ipaddress import ip_address
from typing import assert_never
from urllib.parse import urlsplit

from app.admin.proofs import (
    PUBLIC_ADDRESS,
    Finding,
    account_named,
    certificates,
    clock_finding,
    fault,
    panel_named,
    panel_writes,
    salesmanago_writes,
)
from app.bootstrap.gateway import Gateway, utc_now
from app.configuration.settings import Settings
from app.domain.shops.shop import Shop, SourceKind
from app.domain.text import counted_in_polish
from app.domain.values import Words
from app.formats.tracking_code import tracking_code
from app.services.health.health import Report
from app.services.shops.directory import ShopDirectory
from app.sources.idosell.connecting import limits_of
from app.sources.in_polish import trouble_in_polish
from app.sources.watching import SourceHealth


async def examine(gateway: Gateway, shop_id: str | None, *, writes: bool = False) -> list[Finding]:
    """The store, where it is, each account and panel, certificates, sources, each shop's traps.

    `writes`: prove the right to write by a write of what is there; never from a database that may be a copy.
    """
    report = await gateway.health.report()
    await gateway.installation.check(writes=False)
    shops = [shop for shop in gateway.directory.shops() if shop_id in (None, shop.id)]
    writes = writes and gateway.installation.may_send
    found = [_store(report), *_place(gateway)]
    if not shops:
        words = Words(
            "No such shop is configured. Write one into the file of `gateway apply`.",
            "Nie ma takiego sklepu w konfiguracji. Dopisz go do pliku dla `gateway apply`.",
        )
        found.append(Finding(Words(shop_id or "shops", shop_id or "sklepy"), words, good=False))
    found += [Finding(PUBLIC_ADDRESS, words, warning=not good) for good, words in address_findings(gateway.settings)]
    for account_id in sorted({shop.account for shop in shops}):
        found += await _account(gateway, account_id, [shop for shop in shops if shop.account == account_id], writes=writes)
    for shop in shops:
        found += await _panel(gateway, shop, writes=writes)
    found += await certificates(gateway, shops, utc_now)
    found += await _sources(gateway, shops)
    found += [Finding(Words("warning", "ostrzeżenie"), problem, good=False) for problem in report.problems]
    found += [_shop(shop) for shop in shops]
    return found


def _store(report: Report) -> Finding:
    about = Words("database", "baza danych")
    if report.ready:
        return Finding(about, Words("usable and migrated", "działa i ma najnowszą migrację"))
    return Finding(about, Words(*("; ".join(said) for said in zip(*report.problems, strict=True))), good=False)


def _place(gateway: Gateway) -> list[Finding]:
    found = gateway.installation.whereabouts
    return [] if found is None else [Finding(Words("installation", "instalacja"), found.words, good=found.is_confirmed)]


async def _account(gateway: Gateway, account_id: str, shops: list[Shop], *, writes: bool) -> list[Finding]:
    """Signature, owner, clock, the right to write, names of consents, shops that share it."""
    about, client = account_named(account_id), gateway.upstreams.client(account_id)
    answer = await client.owners()
    if not isinstance(answer, list):
        words = Words(
            "SALESmanago does not let us in. Check endpoint, client_id and api_secret.",
            "SALESmanago nas nie wpuszcza. Sprawdź endpoint, client_id i api_secret.",
        )
        found = [fault(about, answer, words)]
    elif client.account.owner.lower() in (owner.lower() for owner in answer):
        found = [Finding(about, Words("signature accepted, owner known", "podpis przyjęty, właściciel znany"))]
        found += [await salesmanago_writes(gateway, account_id, shops)] if writes else []
    else:
        words = Words(
            "the owner is none of the account's users; correct `owner`",
            "właściciel (`owner`) nie jest użytkownikiem tego konta; popraw `owner`",
        )
        found = [Finding(about, words, good=False)]
    clock = clock_finding(about, client.server_time)
    found += [clock] if clock is not None else []
    names = ", ".join(sorted({name for shop in shops for name in (shop.consent_names.email, shop.consent_names.sms) if name}))
    if names:
        found.append(Finding(about, consents_to_compare(names), warning=True))
    shared = shared_account_warning(gateway.directory, account_id)
    return [*found, Finding(about, shared, warning=True)] if shared is not None else found


def consents_to_compare(names: str) -> Words:
    """No API lists consents (contract 2.12): only a person can compare the names."""
    return Words(
        f"consents are sent as {names}: they must be there under exactly these names, and no API shows them. Compare "
        "them with the list of "
        "consents in SALESmanago, letter by letter",
        f"zgody są wysyłane jako {names}: muszą tam być pod dokładnie tymi nazwami, a żadne API ich nie pokazuje. "
        "Porównaj je litera po "
        "literze z listą zgód w SALESmanago",
    )


async def _panel(gateway: Gateway, shop: Shop, *, writes: bool) -> list[Finding]:
    panel, about = gateway.shop_sides.panel_of(shop.id), panel_named(shop)
    if panel is None:
        return []
    wrong = await panel.examine()
    if wrong is not None:
        words = Words(
            "Check base_url and the key's rights: CRM rw, SYSTEM r.", "Sprawdź base_url i uprawnienia klucza: CRM rw, SYSTEM r."
        )
        return [fault(about, wrong, words)]
    good = [Finding(about, Words("the key opens what is needed", "klucz ma potrzebne uprawnienia"))]
    return [*good, await panel_writes(gateway, shop, panel)] if writes else good


async def _sources(gateway: Gateway, shops: list[Shop]) -> list[Finding]:
    """What panels push, when the last push came, what the scan came to, and what no source can tell."""
    found = []
    for one in await gateway.sources.watch.report():
        found += source_findings(one)
    limits = [(shop, limit) for shop in shops for limit in _limits(shop)]
    return found + [Finding(Words(f"source of {shop.id}", f"źródło sklepu {shop.id}"), limit) for shop, limit in limits]


def _limits(shop: Shop) -> list[Words]:
    """What the shop's platform cannot tell."""
    match shop.source.kind:
        case SourceKind.IDOSELL:
            return limits_of(shop)
        case SourceKind.WOOCOMMERCE | SourceKind.NONE:
            return []
        case _:
            assert_never(shop.source.kind)


def source_findings(one: SourceHealth) -> list[Finding]:
    """Which webhooks the panel has is shown by none of its gates (contract 3.1), so only their arrival proves them."""
    about, traffic = Words(f"source {one.title}", f"źródło {one.title}"), one.traffic
    at = f"{traffic.last_at:%Y-%m-%d %H:%M} UTC" if traffic.last_at is not None else ""
    words = f"{traffic.pushes} pushes in the last 7 days, {traffic.not_understood} not understood, the last one {at or 'never'}"
    words_pl = (
        f"powiadomienia z ostatnich 7 dni: {traffic.pushes}, niezrozumiane: {traffic.not_understood}, ostatnie: {at or 'nigdy'}"
    )
    if one.scan is not None:
        words += f"; the scan made {one.calls_today} of {one.calls_per_day} calls today"
        words_pl += f"; odczyt panelu: {one.calls_today} z {one.calls_per_day} wywołań dzisiaj"
        words += f"; its last word of trouble: {one.scan.trouble}" if one.scan.trouble else ""
        words_pl += f"; ostatni problem: {trouble_in_polish(one.scan.trouble)}" if one.scan.trouble else ""
    found = [Finding(about, Words(words, words_pl), good=not one.problems())]
    if traffic.last_at is None:
        found.append(Finding(about, _never_pushed(SourceKind(one.source.platform)), warning=True))
    return found


def _never_pushed(kind: SourceKind) -> Words:
    """Where to look when no webhook of a platform ever came."""
    match kind:
        case SourceKind.IDOSELL:
            return Words(
                "no webhook of the panel ever came, and no gate of the panel says which it has: look at its list of webhooks. "
                "`gateway connect idosell SHOP` says what to enter there",
                "z panelu nie przyszedł jeszcze żaden webhook, a panel nie udostępnia ich listy przez API: sprawdź listę webhooków "
                "w panelu. `gateway connect idosell SKLEP --pl` powie, co tam wpisać",
            )
        case SourceKind.WOOCOMMERCE:
            return Words(
                "no webhook of the shop ever came: see in WooCommerce, Settings → Advanced → Webhooks, whether they are active. "
                "docs/start/woocommerce.md says what to enter there",
                "ze sklepu nie przyszedł jeszcze żaden webhook: sprawdź w WooCommerce (Ustawienia → Zaawansowane → Webhooki), czy "
                "są aktywne. Co tam wpisać, opisuje docs/start/woocommerce.md",
            )
        case SourceKind.NONE:
            return Words("nothing pushes to it", "nikt nie wysyła tu powiadomień")
        case _:
            assert_never(kind)


def _shop(shop: Shop) -> Finding:
    about = Words(f"shop {shop.id}", f"sklep {shop.id}")
    if not shop.enabled:
        return Finding(about, Words("disabled: its events are held", "wyłączony: jego zdarzenia są wstrzymane"), good=False)
    if shop.shadow:
        return Finding(about, Words("shadow mode: nothing is sent", "tryb testowy (shadow): nic nie jest wysyłane"))
    return Finding(about, Words(f"policy {shop.policy.value}", f"zasada {shop.policy.value}"))


def address_findings(settings: Settings) -> list[tuple[bool, Words]]:
    """Whether SALESmanago and panels can reach the gateway at the address they are given, and whether nobody listens on the way."""
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    if is_local(host):
        words = Words(
            f"{host} is reached from this machine alone, so no callback and no push arrives. Set GATEWAY_PUBLIC_URL.",
            f"{host} jest osiągalny tylko z tego komputera, więc żadne wywołanie zwrotne ani powiadomienie nie dotrze. Ustaw "
            "GATEWAY_PUBLIC_URL.",
        )
        return [(False, words)]
    given = Words(f"callbacks and panels are given {settings.base_url}", f"SALESmanago i panele dostają adres {settings.base_url}")
    if parts.scheme == "https":
        return [(True, given)]
    plain = Words(
        "it begins with http://, so keys and addresses travel readable. Put TLS before the gateway.",
        "zaczyna się od http://, więc klucze i adresy można po drodze odczytać. Postaw przed bramką serwer z TLS.",
    )
    return [(True, given), (False, plain)]


def is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return not address.is_global


def shared_account_warning(directory: ShopDirectory, account_id: str) -> Words | None:
    """R70: several shops on one account are fine once callbacks reach all of them."""
    shops = directory.shops_of(account_id)
    if len(shops) < 2 or directory.account_callback_secrets(account_id):
        return None
    names = ", ".join(shop.id for shop in shops)
    return Words(
        f"{len(shops)} shops share it ({names}), and an account has one pair of callback addresses: an opt-out would reach one "
        "shop alone. Set `callback_secret` of the account and paste the addresses that `gateway callbacks` prints.",
        f"{counted_in_polish(len(shops), 'sklep korzysta', 'sklepy korzystają', 'sklepów korzysta')} z niego ({names}), a konto ma "
        "jedną parę adresów wywołań zwrotnych: rezygnacja trafiłaby tylko do jednego sklepu. Ustaw `callback_secret` konta "
        "i wklej adresy, które wypisze `gateway callbacks --pl`.",
    )


def callback_addresses(gateway: Gateway) -> list[dict[str, str]]:
    """The templates to paste into SALESmanago, which fills in address and signature (contract 5.4)."""
    settings, directory = gateway.settings, gateway.directory
    base = settings.base_url
    owners = [
        (one.id, Words("account", "konto"), f"accounts/{one.id}", directory.account_callback_secrets(one.id), _EVERY_SHOP)
        for one in directory.accounts()
    ]
    owners += [
        (one.id, Words("shop", "sklep"), f"shops/{one.id}", directory.shop_callback_secrets(one.id), _ONE_SHOP)
        for one in directory.shops()
    ]
    return [
        {
            "of": f"{kind.en} {name}",
            "of_pl": f"{kind.pl} {name}",
            "words": words.en,
            "words_pl": words.pl,
            **{
                direction.replace("-", "_"): f"{base}/callbacks/{path}/{direction}?email=$email$&key=sha1($email${secrets[0]})"
                for direction in ("opt-in", "opt-out")
            },
        }
        for name, kind, path, secrets, words in owners
        if secrets
    ]


_EVERY_SHOP = Words("every shop that knows the person", "każdy sklep, który zna tę osobę")
_ONE_SHOP = Words("this shop alone", "tylko ten sklep")


def tracking_codes(directory: ShopDirectory, shop: Shop) -> list[dict[str, str]]:
    """SALESmanago's monitoring code for each of a shop's hosts (J6)."""
    account = directory.account(shop.account)
    if account is None:
        return []
    hosts = dict.fromkeys((shop.host, *shop.hosts))
    return [{"host": host, "code": tracking_code(host, account.client_id, account.endpoint)} for host in hosts]
