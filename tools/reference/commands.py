"""Every command with its arguments and options, as `--help` says them."""

from collections.abc import Iterator
from typing import Any

import typer

from app.cli import cli
from tools.reference.markdown import page, table


def commands() -> str:
    intro = """
Commands work beside a running gateway, through a socket next to the SQLite file that only its owner may open, and without one. A
shop is always the first argument. Commands that read take `--json`. Exit codes: 0 done; 1 refused, or trouble was found; 2 the
command line cannot be read; 130 ended by Ctrl-C.
"""
    return page("Commands", intro, *(_command(words, one) for words, one in _all(typer.main.get_command(cli), "gateway")))


def _all(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    for name, one in below.items():
        yield from _all(one, f"{words} {name}")


def _command(words: str, command: Any) -> str:
    parameters = [one for one in command.params if one.name != "help"]
    usage = " ".join([words, *(_argument(one) for one in parameters if _is_argument(one))])
    about = " ".join((command.help or "").split("\n\n")[0].split())
    rows = [[f"`{_names(one)}`", _default_of(one), getattr(one, "help", None) or ""] for one in parameters]
    parts = [f"## {words}", f"`{usage}`" if usage != words else "", about, table(["", "default", "meaning"], rows) if rows else ""]
    return "\n\n".join(filter(None, parts))


def _is_argument(parameter: Any) -> bool:
    return str(parameter.param_type_name) == "argument"


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required or name.startswith("[") else f"[{name}]"


def _names(parameter: Any) -> str:
    return _argument(parameter) if _is_argument(parameter) else ", ".join((*parameter.opts, *parameter.secondary_opts))


def _default_of(parameter: Any) -> str:
    if parameter.required:
        return "**required**"
    default = parameter.default
    return f"`{default}`" if isinstance(default, int | float | str) and not isinstance(default, bool) and default != "" else ""
