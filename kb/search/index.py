"""Index: keeps a view of SQL fresh: the snapshot up to its watermark plus all that came after."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy.orm import Session, sessionmaker

from kb.db import session_factory
from kb.queries.passages import (
    IndexRow,
    IndexState,
    any_embedded,
    index_state,
    passages_after,
    removed_after,
)
from kb.queries.privacy import erased_seq
from kb.queries.synonyms import load_synonyms
from kb.search.centre import Means, learn_means
from kb.search.expand import Synonyms
from kb.search.segment import build_segment, collect_rows
from kb.search.snapshot import Snapshot, build_snapshot, load_snapshot
from kb.search.view import Part, View, hide, languages_by_document, make_part

SIDE_UP_TO = 1_500  # passages newer than the snapshot, or gone since, before a new one is built
LOOK_EVERY = 1.0  # seconds between looks for vectors that were missing
MEND_EVERY = 60.0  # seconds between snapshots built because vectors came
LOOKED_AT = 500  # passages without a vector asked for at a time

log = structlog.get_logger(__name__)


class Index:
    """Gives the current `View`; reads SQL only when its state has moved."""

    def __init__(
        self, sessions: sessionmaker[Session], index_dir: Path, model_id: str, dim: int
    ) -> None:
        self._sessions = session_factory(sessions.kw["bind"], read_only=True)
        self._dir = index_dir
        self._model_id = model_id
        self._dim = dim
        self._lock = threading.Lock()
        self._building = threading.Lock()
        self._view: View | None = None
        self._generation = "none"
        self._main: Part | None = None
        self._snapshot_state = IndexState(0, 0)
        self._means = Means({})
        self._looked = self._mended = float("-inf")

    @property
    def is_open(self) -> bool:
        return self._view is not None

    @property
    def generation(self) -> str:
        view = self._view
        return view.generation if view else ""

    def view(self) -> View:
        """What SQL holds now, ready to be searched."""
        with self._sessions() as session:
            return self.seen_by(session)

    def seen_by(self, session: Session) -> View:
        """What SQL holds as this session sees it, ready to be searched."""
        state = index_state(session)
        view = self._view
        if view is not None and view.state == state and not self._vectors_came(session, view):
            return view
        with self._lock:
            now = self._view
            if now is not None and now is not view and now.state == state:
                return now
            if now is None:
                self._open(session)
                state = index_state(session)
            fresh = self._catch_up(session, state)
            self._view = fresh
        if _is_far_from_snapshot(fresh):
            self._rebuild_aside()
        return fresh

    def _vectors_came(self, session: Session, view: View) -> bool:
        """Whether passages newer than the snapshot got the vectors they were without.

        An encoder that was away changes no passage when it comes back. Passages of the snapshot
        get their vectors by way of a new one.
        """
        if time.monotonic() - self._looked < LOOK_EVERY:
            return False
        self._looked = time.monotonic()
        count = 0 if self._main is None else 1
        main, side = view.parts[:count], view.parts[count:]
        if any_embedded(session, _unencoded(main), self._model_id):
            if time.monotonic() - self._mended > MEND_EVERY:
                self._mended = time.monotonic()
                self._rebuild_aside()
            return False
        return any_embedded(session, _unencoded(side), self._model_id)

    def _rebuild_aside(self) -> None:
        threading.Thread(target=self.rebuild, name="potica-snapshot", daemon=True).start()

    def rebuild(self) -> None:
        """Write a new snapshot and search it; does nothing while another is being built."""
        if not self._building.acquire(blocking=False):
            return
        try:
            with self._sessions() as session:
                build_snapshot(session, self._dir, self._model_id)
            snapshot = load_snapshot(self._dir, self._model_id, self._dim)
            if snapshot is None:
                return
            main = self._main_part(snapshot)
            with self._lock, self._sessions() as session:
                self._adopt(snapshot, main)
                self._view = self._catch_up(session, index_state(session))
        except Exception:  # a background thread: the old view stays good
            log.exception("snapshot_failed")
        finally:
            self._building.release()

    def _open(self, session: Session) -> None:
        snapshot = load_snapshot(self._dir, self._model_id, self._dim)
        if snapshot is None or _is_of_another_past(session, snapshot):
            build_snapshot(session, self._dir, self._model_id)
            snapshot = load_snapshot(self._dir, self._model_id, self._dim)
        if snapshot is not None:
            self._adopt(snapshot, self._main_part(snapshot))

    def _adopt(self, snapshot: Snapshot, main: Part) -> None:
        manifest = snapshot.manifest
        self._main = main
        self._means = snapshot.means
        self._generation = manifest.generation
        self._snapshot_state = IndexState(manifest.watermark, manifest.removed_seq)

    def _main_part(self, snapshot: Snapshot) -> Part:
        languages = tuple(sorted({page.language for page in snapshot.rows.pages}))
        segment = build_segment(snapshot.rows, snapshot.means, languages)
        return make_part(segment, np.zeros(0, np.int64))

    def _catch_up(self, session: Session, state: IndexState) -> View:
        removed = np.array(
            [i for _, i in removed_after(session, self._snapshot_state.removed_seq)], np.int64
        )
        parts: list[Part] = [hide(self._main, removed)] if self._main else []
        newer = passages_after(session, self._snapshot_state.watermark, self._model_id)
        if newer:
            parts.append(self._side_part(newer, removed))
        found = tuple(parts)
        return View(
            self._generation,
            state,
            self._means,
            found,
            Synonyms(load_synonyms(session)),
            languages_by_document(found),
        )

    def _side_part(self, newer: list[IndexRow], removed: NDArray[np.int64]) -> Part:
        rows = collect_rows(newer, self._dim)
        main = self._main.segment if self._main else None
        known = main.languages if main else ()
        languages = (*known, *sorted({p.language for p in rows.pages} - set(known)))
        if not self._means.vectors:
            self._means = learn_means({}, self._model_id)
        segment = build_segment(rows, self._means, languages, main.channels if main else None)
        return make_part(segment, removed, self._main)


def _is_far_from_snapshot(view: View) -> bool:
    newer = sum(len(part.segment.rows.ids) for part in view.parts[1:])
    gone = sum(int(part.hidden_rows.sum()) for part in view.parts[:1])
    return newer + gone > SIDE_UP_TO


def _unencoded(parts: tuple[Part, ...]) -> list[int]:
    """Passages that are found by their words only, the newest first few."""
    found: list[int] = []
    for part in parts:
        missing = ~part.segment.has_vector & ~part.hidden_rows
        found += part.segment.rows.ids[missing].tolist()
    return sorted(found, reverse=True)[:LOOKED_AT]


def _is_of_another_past(session: Session, snapshot: Snapshot) -> bool:
    """Whether the database was put back to an older state since (a backup, another file).

    Or somebody was erased from it.
    """
    manifest, state = snapshot.manifest, index_state(session)
    if manifest.removed_seq > state.removed_seq or manifest.removed_seq < erased_seq(session):
        return True
    gone = {passage for _, passage in removed_after(session, manifest.removed_seq)}
    return manifest.watermark > state.watermark and manifest.watermark not in gone
