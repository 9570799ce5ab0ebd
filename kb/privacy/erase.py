"""Erasing a customer for good: the ledger first, then the rows, then every trace on disk.

Killed at any point it can be done again, by the same command or by the next server: whatever the
ledger says and is still there goes then. Databases that were put back from a copy likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from sqlalchemy import Engine

from kb.actions import audit
from kb.actions.erasure import Erased, erase
from kb.config import Settings
from kb.db import session_factory
from kb.privacy.ledger import note_begin, note_done, read_ledger
from kb.privacy.traces import find_traces, remove_traces
from kb.queries.privacy import (
    ErasurePlan,
    Planned,
    erased_seq,
    find_left,
    find_planned,
    marked_refs,
    plan_erasure,
    with_quotes,
)
from kb.search.snapshot import stale_generations
from kb.secret_key import Marks

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Whom:
    """A customer by the reference in cases, and texts that name them elsewhere."""

    customer_ref: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would take, and where it would leave the texts to a person."""

    found: Planned
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What went. `cleaned` is false while traces of it may be on disk; `remains` are files of the
    home and the content folder in which the reference or a text still stands, `left` rows that
    an erasure does not change."""

    id: str
    erased: Erased
    cleaned: bool
    left: tuple[str, ...] = ()
    remains: tuple[Path, ...] = ()


def preview(settings: Settings, engine: Engine, whom: Whom) -> Preview:
    """What would be erased; nothing is written. Raises InvalidInput."""
    marks = Marks.of(settings)
    with session_factory(engine, read_only=True)() as session:
        plan = plan_erasure(session, marks, whom.customer_ref, whom.also)
        left = (*find_left(session, whom.also), *plan.left)
        return Preview(find_planned(session, marks, plan), left)


def erase_rows(settings: Settings, engine: Engine, whom: Whom, actor: str) -> ErasureReport:
    """Note it in the ledger and delete the rows; the traces are left to `clean`.

    Raises InvalidInput, ConfigError when the ledger cannot be written (then nothing is erased).
    """
    marks = Marks.of(settings)
    with session_factory(engine, read_only=True)() as session:
        plan = plan_erasure(session, marks, whom.customer_ref, whom.also)
        left = (*find_left(session, whom.also), *plan.left)
    # Even when nothing is held: an older copy of the database may hold something.
    entry = note_begin(settings.home, marks.fingerprint, plan)
    erased = _erase(engine, marks, plan, actor)
    return ErasureReport(entry.id, erased, cleaned=False, left=left)


def erase_customer(settings: Settings, engine: Engine, whom: Whom, actor: str) -> ErasureReport:
    """All of it. Raises as `erase_rows`; Busy or SearchIndexError when traces are left."""
    report = erase_rows(settings, engine, whom, actor)
    clean(settings)
    # A short reference would be found by chance.
    texts = [text for text in (whom.customer_ref, *whom.also) if len(text) >= 6]
    folders = [folder for folder in (settings.home, settings.content_dir) if folder.is_dir()]
    remains = {path for folder in folders for path in find_traces(folder, texts)}
    return replace(report, cleaned=True, remains=tuple(sorted(remains)))


def clean(settings: Settings, keep: Path | None = None) -> None:
    """Take away the traces of all that the ledger does not call done. Raises Busy, KbError.

    `keep` is a copy of the database that nobody who was erased is in.
    """
    open_entries = [entry for entry in read_ledger(settings.home) if not entry.done]
    remove_traces(settings, keep)
    note_done(settings.home, open_entries)


def apply_ledger(settings: Settings, engine: Engine, actor: str = "ledger") -> bool:
    """Erase again whatever the ledger says and is there; gives whether traces are to be cleaned.

    Fast when there is nothing to do: for the start of every server. An entry made with another
    secret key cannot be understood; it is told of in the log.
    """
    entries = read_ledger(settings.home)
    if not entries:
        return False
    marks = Marks.of(settings)
    with session_factory(engine, read_only=True)() as session:
        dirty = bool(stale_generations(settings.index_dir, erased_seq(session)))
        refs = marked_refs(session, marks)
    for entry in entries:
        if entry.key != marks.fingerprint:
            log.warning("erasure.other_key", erasure=entry.id)
            continue
        dirty = dirty or not entry.done
        with session_factory(engine, read_only=True)() as session:
            found = find_planned(session, marks, entry.plan, refs)
            theirs = (found.cases, found.interactions, found.suggestions)
            plan = with_quotes(session, marks, entry.plan, *theirs)
        if not found.is_empty:
            erased = _erase(engine, marks, plan, actor)
            log.info("erasure.applied_again", erasure=entry.id, cases=erased.cases)
            dirty = True
    return dirty


def _erase(engine: Engine, marks: Marks, plan: ErasurePlan, actor: str) -> Erased:
    with session_factory(engine).begin() as session:
        erased = erase(session, marks, plan, actor)
        if not erased.anything:
            audit.record(session, actor, "erase", "customer", plan.audited, found=0)
    return erased
