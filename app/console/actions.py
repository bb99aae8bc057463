"""Forms that do something: each shows first what would happen, where that is more than one thing."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.console.session import HEADERS, HOME, Visit, number_in
from app.console.wording import language_of
from app.domain.decisions.discrepancies import ConflictKind
from app.domain.errors import NotFound
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import EXPLANATIONS, Reason
from app.domain.runs.backfill import BackfillMode
from app.domain.runs.reconciliation import Cause, ReconciliationMode
from app.domain.shops.configuration import SHOP_ROLE, STAFF_ROLES
from app.formats.contact_values import email_address

MOST_DAYS = 3650


def _to(page: str, visit: Visit | None = None) -> Response:
    """After an act, so that reloading does not repeat it; with `visit` to the shop that the page was narrowed to."""
    only = visit.form.get("only", "") if visit is not None else ""
    return RedirectResponse(f"{HOME}/{page}{'?shop=' + quote(only, safe='') if only else ''}", 303, headers=HEADERS)


async def replay(visit: Visit) -> Response:
    """Parked items of a group: a preview, and with `sure` the replay itself."""
    form = visit.form
    reason = form.get("reason")
    wanted = ParkedFilter(
        visit.shop(),
        Reason(reason) if reason in list(Reason) else None,
        form.get("words") or None,
        form.get("event_id") or None,
    )
    sure = form.get("sure") == "yes"
    report = await (visit.uses.operations.replay(wanted) if sure else visit.uses.operations.preview(wanted))
    return visit.page("replay.html", report=report, wanted=wanted, done=sure, why_of=EXPLANATIONS.__getitem__)


async def access_report(visit: Visit) -> Response:
    """What is stored of a person, as the page for that person. The address is posted: it never stands in a URL."""
    report = await visit.uses.data_requests.access_report(_one_shop(visit), _address(visit))
    shop = visit.uses.directory.shop(_one_shop(visit))
    if shop is None:
        raise NotFound("shop")
    return HTMLResponse(
        visit.uses.access_page(report, shop, language_of(visit.form.get("language"), visit.language)), headers=HEADERS
    )


async def erase(visit: Visit) -> Response:
    """Who it is and what would go; with `sure` the erasure itself, and then how it ends."""
    shop_id, email = _one_shop(visit), _address(visit)
    if visit.form.get("sure") != "yes":
        preview = await visit.uses.data_requests.preview(shop_id, email)
        return visit.page("erase.html", preview=preview, email=email)
    event_id = await visit.uses.data_requests.erase(shop_id, email)
    return _to(f"events/{quote(shop_id, safe='')}/{event_id}")


async def manual_task_done(visit: Visit) -> Response:
    number = number_in(visit.form.get("number"))
    if number is None:
        raise NotFound("manual task")
    await visit.uses.manual_tasks.done(_one_shop(visit), number)
    return _to("stuck", visit)


async def conflicts_seen(visit: Visit) -> Response:
    """What somebody saw to: which conflicts these are, and with `sure` the mark itself."""
    email, kind = visit.form.get("email", ""), visit.form.get("kind", "")
    shop = visit.uses.directory.shop(_one_shop(visit))
    if shop is None or kind not in list(ConflictKind):
        raise NotFound("conflict")
    if visit.form.get("sure") != "yes":
        found = await visit.uses.disputes.to_be_seen(shop, email, ConflictKind(kind))
        if not found:
            raise NotFound("conflict")
        return visit.page("seen.html", shop=shop, email=email, kind=kind, found=found, only=visit.form.get("only", ""))
    if not await visit.uses.disputes.mark_as_seen(shop, email, ConflictKind(kind)):
        raise NotFound("conflict")
    return _to("stuck", visit)


async def push_again(visit: Visit) -> Response:
    """Read a webhook that was not understood once more."""
    number = number_in(visit.form.get("number"))
    if number is None or not await visit.uses.pushes.again([number]):
        raise NotFound("push that is kept")
    return _to("stuck", visit)


async def start_transfer(visit: Visit) -> Response:
    mode = BackfillMode.RUN if visit.form.get("mode") == BackfillMode.RUN.value else BackfillMode.DRY_RUN
    if mode is BackfillMode.RUN and visit.form.get("sure") != "yes":
        shop = visit.uses.directory.shop(_one_shop(visit))
        runs = await visit.uses.backfills.of_shop(_one_shop(visit))
        return visit.page("sure.html", shop=shop, runs=runs, only=visit.form.get("only", ""))
    await visit.uses.backfills.start(_one_shop(visit), mode)
    return _to("transfers", visit)


async def act_on_transfer(visit: Visit) -> Response:
    backfills = visit.uses.backfills
    acts = {"pause": backfills.pause, "resume": backfills.resume, "approve": backfills.approve, "cancel": backfills.cancel}
    number, act = number_in(visit.form.get("number")), acts.get(visit.form.get("act", ""))
    if act is None or number is None:
        raise NotFound("transfer")
    await act(_one_shop(visit), number)
    return _to("transfers", visit)


async def start_comparison(visit: Visit) -> Response:
    mode = ReconciliationMode.REPAIR if visit.form.get("mode") == ReconciliationMode.REPAIR.value else ReconciliationMode.PREVIEW
    chosen = [cause for cause in Cause if visit.form.get(f"repair-{cause}") == "yes"]
    if mode is ReconciliationMode.REPAIR and not chosen:
        return _to("comparisons", visit)  # nothing was ticked, so nothing is put right
    await visit.uses.reconciliations.start(_one_shop(visit), mode, chosen)
    return _to("comparisons", visit)


async def issue_key(visit: Visit) -> Response:
    """The key is on the answer's page, this once."""
    role, days = visit.form.get("role", ""), number_in(visit.form.get("days"))
    if role not in (SHOP_ROLE, *STAFF_ROLES):
        raise NotFound("role")
    ends = datetime.now(UTC) + timedelta(days=min(days, MOST_DAYS)) if days else None
    name = visit.form.get("name", "").strip()[:64]
    shop = _one_shop(visit) if role == SHOP_ROLE else None
    key = await visit.uses.directory.issue_key(shop, role, name=name, expires_at=ends)
    return visit.page("key.html", key=key, role=role, name=name or shop or "")


async def revoke_key(visit: Visit) -> Response:
    await visit.uses.directory.revoke_key(visit.form.get("key_id", ""))
    return _to("setup")


async def confirm_installation(visit: Visit) -> Response:
    """The banner says what it means: an administrator's word that no other gateway uses the original."""
    await visit.uses.installation.confirm()
    return RedirectResponse(HOME + "/", 303, headers=HEADERS)


def _address(visit: Visit) -> str:
    """Raises `NotFound` if the form names nobody."""
    try:
        return email_address(visit.form.get("email", ""))
    except ValueError:
        raise NotFound("person") from None


def _one_shop(visit: Visit) -> str:
    """Raises `NotFound` if the form names none."""
    shop = visit.shop()
    if shop is None:
        raise NotFound("shop")
    return shop
