"""Logging: one line per thing that happened, ids as fields, no personal data."""

import logging
import os
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

from app.formats.words import mended
from app.observability.redaction import redacted, without_secrets

_QUIET = ("httpx", "httpcore", "alembic", "aiosqlite", "uvicorn.access", "uvicorn.error")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty outside one."""


def configure(level: str, *, json: bool) -> None:
    """Set up logging for the process: our lines and other libraries' lines in one form, on standard error."""
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    shared: list[Any] = [
        with_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    theirs = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, scrub, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(theirs)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in _QUIET:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, scrub, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def with_request_id(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What is logged for a request names it."""
    if answered := request_id.get():
        fields["request_id"] = answered
    return fields


def scrub(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last guard: whatever slipped into a line, addresses and phone numbers leave it, and signs no terminal should get.

    Secrets are looked for in tracebacks alone: the words of an error are the one thing in a line that nobody of us wrote.
    """
    if isinstance(trace := fields.get("exception"), str):
        fields["exception"] = without_secrets(trace, os.environ)
    return {name: redacted(mended(value)) if isinstance(value, str) else value for name, value in fields.items()}
