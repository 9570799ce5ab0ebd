"""Keeping things as long as the settings say, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from kb.actions import audit
from kb.actions.attachments import drop_unused_images
from kb.actions.retention import (
    forget_deliveries,
    forget_feedback,
    forget_gaps,
    forget_interactions,
    forget_links,
    forget_raw_texts,
    forget_receipts,
    forget_sessions,
    forget_suggestions,
    prune_audit,
    raw_cases,
)
from kb.actions.retention_authoring import (
    forget_comments,
    forget_edits,
    forget_searches,
    forget_tasks,
)
from kb.config import Settings
from kb.db import session_factory
from kb.domain import utc_now

BATCH = 50  # cases in one transaction


@dataclass(frozen=True, slots=True)
class RetainReport:
    """How many of each kind were deleted or lost their texts (or would be)."""

    suggestions: int = 0
    feedback: int = 0
    gaps: int = 0
    searches: int = 0
    images: int = 0
    edits: int = 0
    comments: int = 0
    tasks: int = 0
    interactions: int = 0
    deliveries: int = 0
    receipts: int = 0
    sessions: int = 0
    links: int = 0
    raw_cases: int = 0
    audit: int = 0

    @property
    def anything(self) -> bool:
        return any(asdict(self).values())


def retain(
    settings: Settings,
    engine: Engine,
    *,
    dry_run: bool = False,
    actor: str = "retention",
    now: datetime | None = None,
) -> RetainReport:
    """Do what POTICA_RETENTION_* asks for at `now`; a dry run writes nothing.

    Each kind is a transaction of its own: what was done is done, whatever becomes of the rest.
    """
    now, sessions = now or utc_now(), session_factory(engine)
    done: dict[str, int] = {}
    kinds: dict[str, Callable[[Session, datetime], int]] = {
        "feedback": forget_feedback,
        "gaps": forget_gaps,
        "searches": forget_searches,
        "images": drop_unused_images,  # before texts begun: a dry run tells the same
        "edits": forget_edits,
        "comments": forget_comments,
        "tasks": forget_tasks,
        "suggestions": forget_suggestions,  # after what cites them
        "interactions": forget_interactions,
        "deliveries": forget_deliveries,
        "receipts": forget_receipts,
        "sessions": forget_sessions,
        "links": forget_links,
    }
    for name, forget in kinds.items():
        before = _before(settings, name, now)
        if before is not None:
            done[name] = _run(sessions, forget, before, dry_run)
    before = _before(settings, "raw_cases", now)
    if before is not None:
        done["raw_cases"] = _raw_cases(sessions, before, actor, dry_run)
    if any(done.values()) and not dry_run:
        with sessions.begin() as session:
            audit.record(session, actor, "retain", "data", "all", **done)
    before = _before(settings, "audit", now)
    if before is not None:
        done["audit"] = _run(sessions, lambda s, b: prune_audit(s, b, actor), before, dry_run)
    return RetainReport(**done)


def _before(settings: Settings, kind: str, now: datetime) -> datetime | None:
    days: int = getattr(settings, f"retention_{kind}")
    return now - timedelta(days=days) if days else None


def _run(
    sessions: sessionmaker[Session],
    forget: Callable[[Session, datetime], int],
    before: datetime,
    dry_run: bool,
) -> int:
    with sessions() as session:
        count = forget(session, before)
        if dry_run:
            session.rollback()
        else:
            session.commit()
    return count


def _raw_cases(sessions: sessionmaker[Session], before: datetime, actor: str, dry_run: bool) -> int:
    with sessions() as session:
        cases = raw_cases(session, before)
    if not dry_run:
        for start in range(0, len(cases), BATCH):
            with sessions.begin() as session:
                for case_id in cases[start : start + BATCH]:
                    forget_raw_texts(session, case_id, actor)
    return len(cases)
