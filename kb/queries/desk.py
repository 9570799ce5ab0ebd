"""What a person has in hand: drafts, translations that fell behind, plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.domain import (
    Article,
    ArticleState,
    Principal,
    Revision,
    Schedule,
    ScheduledAction,
    ScheduleState,
    Translation,
    in_scope,
)
from kb.queries.languages import LanguageStatus, load_statuses
from kb.queries.paging import Page

SHOWN = 20  # of each kind


@dataclass(frozen=True, slots=True)
class DraftLine:
    """An article of theirs that readers do not have yet."""

    article_id: str
    state: ArticleState
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BehindLine:
    """A translation whose original has another text by now."""

    article_id: str
    language: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """What is to happen to an article of theirs."""

    article_id: str
    action: ScheduledAction
    at: datetime


@dataclass(frozen=True, slots=True)
class InHand:
    """The first of each kind, and how many there are."""

    drafts: Page[DraftLine]
    behind: Page[BehindLine]
    plans: Page[PlanLine]


def load_in_hand(session: Session, who: Principal, languages: Sequence[str]) -> InHand:
    """Theirs is what they own, and the texts of which they wrote the latest revision."""
    return InHand(_drafts(session, who), _behind(session, who, languages), _plans(session, who))


def _drafts(session: Session, who: Principal) -> Page[DraftLine]:
    rows = session.execute(
        select(col(Article.id), col(Article.state), col(Article.updated_at), col(Article.facets))
        .where(
            col(Article.state).in_((ArticleState.draft, ArticleState.in_review)),
            or_(col(Article.owner) == who.actor, col(Article.id).in_(_written(who.actor))),
        )
        .order_by(col(Article.updated_at).desc(), col(Article.id))
    )
    found = [DraftLine(*row[:3]) for row in rows if in_scope(row[3], who.scope)]
    return Page(tuple(found[:SHOWN]), len(found))


def _written(actor: str) -> Select[str]:
    """Articles with a text whose latest revision is theirs."""
    return (
        select(col(Translation.article_id))
        .join(Revision, col(Revision.id) == col(Translation.revision_id))
        .where(col(Revision.author) == actor)
    )


def _behind(session: Session, who: Principal, languages: Sequence[str]) -> Page[BehindLine]:
    rows = session.execute(
        select(
            col(Article.id),
            col(Article.owner),
            col(Article.facets),
            col(Translation.language),
            col(Revision.author),
        )
        .join(Translation, col(Translation.article_id) == col(Article.id))
        .join(Revision, col(Revision.id) == col(Translation.revision_id))
        .where(
            col(Article.state) != ArticleState.archived,
            col(Translation.language) != col(Article.original_language),
            col(Translation.language).in_(languages),
            or_(col(Article.owner) == who.actor, col(Revision.author) == who.actor),
        )
        .order_by(col(Article.id), col(Translation.language))
    )
    mine = [(row[0], row[3]) for row in rows if in_scope(row[2], who.scope)]
    statuses = load_statuses(session, languages, {key for key, _ in mine}) if mine else {}
    found = tuple(
        BehindLine(key, language)
        for key, language in mine
        if statuses.get(key, {}).get(language) == LanguageStatus.outdated
    )
    return Page(found[:SHOWN], len(found))


def _plans(session: Session, who: Principal) -> Page[PlanLine]:
    rows = session.execute(
        select(
            col(Schedule.article_id), col(Schedule.action), col(Schedule.at), col(Article.facets)
        )
        .join(Article, col(Article.id) == col(Schedule.article_id))
        .where(
            col(Schedule.state) == ScheduleState.waiting,
            or_(col(Schedule.actor) == who.actor, col(Article.owner) == who.actor),
        )
        .order_by(col(Schedule.at), col(Schedule.id))
    )
    found = tuple(PlanLine(*row[:3]) for row in rows if in_scope(row[3], who.scope))
    return Page(found[:SHOWN], len(found))
