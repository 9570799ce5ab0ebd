"""Files that were sent to be imported: kept aside, tried first, then taken; one at a time."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import structlog
from sqlalchemy.orm import Session, sessionmaker

from api.logs import describe
from indexer.load import ImportOptions, ImportReport, Source, import_articles
from indexer.load.received import check_received, received
from indexer.load.report import Progress
from kb.domain import Permission, Permissions
from kb.errors import Busy, Conflict, KbError, NotFound
from kb.own_folder import OwnFolder

BATCH = 20  # articles in one transaction: others write meanwhile
KEPT_SECONDS = 3600.0  # a file that nobody touches goes
MOST_KEPT = 10
STOP_SECONDS = 20.0  # a stopping server waits for a batch
log = structlog.get_logger("potica.imports")


class ImportState(StrEnum):
    """Each step by itself: a file is tried, and waits; then it is taken."""

    checking = "checking"
    checked = "checked"
    importing = "importing"
    done = "done"
    failed = "failed"


NEEDED: Permissions = frozenset(
    {
        Permission.publish_articles,
        Permission.write_articles,
        Permission.review_articles,
        Permission.archive_articles,
    }
)
"""A file may hold texts in every state, trust, and what is put away."""
MOVING = frozenset({ImportState.checking, ImportState.importing})


@dataclass(frozen=True, slots=True)
class FileImport:
    """A file and how far it is. `all_` is 0 while it is read; `problem` says why it failed."""

    id: str
    owner: str
    path: Path
    options: ImportOptions
    state: ImportState = ImportState.checking
    done: int = 0
    all_: int = 0
    report: ImportReport | None = None
    problem: str = ""
    touched: float = 0.0  # seconds, of a clock that only goes on

    @property
    def is_moving(self) -> bool:
        return self.state in MOVING

    @property
    def is_open(self) -> bool:
        """Whether there is something to wait for or to decide."""
        return self.is_moving or self.state == ImportState.checked


class _Stopped(Exception):
    """The server stops between two batches."""


class Imports:
    """What was sent to be imported, by whom, and the one import that runs."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        folder: Path,
        after: Callable[[], None],
        kept: float = KEPT_SECONDS,
    ) -> None:
        """`folder` holds the files, those of a killed server go now; `after` is called when some
        were taken.

        A file goes when nobody has looked at it for `kept` seconds.
        """
        self._sessions = sessions
        self._folder = OwnFolder(folder)
        self._after = after
        self._kept = kept
        self._timer: threading.Timer | None = None
        self._turn = threading.Lock()
        self._state = threading.Condition()
        self._files: dict[str, FileImport] = {}
        self._threads: set[threading.Thread] = set()
        self._stopping = False

    def close(self) -> None:
        """Stop after the batch in hand, and forget the files."""
        with self._state:
            self._stopping = True
            self._state.notify_all()
            if self._timer is not None:
                self._timer.cancel()
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(STOP_SECONDS)
        self._folder.close()

    @contextlib.contextmanager
    def place_for(self, name: str, options: ImportOptions) -> Iterator[Path]:
        """Where to write a file of that name; it goes away afterwards, unless it was begun.

        Raises InvalidInput for what cannot be imported anyway.
        """
        check_received(name, options)
        folder = self._folder.path / f"imp_{secrets.token_hex(12)}"
        folder.mkdir(mode=0o700)
        try:
            yield folder / name
        finally:
            if folder.name not in self._files:
                shutil.rmtree(folder, ignore_errors=True)

    def run(self, path: Path, options: ImportOptions) -> ImportReport:
        """Import it now. Raises Busy when another import runs, and KbError."""
        if not self._turn.acquire(blocking=False):
            raise Busy("Another import is running: try again when it is done.")
        try:
            return self._import(path, options, None)
        finally:
            self._turn.release()

    def begin(self, file: BinaryIO, name: str, owner: str, options: ImportOptions) -> str:
        """Keep a copy of the file and try it in a thread; gives its id.

        Raises InvalidInput, and Busy when too many files wait.
        """
        with self.place_for(name, options) as path:
            with path.open("wb") as kept:
                shutil.copyfileobj(file, kept, 1024 * 1024)
            dry = replace(options, dry_run=True)
            found = FileImport(path.parent.name, owner, path, dry, touched=time.monotonic())
            with self._state:
                self._make_room(owner)
                self._files[found.id] = found
                self._start(found.id)
        return found.id

    def go_on(self, file_id: str, owner: str) -> None:
        """Take what was tried. Raises NotFound, and Conflict unless it waits for that."""
        with self._state:
            found = self._of(file_id, owner)
            if found.state != ImportState.checked:
                raise Conflict("This import has begun already: look how far it is.")
            options = replace(found.options, dry_run=False)
            self._change(file_id, options=options, state=ImportState.importing, done=0, all_=0)
            self._start(file_id)

    def get(self, file_id: str, owner: str) -> FileImport:
        """As it stands. Raises NotFound, also for files of others."""
        with self._state:
            return self._of(file_id, owner)

    def latest(self, owner: str) -> FileImport | None:
        """The file of theirs that is tried, waits, or is being taken."""
        with self._state:
            mine = (found for found in self._files.values() if found.owner == owner)
            return next((found for found in mine if found.is_open), None)

    def wait(self, file_id: str, owner: str, seconds: float) -> FileImport:
        """As it stands when it does not move any more, or after so many seconds."""
        with self._state:
            self._state.wait_for(lambda: not self._moves(file_id), seconds)
            return self._of(file_id, owner)

    def drop(self, file_id: str, owner: str) -> None:
        """Forget it. Raises NotFound, and Conflict while it moves."""
        with self._state:
            if self._of(file_id, owner).is_moving:
                raise Conflict("It is being read: wait a moment.")
            self._forget(file_id)

    # Below, whoever calls holds `_state`.

    def _of(self, file_id: str, owner: str) -> FileImport:
        found = self._files.get(file_id)
        if found is None or found.owner != owner:
            raise NotFound("This file is not here any more: send it again.")
        return self._change(file_id, touched=time.monotonic())

    def _moves(self, file_id: str) -> bool:
        found = self._files.get(file_id)
        return found is not None and found.is_moving and not self._stopping

    def _change(self, file_id: str, **values: object) -> FileImport:
        changed = replace(self._files[file_id], **values)  # type: ignore[arg-type]
        self._files[file_id] = changed
        self._state.notify_all()
        return changed

    def _make_room(self, owner: str) -> None:
        """One file of each person. Raises Busy."""
        for found in tuple(self._files.values()):
            if not found.is_moving and found.owner == owner:
                self._forget(found.id)
        mine = any(found.owner == owner for found in self._files.values())
        if mine or len(self._files) >= MOST_KEPT:
            raise Busy("Another file is being imported: try again when it is done.")

    def _forget(self, file_id: str) -> None:
        shutil.rmtree(self._files.pop(file_id).path.parent, ignore_errors=True)

    def _forget_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._files and not self._stopping:
            self._timer = threading.Timer(self._kept, self._forget_old)
            self._timer.daemon = True
            self._timer.start()

    def _start(self, file_id: str) -> None:
        thread = threading.Thread(target=self._move, args=(file_id,), name="import", daemon=True)
        self._threads.add(thread)
        thread.start()

    # In the thread of one step.

    def _move(self, file_id: str) -> None:
        found = self._files[file_id]
        try:
            self._take_turn()
            try:
                report = self._import(found.path, found.options, self._progress(file_id))
            finally:
                self._turn.release()
            tried = ImportState.checked if found.options.dry_run else ImportState.done
            self._end(file_id, state=tried, report=report)
        except _Stopped:
            self._end(file_id, state=ImportState.failed, problem="The server stopped meanwhile.")
        except KbError as error:
            self._end(file_id, state=ImportState.failed, problem=error.message)
        except Exception as error:
            log.error("import_failed", **describe(error))
            told = "It went wrong on our side: what was taken until then is there. Try again."
            self._end(file_id, state=ImportState.failed, problem=told)

    def _take_turn(self) -> None:
        while not self._turn.acquire(timeout=0.5):
            if self._stopping:
                raise _Stopped

    def _end(self, file_id: str, **values: object) -> None:
        with self._state:
            self._threads.discard(threading.current_thread())
            self._change(file_id, touched=time.monotonic(), **values)
            self._forget_later()

    def _forget_old(self) -> None:
        """In the thread of the timer."""
        with self._state:
            old = time.monotonic() - self._kept
            for found in tuple(self._files.values()):
                if not found.is_moving and found.touched <= old:
                    self._forget(found.id)
            self._forget_later()

    def _progress(self, file_id: str) -> Progress:
        def tell(done: int, all_: int) -> None:
            with self._state:
                self._change(file_id, done=done, all_=all_)
                if self._stopping:
                    raise _Stopped

        return tell

    def _import(
        self, path: Path, options: ImportOptions, progress: Progress | None
    ) -> ImportReport:
        try:
            with received(path, options) as (source, left_out):
                report = import_articles(self._sessions, source, options, progress)
        finally:
            if not options.dry_run:
                self._after()
        for name in left_out:
            report.note(Source(name), "The file was not taken: it is of another kind.")
        return report
