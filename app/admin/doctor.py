"""What a doctor looks at, and the prescription: the store, accounts, panels, traps, and addresses to paste."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from app.bootstrap.gateway import Gateway
from app.clients.idosell.client import IdosellPanel
from app.configuration.settings import Settings
from app.domain.delivery.outcomes import Refused, Throttled
from app.domain.shops.shop import Shop, SourceKind
from app.formats.tracking_code import tracking_code
from app.services.shops.directory import ShopDirectory
from app.sources.idosell.connecting import limits_of


async def examine(gateway: Gateway, shop_id: str | None) -> list[dict[str, Any]]:
    """What a doctor looks at: the store, each account's signature and owner, each shop's traps."""
    findings: list[dict[str, Any]] = []

    def note(about: str, *, good: bool, words: str, warning: bool = False) -> None:
        findings.append({"about": about, "good": good, "warning": warning, "words": words})

    report = await gateway.health.report()
    note("database", good=report.ready, words="usable and migrated" if report.ready else "; ".join(report.problems))
    await gateway.installation.look(writes=False)
    if (whereabouts := gateway.installation.whereabouts) is not None:
        note("installation", good=whereabouts.is_confirmed, words=whereabouts.words[0])
    shops = [shop for shop in gateway.directory.shops() if shop_id in (None, shop.id)]
    if not shops:
        note(shop_id or "shops", good=False, words="No such shop is configured. Write one into the file of `gateway apply`.")
    for good, words in address_findings(gateway.settings):
        note("public address", good=True, warning=not good, words=words)
    for account_id in sorted({shop.account for shop in shops}):
        answer = await gateway.upstreams.client(account_id).owners()
        account = gateway.upstreams.client(account_id).account
        if isinstance(answer, list):
            known = account.owner.lower() in (owner.lower() for owner in answer)
            words = "signature accepted, owner known" if known else "the owner is none of the account's users; correct `owner`"
            note(f"account {account_id}", good=known, words=words)
        elif isinstance(answer, Throttled):
            words = "SALESmanago answers 429, too many calls at the moment: nothing is proven. Ask again in some minutes."
            note(f"account {account_id}", good=True, warning=True, words=words)
        else:
            why = answer.message if isinstance(answer, Refused) else type(answer).__name__.lower()
            note(f"account {account_id}", good=False, words=f"SALESmanago: {why}. Check endpoint, client_id and api_secret.")
        shared = shared_account_warning(gateway.directory, account_id)
        if shared is not None:
            note(f"account {account_id}", good=True, words=shared, warning=True)
    for shop in shops:
        side = gateway.shop_sides(shop.id)
        if isinstance(side, IdosellPanel):
            wrong = await side.examine()
            advice = (
                "the key opens what is needed"
                if wrong is None
                else f"{wrong}. Check base_url and the key's rights: CRM rw, SYSTEM r."
            )
            note(f"panel of {shop.id}", good=wrong is None, words=advice)
    for one in await gateway.sources.watch.report():
        words = f"{one.traffic.pushes} pushes in the last 7 days, {one.traffic.not_understood} not understood"
        if one.scan is not None:
            words += f"; the scan made {one.calls_today} of {one.calls_per_day} calls today"
            words += f"; its last word of trouble: {one.scan.trouble}" if one.scan.trouble else ""
        note(f"source {one.title}", good=not one.problems(), words=words)
    for shop in shops:
        for limit in limits_of(shop) if shop.source.kind is SourceKind.IDOSELL else ():
            note(f"source of {shop.id}", good=True, words=limit.en)
    for problem in report.problems:
        note("warning", good=False, words=problem)
    for shop in shops:
        mode = "shadow mode: nothing is sent" if shop.shadow else f"policy {shop.policy.value}"
        note(f"shop {shop.id}", good=shop.enabled, words=mode if shop.enabled else "disabled: its events are held")
    return findings


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
