"""Erasing a customer: every row that holds something of theirs, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from kb.actions import audit
from kb.actions.article_input import TranslationInput, hash_text
from kb.actions.cases import replace_texts
from kb.actions.erasure_interactions import erase_interactions, note_masked
from kb.actions.outbox import enqueue
from kb.actions.passages import remove_passages
from kb.db import advisory_lock
from kb.domain import (
    Article,
    ArticleState,
    Case,
    CaseMessage,
    Edit,
    Embedding,
    Erasure,
    Feedback,
    Gap,
    Interaction,
    InteractionMessage,
    OutboxEvent,
    Passage,
    Pool,
    Redaction,
    Revision,
    Suggestion,
    utc_now,
)
from kb.queries.passages import index_state
from kb.queries.privacy import ErasurePlan, MaskedText, find_planned
from kb.queries.privacy_texts import articles_of, row_at
from kb.secret_key import Marks
from kb.text.redact import PersonalKind, PersonalSpan, mask

BATCH = 500
LEFT_OUT = "[…]"
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows by kind that were deleted, and texts of others in which something was masked."""

    cases: int = 0
    messages: int = 0
    interactions: int = 0
    turns: int = 0
    contributions: int = 0
    questions: int = 0
    flags: int = 0
    deliveries: int = 0
    passages: int = 0
    embeddings: int = 0
    suggestions: int = 0
    feedback: int = 0
    gaps: int = 0
    citations: int = 0
    masked: int = 0

    @property
    def anything(self) -> bool:
        return any(asdict(self).values())


def erase(session: Session, marks: Marks, plan: ErasurePlan, actor: str) -> Erased:
    """Delete what the plan means and is still there; doing it again finds nothing more.

    The embeddings of all texts that no passage has any more go too: edited cases leave such.
    What is on disk beside the rows is left to `kb.privacy.traces`.
    """
    advisory_lock(session, "erasure")
    found = find_planned(session, marks, plan)
    if found.is_empty:
        return Erased()
    masked = _mask(session, found.masks, actor)
    dialogs = erase_interactions(session, found)
    messages, passages = _delete_cases(session, found.cases)
    feedback = _delete_suggestions(session, found.suggestions, found.gaps, found.moved_gaps)
    citations = _forget_citations(session, found.cases)
    erased = Erased(
        cases=len(found.cases),
        messages=messages,
        interactions=len(found.interactions),
        turns=dialogs.turns,
        contributions=dialogs.contributions,
        questions=dialogs.questions,
        flags=dialogs.flags,
        deliveries=dialogs.deliveries,
        passages=passages,
        embeddings=_delete_orphans(session),
        suggestions=len(found.suggestions),
        feedback=feedback,
        gaps=len(found.gaps),
        citations=citations,
        masked=masked,
    )
    seq = index_state(session).removed_seq
    session.add(Erasure(customer=plan.customer, removed_seq=seq, removed=asdict(erased)))
    audit.record(session, actor, "erase", "customer", plan.audited, **asdict(erased))
    session.flush()
    return erased


def _delete_cases(session: Session, cases: Sequence[str]) -> tuple[int, int]:
    """Messages and passages that went with the cases."""
    messages = passages = 0
    for case_id in cases:
        advisory_lock(session, f"case:{case_id}")
        passages += len(remove_passages(session, Pool.case, case_id))
    for batch in _batches(cases):
        counted = select(func.count()).where(col(CaseMessage.case_id).in_(batch))
        messages += session.scalar(counted) or 0
        for table in (CaseMessage, Redaction):
            _delete(session, table, col(table.case_id).in_(batch))
        events = (col(OutboxEvent.pool) == Pool.case) & col(OutboxEvent.document_id).in_(batch)
        _delete(session, OutboxEvent, events)
        _delete(session, Case, col(Case.id).in_(batch))
    return messages, passages


def _delete_suggestions(
    session: Session,
    suggestions: Sequence[str],
    gaps: Sequence[int],
    moved: Sequence[tuple[int, str]],
) -> int:
    """Gaps first, then feedback, then what both cite; gives how much feedback went."""
    for gap_id, other in moved:
        session.execute(update(Gap).where(col(Gap.id) == gap_id).values(suggestion_id=other))
    for gap_ids in _batches(gaps):
        _delete(session, Gap, col(Gap.id).in_(gap_ids))
    feedback = 0
    for batch in _batches(suggestions):
        cites = col(Feedback.suggestion_id).in_(batch)
        feedback += session.scalar(select(func.count()).select_from(Feedback).where(cites)) or 0
        _delete(session, Feedback, cites)
        _delete(session, Suggestion, col(Suggestion.id).in_(batch))
    return feedback


