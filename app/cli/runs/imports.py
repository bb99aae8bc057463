"""`gateway import-subscribers`: newsletter subscribers without account, from a CSV file."""

import csv
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.common import AsJson, InPolish, ask, fail, out, refusal, run, show_json
from app.domain.text import counted_in_english, counted_in_polish

CHUNK = 500
SHOWN = 20


def import_subscribers(
    shop: Annotated[str, typer.Argument(help="Whose newsletter they subscribed to.")],
    file: Annotated[Path, typer.Argument(help="CSV with a heading line: email, email_consent_at, phone, sms_consent_at …")],
    report: Annotated[Path | None, typer.Option(help="Write what became of every line to this CSV file.")] = None,
    polish: InPolish = False,
    as_json: AsJson = False,
) -> None:
    """Import newsletter subscribers who have no account, with the true dates of their consents.

    Interrupted, it may simply be run again: what is stored already counts as a duplicate. Exit code 1 if a line was rejected.
    """

    import msgspec

    from app.formats.subscriber_csv import NotAList, decoded, parsed

    async def step() -> None:
        try:
            found = parsed(decoded(file.read_bytes()))
        except OSError as error:
            fail(f"{file} cannot be read: {error.strerror}.")
        except NotAList as mistake:
            fail(f"{file}: {mistake}.")
        lines: list[dict[str, Any]] = []
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        with Progress(*columns, console=out, transient=True, disable=as_json or not out.is_terminal) as bar:
            task = bar.add_task(file.name, total=len(found.rows))
            for chunk in (found.rows[start : start + CHUNK] for start in range(0, len(found.rows), CHUNK)):
                content = msgspec.json.encode({"rows": chunk, "ignored": found.ignored})
                answer = await ask("POST", f"/subscriber-lists/{shop}", content=content)
                lines += answer["lines"]
                bar.advance(task, len(chunk))
        if report is not None:
            try:
                _write(report, lines)
            except OSError as error:
                fail(f"{report} cannot be written: {error.strerror}. The lines themselves were taken.")
        counts = {kind: sum(line["result"] == kind for line in lines) for kind in ("accepted", "duplicate", "conflict", "rejected")}
        if as_json:
            show_json({**counts, "ignored_columns": found.ignored, "lines": lines})
        else:
            _show(counts, list(found.ignored), lines, polish=polish)
        if counts["rejected"] or counts["conflict"]:
            raise typer.Exit(1)

    run(step())


def _write(report: Path, lines: list[dict[str, Any]]) -> None:
    with report.open("w", newline="") as written:
        writer = csv.writer(written)
        writer.writerow(("line", "result", "event_id", "what_is_wrong"))
        for line in lines:
            wrong = "; ".join(f"{one['field']}: {refusal(one['message'])}" for one in line["errors"])
            writer.writerow((line["line"], line["result"], line["event_id"] or "", wrong))


def _show(counts: dict[str, int], ignored: list[str], lines: list[dict[str, Any]], *, polish: bool) -> None:
    say = _WORDS[polish]
    out.print(", ".join(say[kind].format(number) for kind, number in counts.items()))
    if ignored:
        out.print(f"[yellow]{say['ignored'].format(escape(', '.join(ignored)))}[/yellow]")
    wrong = [line for line in lines if line["errors"]]
    for line in wrong[:SHOWN]:
        for one in line["errors"]:
            where, rule = say["line"].format(line["line"]), escape(refusal(one["message"]))
            out.print(f"  {where}, [bold]{one['field']}[/bold]: {rule}; {say['example']} {escape(one['example'])}")
    if (more := len(wrong) - SHOWN) > 0:
        out.print(f"  … {say['more'].format(_more_lines(more, polish=polish))}")


def _more_lines(number: int, *, polish: bool) -> str:
    in_polish = counted_in_polish(number, "wiersz", "wiersze", "wierszy")
    return in_polish if polish else counted_in_english(number, "more line", "more lines")


_WORDS = (
    {
        "accepted": "{} accepted",
        "duplicate": "{} duplicate",
        "conflict": "{} conflict",
        "rejected": "{} rejected",
        "ignored": "columns nobody knows here, ignored: {}",
        "line": "line {}",
        "example": "e.g.",
        "more": "and {}; `--report FILE` names them all.",
    },
    {
        "accepted": "przyjęte: {}",
        "duplicate": "przyjęte już wcześniej: {}",
        "conflict": "sprzeczne z przyjętymi wcześniej: {}",
        "rejected": "odrzucone: {}",
        "ignored": "nieznane kolumny, pominięto: {}",
        "line": "wiersz {}",
        "example": "np.",
        "more": "i jeszcze {}; wszystkie wymieni `--report PLIK`.",
    },
)
