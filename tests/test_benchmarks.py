"""The parts of `make bench` that decide: what is met, what is shown, and what the sink counts."""

import json
from pathlib import Path

import pytest

from benchmarks import load, report
from benchmarks.sink import Counts

_ABOUT = {
    "date": "2026-11-24",
    "cores": 2,
    "processor": "a processor",
    "python": "3.11",
    "sqlite": "3.40",
    "postgresql": "16",
    "repetitions": 3,
}


def _figures() -> report.Figures:
    figures = report.Figures()
    for value in (0.8, 1.2, 1.0):
        figures.add("ratio", value, "×", report.at_least(1.1))
        figures.add("calls", value, "calls", report.at_most(1.1))
        figures.add("plain", value * 1_000)
    figures.skip("rival", "no redis-server", report.at_least(10))
    return figures


def test_the_median_of_the_repetitions_is_what_a_budget_judges() -> None:
    ratio, calls, plain, rival = _figures()
    assert (ratio.median, ratio.verdict) == (1.0, "MISSED")
    assert (calls.median, calls.verdict) == (1.0, "met")
    assert plain.verdict == ""
    assert rival.verdict == "skipped"
    assert report.missed([ratio, calls, plain, rival]) == ["ratio"]


@pytest.mark.parametrize(("values", "verdict"), [((0, 0, 0), "met"), ((0, 1, 0), "MISSED")])
def test_what_must_never_happen_is_judged_by_the_worst_repetition(values: tuple[float, ...], verdict: str) -> None:
    (figure,) = _of("lost", values, report.never())
    assert figure.verdict == verdict


def _of(name: str, values: tuple[float, ...], budget: report.Budget) -> report.Figures:
    figures = report.Figures()
    for value in values:
        figures.add(name, value, "events", budget)
    return figures


def test_the_limit_itself_is_kept() -> None:
    assert report.at_least(1.1).is_met_by(1.1)
    assert report.at_most(1.1).is_met_by(1.1)


def test_a_rival_that_ran_once_is_not_skipped() -> None:
    figures = report.Figures()
    figures.skip("rival", "it failed")
    figures.add("rival", 12, "×", report.at_least(10))
    (rival,) = figures
    assert rival.verdict == "met"


def test_the_table_of_the_page_says_what_was_measured_on_what_and_what_was_missed() -> None:
    table = report.as_markdown(list(_figures()), _ABOUT).splitlines()
    assert table[0].startswith(
        "Measured on 2026-11-24: 2 cores (a processor), Python 3.11, SQLite 3.40, PostgreSQL 16, 3 repetitions."
    )
    assert "| ratio | 1 × | 0.80 | 1.20 | ≥ 1.10 × | MISSED |" in table
    assert "| plain | 1,000 | 800 | 1,200 |  |  |" in table
    assert "| rival | no redis-server |  |  | ≥ 10 | skipped |" in table


def test_the_short_table_of_the_readme_has_three_of_the_figures_that_are_measured() -> None:
    figures = report.Figures()
    for name in (*report.IN_SHORT, "another"):
        figures.add(name, 7, "events/s")
    assert report.in_short(list(figures), _ABOUT).count("| 7 events/s |") == 3
    page = (Path(__file__).parent.parent / "docs" / "performance.md").read_text()
    assert [name for name in report.IN_SHORT if f"| {name} |" not in page] == []


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    text = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    assert report.between_marks(text, "new") == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    with pytest.raises(ValueError, match="bench:begin"):
        report.between_marks("no marks", "new")


def test_several_runs_count_as_one() -> None:
    runs = [load.Load(1.0, (0.01, 0.03), {202: 2}), load.Load(3.0, (0.02, 0.5), {202: 1, 503: 1})]
    whole = load.together(runs)
    assert whole.per_second == 1.0
    assert whole.statuses == {202: 3, 503: 1}
    assert (whole.p50_ms, whole.p99_ms) == (30.0, 500.0)


def test_the_sink_counts_events_of_single_calls_and_of_batches_alike() -> None:
    counts, one = Counts(), b'{"contactEvent":{"contactExtEventType":"PURCHASE"}}'
    many = b'{"events":[{"contactExtEventType": "PURCHASE"},{"contactExtEventType":"RETURN"}]}'
    assert json.loads(counts.answer(b"/api/contact/upsert", b"{}"))["contactId"]
    assert json.loads(counts.answer(b"/api/v2/contact/addContactExtEvent", one))["createdAmount"] == 1
    assert json.loads(counts.answer(b"/api/v2/contact/addBatchContactExtEvent", many))["createdAmount"] == 2
    assert json.loads(counts.answer(b"/api/contact/batchupsertv2", b"{}"))["requestId"]
    assert json.loads(counts.answer(b"/api/job/status", b"{}"))["fileUrl"]
    assert json.loads(counts.answer(b"/sandbox/state", b"")) == {"calls": 5, "events": 3}
    told = json.loads(counts.answer(b"/sandbox/times", b""))
    assert (len(told["calls"]), len(told["events"])) == (5, 3)
