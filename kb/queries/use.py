"""Use: what agents did with the answers of a document."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import Feedback, FeedbackKind


@dataclass(frozen=True, slots=True)
class UseCounts:
    """How often answers were used (as they are or edited), solved, wrong, dismissed."""

    used: int = 0
    solved: int = 0
    wrong: int = 0
    dismissed: int = 0


def feedback_counts(session: Session, documents: Collection[str]) -> dict[str, UseCounts]:
    """The counts of documents named `article:<id>` or `case:<id>`; none for those never used."""
    if not documents:
        return {}
    rows = session.connection().execute(_COUNTS, {"documents": list(documents)})
    counts: dict[str, dict[FeedbackKind, int]] = {}
    for document, kind, count in rows:
        counts.setdefault(str(document), {})[kind] = count
    return {
        document: UseCounts(
            used=kinds.get(FeedbackKind.used, 0) + kinds.get(FeedbackKind.edited, 0),
            solved=kinds.get(FeedbackKind.solved, 0),
            wrong=kinds.get(FeedbackKind.wrong, 0),
            dismissed=kinds.get(FeedbackKind.dismissed, 0),
        )
        for document, kinds in counts.items()
    }


_COUNTS = (
    select(col(Feedback.document), col(Feedback.kind), func.count())
    .where(col(Feedback.document).in_(bindparam("documents", expanding=True)))
    .group_by(col(Feedback.document), col(Feedback.kind))
)
