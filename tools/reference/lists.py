"""Reasons, rules, problems, metrics and decisions."""

from pathlib import Path
from typing import Any

from app.domain.reasons import EXPLANATIONS
from app.observability import metrics
from app.observability.hot_metrics import HotCounter, HotHistogram
from app.routers import rule_pages
from app.routers.edge.problem_pages import PAGES
from tools.reference.markdown import page, table


def reasons() -> str:
    intro = """
`withheld`, `superseded`, `parked` and `held` carry a reason: a code, the rule it follows, a sentence, and what to do.
`gateway why`, the console and `GET …/events/{event_id}` say them in English and Polish, with the evidence: what the person did,
when, and which event said so. Each rule has a line in [Rules](rules.md).
"""
    parts = [
        f"## {reason.value}\n\nRule: [{one.rule}](rules.md#{one.rule.lower()})\n\n{one.why}\n\n**What to do:** {one.what_to_do}\n\n"
        f"**Po polsku:** {one.why_pl} **Co zrobić:** {one.what_to_do_pl}\n"
        for reason, one in EXPLANATIONS.items()
    ]
    return page("Reasons: why something was not sent", intro, *parts)


def rules() -> str:
    intro = """
Messages, reasons and comments name rules by number. Here is what each number means; the gateway serves the same words at
`/rules` and, for one of them, at `/rules/R03`. Reasons that follow a rule are in [Reasons](reasons.md).
"""
    parts = [
        f"## {title}\n\n" + "\n".join(f"### {number}\n\n{text}\n{_reasons_of(number)}" for number, text in of_group.items())
        for title, of_group in rule_pages.groups().items()
    ]
    return page("Rules", intro, *parts)


def _reasons_of(number: str) -> str:
    codes = rule_pages.reasons_of(number)
    return f"\nReasons: {', '.join(f'[{code}](reasons.md#{code})' for code in codes)}\n" if codes else ""


def problems() -> str:
    intro = """
Every refusal is one problem document (RFC 9457), `application/problem+json`. Its `type` is `/problems/` and one of the names below;
the gateway serves the same words there. `errors` names each field, the rule it broke, and a value that is right in that field.
`request_id` is the one of the header `X-Request-Id`.
"""
    parts = [
        f"## {kind}\n\n**{title}.** {happened}\n\n**What to do:** {to_do}\n" for kind, (title, happened, to_do) in PAGES.items()
    ]
    return page("Problems", intro, *parts)


def of_metrics() -> str:
    intro = """
`/metrics` speaks Prometheus' text form. Each process counts what it does itself: scrape every one. No label holds personal data.
`deploy/prometheus-alerts.yaml` and `deploy/grafana-dashboard.json` are made of these.
"""
    rows = [_row(one) for one in _all()]
    return page("Metrics", intro, table(["name", "type", "labels", "meaning"], rows))


def _all() -> list[Any]:
    """The registry has no public list of what it holds."""
    return list(metrics.registry._collector_to_names)  # noqa: SLF001


def _row(metric: Any) -> list[str]:
    if isinstance(metric, HotCounter | HotHistogram):
        name, kind, labels, meaning = metric.name, metric.type, metric.labels, metric.documentation
    else:  # the library's own, which say it to nobody
        name, kind, labels, meaning = metric._name, metric._type, metric._labelnames, metric._documentation  # noqa: SLF001
    total = "_total" if kind == "counter" else ""
    return [f"`{name}{total}`", kind, ", ".join(f"`{one}`" for one in labels), meaning]


def decisions(folder: Path) -> str:
    intro = "What is hard to reverse, with what else was considered. Each page says what was, what is, and what follows."
    titles = {path.name: path.read_text().split("\n", 1)[0].removeprefix("# ") for path in sorted(folder.glob("0*.md"))}
    return page("Decisions", intro, "\n".join(f"* [{title}]({name})" for name, title in titles.items()))
