"""What every command shares: run it, ask the gateway, say what went wrong."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from typer.core import TyperGroup
from typer.exceptions import TyperException

from app.configuration.control_socket import USER_HEADER, Answer, NoAnswer, ask_running, shown_database, user
from app.domain.errors import GatewayError
from app.formats.words import mended

if TYPE_CHECKING:
    from rich.table import Table

    from app.console.wording import Wording

CONFIGURATION = "/configuration"
"""What `gateway apply` asks for: beside `serve` and `worker` the only one that makes or migrates a database (R74)."""

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PerhapsShop = Annotated[str | None, typer.Argument(metavar="[SHOP]", help="One shop; all of them otherwise.")]
"""Of every command the shop is the first argument, never an option."""
InPolish = Annotated[bool, typer.Option("--pl", help="In Polish.")]
_speaks_polish: ContextVar[bool] = ContextVar("speaks_polish", default=False)


class Commands(TyperGroup):
    """The root of all commands. It knows the language before a word of the line is understood, so refusals have it too."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **extra: Any) -> Any:
        polish = "--pl" in (sys.argv[1:] if args is None else args)
        _speaks_polish.set(polish)
        if not polish:
            return super().main(args, *more, **extra)
        try:
            sys.exit(super().main(args, *more, **{**extra, "standalone_mode": False}) or 0)
        except TyperException as error:
            _print_refusal(error.format_message())
            sys.exit(error.exit_code)
        except typer.Abort:
            err.print("Przerwano.")
            sys.exit(1)


def sure(question: str, *, to_error: bool) -> None:
    """Ask, and go on only after a yes. `to_error`: standard output belongs to a program. Raises `typer.Abort`."""
    question = fill(question, out.width - len(" [y/N]: "), break_long_words=False, break_on_hyphens=False)
    if not _speaks_polish.get():
        typer.confirm(question, abort=True, err=to_error)
        return
    while (answer := typer.prompt(f"{question} [t/N]", "", show_default=False, err=to_error).strip().lower()) not in _YES:
        if answer in _NO:
            raise typer.Abort
        typer.echo("Odpowiedz t albo n.", err=to_error)


_YES, _NO = ("t", "tak", "y", "yes"), ("", "n", "nie", "no")


def tuned_to_serve() -> None:
    """Also before what serves is imported, a tenth of whose time goes into looking for garbage where there is none."""
    from app.worker.garbage import search_seldom

    search_seldom()


def run(step: Coroutine[Any, Any, None], *, serves: bool = False) -> None:
    """`serves`: it runs for long and is tuned for it; what only asks must start quickly."""
    if serves:
        tuned_to_serve()
    try:
        with asyncio.Runner(loop_factory=_fast_loop() if serves else None) as runner:
            runner.run(step)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except Exception as error:
        words = _words_of(error)
        if words is None:
            from app.observability import crashes  # only of a defect

            crashes.install()
            raise
        fail(words)


def _words_of(error: Exception) -> str | None:
    """What a person reads of a failure; None for a defect. What was never imported cannot have failed."""
    if isinstance(error, GatewayError):
        return str(error)
    if isinstance(error, NoAnswer) or _is_a(error, "httpx", "TransportError"):
        return f"The running gateway did not answer on its control socket ({type(error).__name__})."
    if _is_a(error, "pydantic", "ValidationError"):
        mistakes = error.errors(include_input=False)  # type: ignore[attr-defined]  # pydantic's
        return "\n".join(dict.fromkeys(_mistake(one["loc"], one["msg"]) for one in mistakes))
    if isinstance(error, OSError) or _is_a(error, "sqlalchemy.exc", "SQLAlchemyError"):
        return f"The database cannot be used ({type(error).__name__}). Look at GATEWAY_DATABASE_URL."
    return None


def _mistake(location: tuple[str | int, ...], message: str) -> str:
    """Of a setting by its name; of several together, which name themselves, the words alone."""
    words = message.removeprefix("Value error, ")
    if "is not a valid IPv" in words:  # of each kind of network that a value is not
        words = "write addresses or networks like 203.0.113.0/24, separated by commas"
    return f"GATEWAY_{str(location[0]).upper()}: {words}" if location else words


def _is_a(error: Exception, module: str, name: str) -> bool:
    return module in sys.modules and isinstance(error, getattr(sys.modules[module], name))


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: it halves what the network costs."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def fail(words: str) -> NoReturn:
    _print_refusal(words)
    raise typer.Exit(1)


def _print_refusal(words: str) -> None:
    err.print(f"[red]{escape(refusal(words))}[/red]")


def refusal(words: str) -> str:
    """In the language of the command."""
    if not _speaks_polish.get():
        return words
    from app.console.refusals import in_polish

    return in_polish(words)


