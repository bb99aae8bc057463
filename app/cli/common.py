"""What every command shares: run it, ask the gateway, say what went wrong."""

import asyncio
import gc
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, NoReturn

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from app.control import control
from app.domain.errors import GatewayError
from app.settings import Settings

out = Console()
err = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
InPolish = Annotated[bool, typer.Option("--pl", help="Reasons in Polish.")]


def run(step: Coroutine[Any, Any, None]) -> None:
    _collect_garbage_seldom()
    try:
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            runner.run(step)
    except GatewayError as error:
        fail(str(error))
    except ValidationError as error:
        fail(
            "; ".join(
                f"GATEWAY_{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors(include_input=False)
            )
        )
    except (SQLAlchemyError, OSError) as error:
        fail(f"The database cannot be used ({type(error).__name__}). Look at GATEWAY_DATABASE_URL.")
    except httpx.TransportError as error:
        fail(f"The running gateway did not answer on its control socket ({type(error).__name__}).")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _collect_garbage_seldom() -> None:
    """A round makes some 50,000 values that live until it ends. Python's own threshold (700) walks through them seventy times,
    which is a seventh of all work; what was imported is never walked through again. Twice a round costs no more than once, and
    holds six megabytes less.
    """
    gc.freeze()
    gc.set_threshold(25_000, 20, 20)


def _fast_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: it halves what the network costs."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop


def fail(words: str) -> NoReturn:
    err.print(f"[red]{escape(words)}[/red]")
    raise typer.Exit(1)


async def ask(method: str, path: str, **more: Any) -> Any:
    async with control(Settings()) as client:
        answer = await client.request(method, path, **more)
    if answer.status_code == httpx.codes.NO_CONTENT:
        return None
    body = answer.json()
    if answer.is_error:
        mistakes = [f"{one['field']}: {one['message']} (right: {one['example']})" for one in body.get("errors", ())]
        fail("\n".join([body["detail"], *mistakes]))
    return body


def show_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
