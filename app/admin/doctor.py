"""What a doctor looks at, and the prescription: the store, accounts, panels, traps, and addresses to paste."""

from dataclasses import asdict
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from app.admin.proofs import Finding, certificates, clock_finding, fault, panel_writes, salesmanago_writes
from app.bootstrap.gateway import Gateway, utc_now
from app.clients.idosell.client import IdosellPanel
from app.configuration.settings import Settings
from app.domain.shops.shop import Shop, SourceKind
from app.formats.tracking_code import tracking_code
from app.services.health.health import Report
from app.services.shops.directory import ShopDirectory
from app.sources.idosell.connecting import limits_of


async def examine(gateway: Gateway, shop_id: str | None, *, writes: bool = False) -> list[dict[str, Any]]:
    """The store, where it is, each account and panel, certificates, sources, each shop's traps.

    `writes`: prove the right to write by a write of what is there; never from a database that may be a copy.
    """
    report = await gateway.health.report()
    await gateway.installation.look(writes=False)
    shops = [shop for shop in gateway.directory.shops() if shop_id in (None, shop.id)]
    writes = writes and gateway.installation.may_send
    found = [_store(report), *_place(gateway)]
    if not shops:
        words = "No such shop is configured. Write one into the file of `gateway apply`."
        found.append(Finding(shop_id or "shops", words, good=False))
    found += [Finding("public address", words, warning=not good) for good, words in address_findings(gateway.settings)]
    for account_id in sorted({shop.account for shop in shops}):
        found += await _account(gateway, account_id, [shop for shop in shops if shop.account == account_id], writes=writes)
    for shop in shops:
        found += await _panel(gateway, shop, writes=writes)
    found += await certificates(gateway, shops, utc_now)
    found += await _sources(gateway, shops)
    found += [Finding("warning", problem, good=False) for problem in report.problems]
    found += [_shop(shop) for shop in shops]
    return [asdict(one) for one in found]


def _store(report: Report) -> Finding:
    return Finding("database", "usable and migrated" if report.ready else "; ".join(report.problems), good=report.ready)


def _place(gateway: Gateway) -> list[Finding]:
    found = gateway.installation.whereabouts
    return [] if found is None else [Finding("installation", found.words[0], good=found.is_confirmed)]


async def _account(gateway: Gateway, account_id: str, shops: list[Shop], *, writes: bool) -> list[Finding]:
    """Signature, owner, clock, the right to write, names of consents, shops that share it."""
    about, client = f"account {account_id}", gateway.upstreams.client(account_id)
    answer = await client.owners()
    if not isinstance(answer, list):
        found = [fault(about, answer, "SALESmanago does not let us in. Check endpoint, client_id and api_secret.")]
    else:
        known = client.account.owner.lower() in (owner.lower() for owner in answer)
        words = "signature accepted, owner known" if known else "the owner is none of the account's users; correct `owner`"
        found = [Finding(about, words, good=known)]
        if known and writes:
            found.append(await salesmanago_writes(gateway, account_id, shops))
    clock = clock_finding(about, client.told_time)
    found += [clock] if clock is not None else []
    names = sorted({name for shop in shops for name in (shop.consent_names.email, shop.consent_names.sms) if name})
    if names:
        words = f"consents are sent as {', '.join(names)}: they must be there under exactly these names, and no API shows them"
        found.append(Finding(about, words, warning=True))
    shared = shared_account_warning(gateway.directory, account_id)
    return [*found, Finding(about, shared, warning=True)] if shared is not None else found


async def _panel(gateway: Gateway, shop: Shop, *, writes: bool) -> list[Finding]:
    side, about = gateway.shop_sides(shop.id), f"panel of {shop.id}"
    if not isinstance(side, IdosellPanel):
        return []
    wrong = await side.examine()
    if wrong is not None:
        return [fault(about, wrong, "Check base_url and the key's rights: CRM rw, SYSTEM r.")]
    good = [Finding(about, "the key opens what is needed")]
    return [*good, await panel_writes(gateway, shop, side)] if writes else good


