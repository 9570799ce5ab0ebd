"""An article as the editing screen needs it: text, languages, reviews, plans, who wrote what."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from kb.domain import (
    Article,
    ArticleState,
    Facets,
    Principal,
    ReviewDecision,
    Revision,
    ScheduleState,
    Translation,
    in_scope,
)
from kb.errors import NotFound
from kb.queries.articles import ArticleView, TranslationView, load_article
from kb.queries.edits import EditText, load_edit
from kb.queries.languages import LanguageStatus, load_statuses
from kb.queries.life import ReviewView, ScheduleView, list_reviews, list_schedules
from kb.queries.names import names_of

MOST_CHOICES = 300  # tags, or values of one facet, to choose from


@dataclass(frozen=True, slots=True)
class Writing:
    """What the screen shows of an article, for one language and one person."""

    article: ArticleView
    text: TranslationView | None  # None: not translated yet
    edit: EditText | None  # what this person has typed and not saved
    statuses: dict[str, LanguageStatus]
    unpublished: tuple[str, ...]  # languages with a text that readers do not have
    source_number: int | None  # the original's revision that the text was made from
    review: ReviewView | None  # the one that waits
    answered: ReviewView | None  # the last one that asked for changes, if nothing came after it
    plans: tuple[ScheduleView, ...]
    writers: tuple[str, ...]  # who wrote part of what readers have not seen
    names: dict[str, str]  # of all the people in it

    @property
    def original(self) -> TranslationView:
        """The text in the original language."""
        return self.article.translations[0]


@dataclass(frozen=True, slots=True)
class Choices:
    """What other articles have, for pickers; the most used first."""

    tags: tuple[str, ...]
    facets: dict[str, tuple[str, ...]]


def load_writing(session: Session, article_id: str, language: str, who: Principal) -> Writing:
    """Raises NotFound, also for what is out of scope."""
    article = load_article(session, article_id, who.scope)
    text = article.translation(language)
    languages = [one.language for one in article.translations]
    statuses = load_statuses(session, languages, {article_id})[article_id]
    reviews = list_reviews(session, article_id)
    review = next((one for one in reviews if one.decision == ReviewDecision.waiting), None)
    last = reviews[0] if reviews else None
    is_sent_back = last is not None and last.decision == ReviewDecision.changes_asked
    plans = tuple(
        plan for plan in list_schedules(session, article_id) if plan.state == ScheduleState.waiting
    )
    writers = _writers(session, article_id)
    people = {article.owner or "", *writers, *(plan.actor for plan in plans)}
    if last is not None:
        people |= {last.asked_by, last.asked_of or "", last.decided_by or ""}
    return Writing(
        article=article,
        text=text,
        edit=_edit(session, article_id, language, who),
        statuses=statuses,
        unpublished=tuple(t.language for t in article.translations if not t.is_published),
        source_number=_source_number(session, text),
        review=review,
        answered=last if is_sent_back and last is not None else None,
        plans=plans,
        writers=writers,
        names=names_of(session, people - {""}),
    )


def load_begun(session: Session, article_id: str, language: str, who: Principal) -> EditText:
    """A text of an article to come. Raises NotFound when there is none of theirs."""
    found = _edit(session, article_id, language, who)
    if found is None or session.get(Article, article_id) is not None:
        raise NotFound(f"There is no article {article_id[:120]!r}: look it up by its key.")
    return found


def load_choices(session: Session, scope: Facets) -> Choices:
    """Tags and facets in use, of articles that are not archived."""
    rows = session.execute(
        select(col(Article.tags), col(Article.facets)).where(
            col(Article.state) != ArticleState.archived
        )
    )
    tags: dict[str, int] = defaultdict(int)
    facets: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for own, named in rows:
        if not in_scope(named, scope):
            continue
        for tag in own:
            tags[tag] += 1
        for name, values in named.items():
            for value in values:
                facets[name][value] += 1
    return Choices(_most(tags), {name: _most(facets[name]) for name in sorted(facets)})


def _most(counts: dict[str, int]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda name: (-counts[name], name))[:MOST_CHOICES])


def _edit(session: Session, article_id: str, language: str, who: Principal) -> EditText | None:
    try:
        return load_edit(session, article_id, language, who.actor)
    except NotFound:
        return None


def _source_number(session: Session, text: TranslationView | None) -> int | None:
    source = None if text is None else session.get(Revision, text.source_revision_id or 0)
    return None if source is None else source.number


def _writers(session: Session, article_id: str) -> tuple[str, ...]:
    """Authors of revisions newer than what readers have, of all languages."""
    shown = aliased(Revision)
    newer = or_(col(shown.number).is_(None), col(Revision.number) > func.coalesce(shown.number, 0))
    return tuple(
        session.scalars(
            select(col(Revision.author))
            .join(Translation, col(Revision.translation_id) == col(Translation.id))
            .outerjoin(shown, col(shown.id) == col(Translation.published_revision_id))
            .where(col(Translation.article_id) == article_id, newer)
            .distinct()
            .order_by(col(Revision.author))
        )
    )