_TOO_OLD = (
    "The gateway that runs here is of an older version than this command, so its answer cannot be read. "
    "Restart the gateway, then look again: what was asked for may be done."
)


async def ask(method: str, path: str, **more: Any) -> Any:
    """The JSON of an answer: of the running gateway, or of one opened in this process for the question."""
    _name_database(shown_database())
    path = quote(mended(path), safe="/")  # what was typed stands in it, in letters of any kind
    more = {name: _typed(value) for name, value in more.items()}
    answer = ask_running(method, path, **more) or await _ask_here(method, path, **more)
    if not answer.version:
        fail(_TOO_OLD)
    if answer.status == HTTPStatus.NO_CONTENT:
        return None
    body = answer.json()
    if answer.status >= HTTPStatus.BAD_REQUEST:
        right = "poprawnie" if _speaks_polish.get() else "right"
        mistakes = [
            f"{refusal(one['field'])}: {refusal(one['message'])} ({right}: {one['example']})" for one in body.get("errors", ())
        ]
        fail("\n".join([body["detail"], *mistakes]))
    return body


def _typed(value: Any) -> Any:
    """Bytes of a terminal that are no UTF-8 reach Python as signs that no encoder takes (R73)."""
    match value:
        case str():
            return mended(value)
        case dict():
            return {name: _typed(one) for name, one in value.items()}
        case list():
            return [_typed(one) for one in value]
        case _:
            return value


@lru_cache
def _name_database(shown: str) -> None:
    """Which one answers (R74): once, for a person at a terminal; programs read standard output."""
    if err.is_terminal:
        err.print(f"[dim]{escape(shown)}[/dim]", highlight=False, soft_wrap=True)


async def _ask_here(method: str, path: str, **more: Any) -> Answer:
    from app.admin.control import control
    from app.configuration.settings import Settings

    quiet_logs()
    async with control(Settings(), prepares=(method, path) == ("POST", CONFIGURATION)) as client:
        received = await client.request(method, path, headers={USER_HEADER: user()}, **more)
    return Answer(received.status_code, received.content)


def local(at: str, *, seconds: bool = True) -> str:
    """A time of an answer as the terminal's clock shows it, with its zone."""
    moment = datetime.fromisoformat(at).astimezone()
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}" if seconds else f"{moment:%Y-%m-%d %H:%M %Z}"


def table_of(*headers: str) -> "Table":
    """A table in which nothing is cut off, however narrow the terminal: an id that is cut off names nothing."""
    from rich.table import Table

    made = Table()
    for header in headers:
        made.add_column(header, overflow="fold")
    return made


def show_table(table: "Table") -> None:
    """At most as wide as the terminal. A word is broken only if the longest words do not fit side by side: the longest one."""
    from rich.measure import Measurement

    def measured(cells: Iterable[Any]) -> tuple[int, int]:
        found = [Measurement.get(out, out.options, cell) for cell in cells]
        return max(one.minimum for one in found), max(one.maximum for one in found)

    needed = [measured((column.header, *column.cells) if table.show_header else column.cells) for column in table.columns]
    widths, room = [fewest for fewest, _ in needed], out.width - _BORDER * len(needed) - 1
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    wanting = sorted(range(len(needed)), key=lambda at: needed[at][1] - widths[at])
    for left, at in zip(range(len(needed), 0, -1), wanting, strict=True):  # the one that wants least first
        widths[at] += max(0, min(needed[at][1] - widths[at], (room - sum(widths)) // left))
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    out.print(table)


_BORDER = 3
"""Signs beside each column: a line, and a space on both sides of the text."""


def words_of(suffix: str) -> Callable[[str, str], str]:
    """Codes as they are; in Polish as the console says them."""
    if not suffix:
        return lambda kind, code: code  # noqa: ARG005
    return wording_of(suffix).word


def typed(line: str, *, polish: bool) -> str:
    """A line to be typed, by which the gateway answers in the language of this command."""
    return f"{line} --pl" if polish else line


def wording_of(suffix: str) -> "Wording":
    """As the console says things; `suffix`: `_pl` for Polish."""
    from app.console.wording import Wording

    return Wording("pl" if suffix else "en")


def cause_in(cause: str, suffix: str) -> str:
    """Why something waits: an outcome and the text of the answer; in English as they stand in traces."""
    return wording_of(suffix).cause(cause) if suffix else cause


def quiet_logs(level: str = "WARNING") -> None:
    """Standard output belongs to the command; what goes wrong is said on standard error."""
    from app.observability import logs

    logs.configure(level, json=False)


def write_for_owner(path: Path, text: str) -> None:
    """A new file that nobody else can read at any moment."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def show_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
