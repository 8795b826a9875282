"""What the studio writes down about its own running: on standard error, and in logs/app.log.

No line holds a known secret (`Secrets.mask`). And what somebody asked or was answered is no known
secret, so of an exception that nobody foresaw only its kind and the places are told: its message
may hold the very words that it stumbled over. Told are messages that this program or the system
has written (`SAID_BY_US`).
"""

import asyncio
import logging
import os
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any

from core.errors import StudioError
from core.secrets import Secrets
from core.settings import Settings
from events.errors import EventError

SAID_BY_US = (StudioError, EventError, OSError, sqlite3.Error)
OURS = ("core", "desktop", "events")  # of these also what is only worth knowing
LARGEST = 5 * 1024 * 1024  # bytes; then it moves to app.log.1
DEEPEST = 20  # exceptions in a chain

log = logging.getLogger(__name__)


@contextmanager
def kept(settings: Settings) -> Generator[None]:
    """Write it down from here to the end of the block, this process's last words included."""
    secrets = Secrets(settings.paths.secrets)
    for value in settings.secret_values():
        secrets.remember(value)
    handlers = (_to_stderr(), _to_file(settings.paths.log("app")))
    for handler in handlers:
        handler.setFormatter(Discreet(secrets.mask))
        logging.getLogger().addHandler(handler)
    levels = {name: logging.getLogger(name).level for name in OURS}
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    sys.excepthook, threading.excepthook, sys.unraisablehook = _died, _thread_died, _unraisable
    try:
        yield
    except Exception as error:
        if not isinstance(error, SAID_BY_US):  # what is said by us is told to who asked
            log.critical("vLLM Studio ends, because of a mistake of its own", exc_info=error)
            raise SystemExit(1) from None
        raise
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for handler in handlers:
            logging.getLogger().removeHandler(handler)
            with suppress(OSError):  # a full disk: what was not written is lost
                handler.close()


def listen_to(loop: asyncio.AbstractEventLoop) -> None:
    """Hear of tasks and callbacks whose failures nobody waits for.

    asyncio itself would show them with their arguments.
    """
    loop.set_exception_handler(_nobody_waits)


class Discreet(logging.Formatter):
    """A line, and below it where an exception came from."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Without touching the record: others may format it too."""
        record.message = record.getMessage()
        record.asctime = self.formatTime(record)
        text = self.formatMessage(record)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text = "\n".join((text, *places(error)))
        return self._mask(text)


def places(error: BaseException, depth: int = 0) -> Iterator[str]:
    """The exception's causes first, as Python tells them; its message only when it is ours."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < DEEPEST:
        yield from places(before, depth + 1)
        yield "which led to:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    yield _named(error)
    if isinstance(error, BaseExceptionGroup) and depth < DEEPEST:
        for one in error.exceptions:
            yield from (f"  | {line}" for line in places(one, depth + 1))


def _named(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{kind}: {error}" if isinstance(error, SAID_BY_US) else kind


def _to_stderr() -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    return handler


class _OwnersFile(RotatingFileHandler):
    """For the owner's eyes only, the next one as well; a full disk is no reason to complain."""

    def _open(self) -> Any:  # noqa: ANN401 - as the base class has it
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            errors=self.errors,
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )

    def handleError(self, record: logging.LogRecord) -> None:
        """Standard error has it already."""


def _to_file(path: Path) -> logging.Handler:
    try:
        return _OwnersFile(
            path, maxBytes=LARGEST, backupCount=1, encoding="utf-8", errors="replace"
        )
    except OSError:
        return logging.NullHandler()


def _died(
    kind: type[BaseException], error: BaseException, _traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("vLLM Studio ends, because of a mistake of its own", exc_info=error)


def _thread_died(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
        log.error("a thread ended unexpectedly", exc_info=told.exc_value)


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    if told.exc_value is not None:
        log.error("an exception could be raised to nobody", exc_info=told.exc_value)


def _nobody_waits(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The message is asyncio's own as far as the colon or the callback, whose arguments follow."""
    message = str(context.get("message") or "something failed")
    known = message.partition(":")[0].partition(" <")[0]
    if known.startswith("Exception in callback"):
        known = "Exception in callback"
    log.error("%s%s", known, _which(context), exc_info=context.get("exception"))


def _which(context: dict[str, Any]) -> str:
    """The name of the function that the task ran; never its arguments."""
    coroutine = (
        context["task"].get_coro() if isinstance(context.get("task"), asyncio.Task) else None
    )
    name = getattr(coroutine, "__qualname__", None)
    return f" ({name})" if name else ""
