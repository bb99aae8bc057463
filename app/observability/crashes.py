"""What a process that crashes leaves on standard error: where it was, without whom it was about and without a secret.

A traceback ends with the words of the error, and those may quote a value. Python would print them as they are.
"""

import os
import sys
import threading
import traceback
from collections.abc import Mapping
from types import TracebackType

from app.formats.words import mended
from app.observability.redaction import redacted, without_secrets


def install() -> None:
    """Let every crash of the process be written so, in whichever thread it happens."""
    sys.excepthook = _write
    threading.excepthook = lambda crash: _write(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _write(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    sys.stderr.write(described(kind, error, trace, os.environ))


def described(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None, environment: Mapping[str, str]
) -> str:
    """The traceback, with causes and contexts, masked."""
    masked = without_secrets("".join(traceback.format_exception(kind, error, trace)), environment)
    return "".join(redacted(mended(line)) for line in masked.splitlines(keepends=True))
