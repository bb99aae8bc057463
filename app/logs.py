"""Logging: one line per thing that happened, ids as fields, no personal data."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ADDRESS = re.compile(r"[^\s\"'<>,;:=@]+@[^\s\"'<>,;@]+")
_PHONE = re.compile(r"\+\d{7,15}")


def configure(level: str, *, json: bool) -> None:
    """Set up logging for the process; uvicorn's own lines pass the same filter."""
    logging.basicConfig(level=level, stream=sys.stderr, format="%(message)s", force=True)
    for noisy in ("httpx", "httpcore", "alembic", "aiosqlite", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_scrub_record)
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            scrub,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def scrub(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The last guard: whatever slipped into a line, addresses and phone numbers leave it."""
    return {name: scrubbed(value) if isinstance(value, str) else value for name, value in fields.items()}


def scrubbed(text: str) -> str:
    return _PHONE.sub("<phone>", _ADDRESS.sub("<address>", text))


def _scrub_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = scrubbed(record.getMessage()), None
    return True