def _forget_citations(session: Session, cases: Sequence[str]) -> int:
    """Take the erased cases out of what others were suggested; gives how many were there."""
    gone = {f"case:{case_id}" for case_id in cases}
    if not gone:
        return 0
    count = 0
    query = select(Suggestion).order_by(col(Suggestion.id))
    for row in session.scalars(query, execution_options={"yield_per": BATCH}):
        cited = row.response.get("cases", [])
        kept = [found for found in cited if found.get("document") not in gone]
        if len(kept) < len(cited):
            row.response = {**row.response, "cases": kept}
            count += len(cited) - len(kept)
    session.flush()
    for batch in _batches(sorted(gone)):
        session.execute(
            update(Feedback).where(col(Feedback.document).in_(batch)).values(document=None)
        )
    return count


def _delete_orphans(session: Session) -> int:
    used = select(col(Passage.id)).where(col(Passage.text_hash) == col(Embedding.text_hash))
    orphan = ~used.exists()
    count = session.scalar(select(func.count()).select_from(Embedding).where(orphan)) or 0
    _delete(session, Embedding, orphan)
    return count


def _mask(session: Session, masks: Sequence[MaskedText], actor: str) -> int:
    """Mask what names the customer in texts of others; their passages are made anew."""
    cases: dict[str, dict[str, str]] = defaultdict(dict)
    revisions: set[int] = set()
    for found in masks:
        place = row_at(session, found.place)
        if place is None:
            continue
        row, text = place
        table, key, field = found.place
        language = _language_of(session, row)
        changed = _masked(text, found, language)
        if table == "case":
            cases[key][field] = changed
        elif table == "case_message":
            case_id, _, position = key.rpartition(":")
            cases[case_id][f"message:{position}"] = changed
        else:
            _put(row, field, changed)
            note_masked(session, row)
            if isinstance(row, Edit):
                row.sequence += 1  # a tab that is open cannot keep what is gone unseen
            revisions |= {int(key)} if table == "revision" else set()
    for case_id, texts in cases.items():
        replace_texts(session, case_id, texts, actor, "mask")
        _delete(session, OutboxEvent, _settled(Pool.case, case_id))
    _after_revisions(session, sorted(revisions), actor)
    return len(masks)


def _masked(text: str, found: MaskedText, language: str) -> str:
    """Names get their label; what was quoted leaves that something is left out."""
    parts, at = [], 0
    spans = sorted(
        [(*span, True) for span in found.quotes] + [(*span, False) for span in found.spans]
    )
    for start, end, is_quote in spans:
        start = max(start, at)
        if start >= end:
            continue
        own = mask(text[start:end], [PersonalSpan(0, end - start, PersonalKind.name)], language)
        parts += [text[at:start], LEFT_OUT if is_quote else own]
        at = end
    return "".join(parts) + text[at:]


def _put(row: SQLModel, field: str, text: str) -> None:
    if field.startswith("keywords:"):
        keywords = list(row.keywords)  # type: ignore[attr-defined]
        keywords[int(field.partition(":")[2])] = text
        row.keywords = keywords
    else:
        setattr(row, field, text)


def _after_revisions(session: Session, revisions: Sequence[int], actor: str) -> None:
    """New hashes, and articles whose passages go at once."""
    session.flush()
    places = articles_of(session, revisions)
    for revision_id in revisions:
        row = session.get(Revision, revision_id)
        assert row is not None
        _, language = places[revision_id]
        given = TranslationInput(language, row.title, row.body, row.summary, row.keywords)
        row.content_hash = hash_text(given)
    for article_id in sorted({article_id for article_id, _ in places.values()}):
        advisory_lock(session, f"article:{article_id}")
        article = session.get(Article, article_id, populate_existing=True)
        assert article is not None
        article.version += 1
        article.updated_at = utc_now()
        audit.record(session, actor, "mask", "article", article_id, version=article.version)
        remove_passages(session, Pool.article, article_id)
        _delete(session, OutboxEvent, _settled(Pool.article, article_id))
        if article.state == ArticleState.published:
            enqueue(session, Pool.article, article_id)
    session.flush()


def _language_of(session: Session, row: SQLModel) -> str:
    if isinstance(row, Case):
        return row.language
    if isinstance(row, CaseMessage):
        case = session.get(Case, row.case_id)
        return case.language if case else "en"
    if isinstance(row, Revision):
        return articles_of(session, [row.id or 0])[row.id or 0][1]
    if isinstance(row, InteractionMessage):
        return session.get_one(Interaction, row.interaction_id).language or "en"
    return getattr(row, "language", None) or "en"


def _settled(pool: Pool, document_id: str) -> Any:
    """Events that failed keep what the error said, which may be a piece of the text."""
    return (
        (col(OutboxEvent.pool) == pool)
        & (col(OutboxEvent.document_id) == document_id)
        & (col(OutboxEvent.error) != "")
    )


def _delete(session: Session, table: type[SQLModel], where: Any) -> None:
    session.execute(delete(table).where(where), execution_options={"synchronize_session": "fetch"})


def _batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
