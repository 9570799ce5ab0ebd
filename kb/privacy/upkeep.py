"""What a server does beside answering: erasures of the ledger at the start, retention every day."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy import Engine

from kb.background import Background
from kb.config import Settings
from kb.db import create_engine_for, is_current
from kb.errors import KbError
from kb.privacy.erase import apply_ledger, clean
from kb.privacy.ledger import FILE
from kb.privacy.retain import retain

DAY = 24 * 3600.0  # seconds
FIRST = 60.0  # seconds after the start, which has enough to do
RETRY = 60.0  # seconds until traces are cleaned again that could not be
log = structlog.get_logger(__name__)


def apply_before_start(settings: Settings) -> bool:
    """Erase again what an older copy of the database brought back, before anybody can read it.

    Gives whether traces of it are still to be cleaned. Raises ConfigError when the ledger cannot
    be read.
    """
    if not (settings.home / FILE).exists():
        return False
    engine = create_engine_for(settings)
    try:
        if not is_current(engine) or not apply_ledger(settings, engine):
            return False
    finally:
        engine.dispose()
    try:
        clean(settings)
    except KbError as error:  # another server reads on; the thread tries again
        log.warning("erasure.not_clean", code=error.code)
        return True
    return False


class Upkeep(Background):
    """Cleans up after erasures and keeps the retention periods."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        *,
        unclean: bool = False,
        after_clean: Callable[[], None] | None = None,
    ) -> None:
        """`after_clean` is called in the thread when the traces of an erasure are gone."""
        super().__init__("upkeep")
        self._settings = settings
        self._engine = engine
        self._after_clean = after_clean
        self._unclean = threading.Event()
        self._clean = threading.Event()
        self._next_retention = time.monotonic() + FIRST
        if unclean:
            self._unclean.set()

    def stop(self, timeout: float = 30.0) -> bool:
        """Finish what is in hand and end; a look through all files may take its time."""
        return super().stop(timeout)

    def clean_soon(self, wait: float = 0.0) -> bool:
        """There are traces to clean; gives whether they are gone within `wait` seconds."""
        self._clean.clear()
        self._unclean.set()
        self.wake()
        return self._clean.wait(wait)

    def do_round(self) -> float:
        if self._unclean.is_set():
            self._try("clean", self._do_clean)
        if time.monotonic() >= self._next_retention:
            self._next_retention = time.monotonic() + DAY
            self._try("retain", self._do_retain)
        wait = RETRY if self._unclean.is_set() else self._next_retention - time.monotonic()
        return max(0.0, wait)

    def _do_clean(self) -> None:
        self._unclean.clear()
        try:
            clean(self._settings)
        except BaseException:
            self._unclean.set()
            raise
        if self._after_clean is not None:
            self._after_clean()
        self._clean.set()

    def _do_retain(self) -> None:
        report = retain(self._settings, self._engine)
        if report.anything:
            log.info("retention", **{name: getattr(report, name) for name in report.__slots__})

    def _try(self, name: str, action: Callable[[], None]) -> None:
        try:
            action()
        except KbError as error:
            log.warning(f"upkeep.{name}_failed", code=error.code)
        except Exception:  # a database that is away must not end the thread
            log.exception(f"upkeep.{name}_failed")