async def _sources(gateway: Gateway, shops: list[Shop]) -> list[Finding]:
    """What panels push, when they were last heard, what the scan came to, and what no source can tell."""
    found = []
    for one in await gateway.sources.watch.report():
        heard = f"{one.traffic.last_at:%Y-%m-%d %H:%M} UTC" if one.traffic.last_at is not None else "never"
        words = f"{one.traffic.pushes} pushes in the last 7 days, {one.traffic.not_understood} not understood, last heard {heard}"
        if one.scan is not None:
            words += f"; the scan made {one.calls_today} of {one.calls_per_day} calls today"
            words += f"; its last word of trouble: {one.scan.trouble}" if one.scan.trouble else ""
        found.append(Finding(f"source {one.title}", words, good=not one.problems()))
        if one.traffic.last_at is None:
            words = "its webhooks were never heard: `gateway connect idosell SHOP` says what to enter in the panel"
            found.append(Finding(f"source {one.title}", words, warning=True))
    limits = [(shop, limit) for shop in shops if shop.source.kind is SourceKind.IDOSELL for limit in limits_of(shop)]
    return found + [Finding(f"source of {shop.id}", limit.en) for shop, limit in limits]


def _shop(shop: Shop) -> Finding:
    mode = "shadow mode: nothing is sent" if shop.shadow else f"policy {shop.policy.value}"
    return Finding(f"shop {shop.id}", mode if shop.enabled else "disabled: its events are held", good=shop.enabled)


def address_findings(settings: Settings) -> list[tuple[bool, str]]:
    """Whether SALESmanago and panels can reach the gateway as it is told to them, and whether nobody listens on the way."""
    parts = urlsplit(settings.base_url)
    host = parts.hostname or ""
    found = [(True, f"callbacks and panels are given {settings.base_url}")]
    if is_local(host):
        words = f"{host} is reached from this machine alone, so no callback and no push arrives. Set GATEWAY_PUBLIC_URL."
        found = [(False, words)]
    elif parts.scheme != "https":
        found.append((False, "it begins with http://, so keys and addresses travel readable. Put TLS before the gateway."))
    return found


def is_local(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return not address.is_global


def shared_account_warning(directory: ShopDirectory, account_id: str) -> str | None:
    """R70: several shops on one account are fine once callbacks reach all of them."""
    shops = directory.shops_of(account_id)
    if len(shops) < 2 or directory.account_callback_secrets(account_id):
        return None
    names = ", ".join(shop.id for shop in shops)
    return (
        f"{len(shops)} shops share it ({names}), and an account has one pair of callback addresses: an opt-out would reach one "
        "shop alone. Set `callback_secret` of the account and paste the addresses that `gateway callbacks` prints."
    )


def callback_addresses(gateway: Gateway) -> list[dict[str, str]]:
    """The templates to paste into SALESmanago, which fills in address and signature (contract 5.4)."""
    settings, directory = gateway.settings, gateway.directory
    base = settings.base_url
    owners = [
        (f"account {one.id}", f"accounts/{one.id}", directory.account_callback_secrets(one.id), "every shop that knows the person")
        for one in directory.accounts()
    ]
    owners += [
        (f"shop {one.id}", f"shops/{one.id}", directory.shop_callback_secrets(one.id), "this shop alone")
        for one in directory.shops()
    ]
    return [
        {
            "of": name,
            "words": words,
            **{
                direction.replace("-", "_"): f"{base}/callbacks/{path}/{direction}?email=$email$&key=sha1($email${secrets[0]})"
                for direction in ("opt-in", "opt-out")
            },
        }
        for name, path, secrets, words in owners
        if secrets
    ]


def tracking_codes(directory: ShopDirectory, shop: Shop) -> list[dict[str, str]]:
    """SALESmanago's monitoring code for each of a shop's hosts (J6)."""
    account = directory.account(shop.account)
    if account is None:
        return []
    hosts = dict.fromkeys((shop.host, *shop.hosts))
    return [{"host": host, "code": tracking_code(host, account.client_id, account.endpoint)} for host in hosts]
