"""JSON logs, a line per event on standard error. Texts that people wrote are never logged."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog
from structlog.types import EventDict, WrappedLogger

FRAMES = 12  # the innermost, of an exception


def configure_logging(level: str = "INFO") -> None:
    """Set up structlog for the process and pass uvicorn's own lines through it."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    shared: list[structlog.types.Processor] = [
        without_message,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=False)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(number)


def without_message(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """An exception as its kind and where it happened: its message may hold what people wrote."""
    given = event.pop("exc_info", None)
    if not given:
        return event
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(describe(error))
    return event


def describe(error: BaseException) -> dict[str, object]:
    """Kind, cause and innermost places of an error."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    return {
        "kind": type(error).__name__,
        "cause": type(error.__cause__).__name__ if error.__cause__ else None,
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
