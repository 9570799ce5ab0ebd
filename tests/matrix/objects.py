"""Articles and cases in every state there is, put back before each call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.cases import CaseInput, MessageInput, save_case
from kb.actions.suggestions import SuggestionRecord, record_suggestion
from kb.domain import (
    Article,
    ArticleState,
    Audience,
    Case,
    CaseState,
    Channel,
    Outcome,
    Role,
    Translation,
    Trust,
    utc_now,
)

NOWHERE = "never-was"


@dataclass(frozen=True, slots=True)
class ArticleObject:
    """An article in one state. `days`: from when on it may be read; None for always."""

    key: str
    state: ArticleState
    audience: Audience
    days: int | None = None
    until: int | None = None

    def readable_by(self, *audiences: Audience) -> bool:
        """Whether readers of these audiences see it now."""
        started = self.days is None or self.days <= 0
        lasting = self.until is None or self.until > 0
        shown = self.state == ArticleState.published and started and lasting
        return shown and self.audience in audiences


ARTICLES = (
    ArticleObject("m-public", ArticleState.published, Audience.public),
    ArticleObject("m-customer", ArticleState.published, Audience.customer),
    ArticleObject("m-internal", ArticleState.published, Audience.internal),
    ArticleObject("m-draft", ArticleState.draft, Audience.public),
    ArticleObject("m-review", ArticleState.in_review, Audience.public),
    ArticleObject("m-archived", ArticleState.archived, Audience.public),
    ArticleObject("m-expired", ArticleState.published, Audience.public, until=-1),
    ArticleObject("m-not-yet", ArticleState.published, Audience.public, days=1),
)
CASES = {"m-open": CaseState.open, "m-done": CaseState.resolved, "m-away": CaseState.archived}


def create(session: Session) -> str:
    """All objects and a suggestion, whose id is given."""
    for article in ARTICLES:
        text = TranslationInput("en", f"About {article.key}", "Ask the depot to relabel it.")
        fields = ArticleFields(original_language="en", audience=article.audience)
        given = ArticleInput(article.key, [text], fields, ArticleState.published)
        save_article(session, given, "matrix")
    for key in CASES:
        message = MessageInput(Role.customer, "my parcel went to the wrong town")
        save_case(
            session,
            CaseInput(
                key,
                "en",
                Channel.chat,
                [message],
                state=CaseState.resolved,
                resolution="Relabelled at the depot.",
                outcome=Outcome.solved,
            ),
            "matrix",
        )
    record = SuggestionRecord("en", "internal", "where is it", {"messages": []}, {"articles": []})
    return record_suggestion(session, record)


def put_back_article(session: Session, article: ArticleObject) -> None:
    """As it was, whatever the last call made of it."""
    row = session.get_one(Article, article.key, populate_existing=True)
    row.state, row.audience, row.trust = article.state, article.audience, Trust.not_validated
    now = utc_now()
    row.valid_from = None if article.days is None else now + timedelta(days=article.days)
    row.valid_until = None if article.until is None else now + timedelta(days=article.until)
    shown = article.state == ArticleState.published
    for text in session.scalars(select(Translation).where(col(Translation.article_id) == row.id)):
        text.published_revision_id = text.revision_id if shown else None


def put_back_case(session: Session, key: str) -> None:
    """As it was, whatever the last call made of it."""
    session.execute(update(Case).where(col(Case.id) == key).values(state=CASES[key], version=1))
