"""Solved before: how often colleagues solved a problem with a document."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BindParameter, Select, and_, bindparam, func, literal, or_, select, union
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from kb.domain import (
    Case,
    CaseArticle,
    CaseState,
    Feedback,
    FeedbackKind,
    Interaction,
    InteractionState,
    Outcome,
    Suggestion,
)

SOLVED = (Outcome.solved, Outcome.solved_second_contact)


def solved_before(session: Session, documents: Collection[str]) -> dict[str, int]:
    """How many contacts were solved with each document; those that solved none are left out.

    `documents` are named `article:<id>` or `case:<id>`. Each contact counts once, however much
    was noted about it:

    - for an article: the resolved cases that cite it;
    - for a case: itself, and the other resolved cases with the same main article (the first one
      they cite);
    - for both: the interactions that were resolved and in which it was used, as it is or edited,
      and every contact for which feedback says that it solved it.

    Cases and interactions count when their outcome is `solved` or `solved_second_contact`. An
    interaction that became a case is one contact with it. The figures are the whole company's,
    whatever the reader's scope: they name no document.
    """
    if not documents:
        return {}
    named = [document.partition(":") for document in documents]
    given = {
        "documents": list(documents),
        "articles": [key for pool, _, key in named if pool == "article"],
        "cases": [key for pool, _, key in named if pool == "case"],
    }
    rows = session.connection().execute(_COUNTS, given)
    return {str(document): int(count) for document, count in rows}


_OWN, _LIKE = aliased(CaseArticle), aliased(CaseArticle)
_IS_SOLVED = and_(col(Case.state) == CaseState.resolved, col(Case.outcome).in_(SOLVED))
_CASES: BindParameter[list[str]] = bindparam("cases", expanding=True)

_CITED: Select[str, str] = (
    select(
        literal("article:").concat(col(CaseArticle.article_id)).label("document"),
        col(Case.id).label("contact"),
    )
    .join(Case, col(Case.id) == col(CaseArticle.case_id))
    .where(col(CaseArticle.article_id).in_(bindparam("articles", expanding=True)), _IS_SOLVED)
)
_ITSELF = select(literal("case:").concat(col(Case.id)), col(Case.id)).where(
    col(Case.id).in_(_CASES), _IS_SOLVED
)
_ALIKE = (
    select(literal("case:").concat(col(_OWN.case_id)), col(Case.id))
    .select_from(_OWN)
    .join(_LIKE, and_(col(_LIKE.article_id) == col(_OWN.article_id), col(_LIKE.position) == 0))
    .join(Case, col(Case.id) == col(_LIKE.case_id))
    .where(col(_OWN.case_id).in_(_CASES), col(_OWN.position) == 0, _IS_SOLVED)
)
_NOTED = (
    select(
        col(Feedback.document),
        func.coalesce(col(Interaction.case_id), col(Interaction.id), col(Suggestion.id)),
    )
    .select_from(Feedback)
    .join(Suggestion, col(Suggestion.id) == col(Feedback.suggestion_id))
    .outerjoin(Interaction, col(Interaction.id) == col(Suggestion.interaction_id))
    .where(
        col(Feedback.document).in_(bindparam("documents", expanding=True)),
        or_(
            col(Feedback.kind) == FeedbackKind.solved,
            and_(
                col(Feedback.kind).in_((FeedbackKind.used, FeedbackKind.edited)),
                col(Interaction.state) == InteractionState.resolved,
                col(Interaction.outcome).in_(SOLVED),
            ),
        ),
    )
)
_CONTACTS = union(_CITED, _ITSELF, _ALIKE, _NOTED).subquery()
_COUNTS = select(_CONTACTS.c.document, func.count()).group_by(_CONTACTS.c.document)
