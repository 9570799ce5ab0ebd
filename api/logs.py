"""JSON logs, a line per event on standard error.

No texts that people wrote, no secrets: an exception leaves its kind and place, never its message;
other libraries' lines leave their place only; what is named like a secret is hidden. The one thing
taken over from a request is its X-Request-ID, of a narrow shape (`api.edge.middleware`).
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from types import TracebackType

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

FRAMES = 12  # the innermost, of an exception
HIDDEN = "[hidden]"
_SECRET_NAME = re.compile(r"authori[sz]|cookie|passw|secret|token$|^token|csrf|api_?key", re.I)
_SECRET_VALUE = re.compile(r"(\b(?:bearer|basic)\s+)\S+|(://)[^/@\s]+@", re.I)
_OURS = ("uvicorn", "potica")
log = structlog.get_logger("potica.process")


def configure_logging(level: str = "INFO") -> None:
    """Set up structlog for the process, and pass through it whatever else would be printed."""
    # Below DEBUG uvicorn writes addresses of clients.
    number = max(logging.getLevelNamesMapping().get(level.upper(), logging.INFO), logging.DEBUG)
    shared: list[Processor] = [
        without_message,
        structlog.contextvars.merge_contextvars,
        without_secrets,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = _handler(shared)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(number)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _note_uncaught
    threading.excepthook = lambda args: _note_uncaught(args.exc_type, args.exc_value, None)
    sys.unraisablehook = lambda args: _note_uncaught(args.exc_type, args.exc_value, None)


def _handler(shared: list[Processor]) -> logging.Handler:
    """For the lines of the standard library's logging."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[place_only, *shared, structlog.stdlib.add_logger_name],
        )
    )
    return handler


def place_only(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """A line of another library: who wrote it and where, since its text may quote anything."""
    record: logging.LogRecord = event["_record"]
    if not record.name.startswith(_OURS):
        event["event"] = "library_message"
        event["place"] = f"{record.filename}:{record.lineno}"
        event.pop("positional_args", None)
    return event


def without_message(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """An exception as its kind and where it happened: its message may hold what people wrote."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if not given:
        return event
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(describe(error))
    return event


def without_secrets(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Hides what is named like a secret or looks like a credential: nobody should log one."""
    for name, value in event.items():
        if name.startswith("_"):
            continue
        if _SECRET_NAME.search(name):
            event[name] = HIDDEN
        elif isinstance(value, str) and name != "event":
            event[name] = _SECRET_VALUE.sub(rf"\1\2{HIDDEN}", value)
    return event


def describe(error: BaseException) -> dict[str, object]:
    """Kind, cause and innermost places of an error."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "kind": type(error).__name__,
        "cause": type(error.__cause__).__name__ if error.__cause__ else None,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def _note_uncaught(
    kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None
) -> None:
    """What Python would print with its message."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    log.error("uncaught", **(describe(error) if error else {"kind": kind.__name__}))
