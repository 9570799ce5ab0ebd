"""A draft out of a question that nothing answered."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.articles import save_article
from kb.actions.saved import SaveResult
from kb.domain import Article, Gap, Redirect
from kb.errors import NotFound
from kb.text.slug import slug

MOST_TITLE = 300
MOST_TRIES = 1000


def draft_from_gap(session: Session, gap_id: int, actor: str) -> SaveResult:
    """The question becomes the title, and stands in the text until somebody answers it.

    Raises NotFound.
    """
    gap = session.get(Gap, gap_id, populate_existing=True)
    if gap is None:
        raise NotFound(f"There is no gap {gap_id}: look up the list of gaps.")
    title = " ".join(gap.question.split())[:MOST_TITLE] or "?"
    text = TranslationInput(gap.language, title, f"> {title}", note=f"gap {gap_id}")
    given = ArticleInput(_free_key(session, slug(title)), [text], ArticleFields(gap.language))
    return save_article(session, given, actor)


def _free_key(session: Session, base: str) -> str:
    for number in range(1, MOST_TRIES):
        key = base if number == 1 else f"{base}-{number}"
        if session.get(Article, key) is None and session.get(Redirect, key) is None:
            return key
    raise NotFound(f"No key like {base!r} is free: make the article by hand.")
