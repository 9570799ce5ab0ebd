"""Merge, split, rename: where an article went, so that its permalinks lead there for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Mapped, Session
from sqlmodel import SQLModel, col

from kb.actions import audit
from kb.actions.article_input import ArticleFields, ArticleInput, TranslationInput
from kb.actions.article_rows import find_article, finish, locked_article, move
from kb.actions.articles import save_article
from kb.actions.cases import cite_instead
from kb.actions.checks import check_key, check_text
from kb.actions.outbox import enqueue
from kb.actions.redirect_rows import ARTICLE, check_free
from kb.actions.saved import SaveResult
from kb.db import advisory_lock
from kb.domain import (
    Article,
    ArticleChange,
    ArticleState,
    Comment,
    Contribution,
    Edit,
    Feedback,
    Flag,
    Pool,
    Redirect,
    RedirectKind,
    Review,
    Schedule,
    Suggestion,
    Task,
    Translation,
    Trust,
)
from kb.errors import Conflict, InvalidInput, NotFound


def redirect(
    session: Session,
    old_id: str,
    target_id: str,
    actor: str,
    *,
    note: str = "",
    kind: RedirectKind = RedirectKind.redirected,
) -> SaveResult:
    """Lead the permalinks of `old_id` to another article, for ever.

    An article that is there is put away; what was noted about it (feedback, flags, tasks, cases
    that cite it) counts for the target. The key may also be one of another system, never used
    here. Chains collapse; a circle is a Conflict. Raises NotFound, InvalidInput.
    """
    check_key(old_id, "an article")
    check_text(note, "note")
    target_id = _lock_both(session, old_id, target_id)
    target = locked_article(session, target_id)
    if target.id == old_id:
        raise Conflict(f"{old_id} would lead to itself: choose another article.")
    if target.state == ArticleState.archived:
        raise Conflict(f"The article {target.id} is archived: restore it first.")
    check_free(session, old_id)
    old = find_article(session, old_id)
    _lead(session, old_id, target.id, kind, actor, note)
    if old is not None:
        _put_away(session, old, target.id, actor, note)
    moved = _hand_over(session, old_id, target.id)
    details: dict[str, Any] = {"source": old_id, "kind": kind, **moved}
    return finish(session, target, actor, "take_over", index=False, note=note, **details)


def merge(
    session: Session, source_id: str, target_id: str, actor: str, *, note: str = ""
) -> SaveResult:
    """The source goes into the target, whose text stays as it is. As `redirect`, of an article."""
    locked_article(session, source_id)
    return redirect(session, source_id, target_id, actor, note=note, kind=RedirectKind.merged)


def split(
    session: Session,
    source_id: str,
    parts: Sequence[tuple[str, Sequence[TranslationInput]]],
    actor: str,
    *,
    note: str = "",
) -> tuple[SaveResult, ...]:
    """New drafts with texts taken from an article, and its fields; the article stays as it is.

    Once they are published, shorten the article, or redirect it to the one that follows it.
    Raises NotFound, InvalidInput, and Conflict when a key is taken.
    """
    check_text(note, "note")
    source = locked_article(session, source_id)
    if not parts or len({key for key, _ in parts}) < len(parts):
        raise InvalidInput("Name the parts, each with a key of its own.")
    made = []
    for key, texts in parts:
        if find_article(session, key) is not None:
            raise Conflict(f"There is an article {key} already: choose another key.")
        fields = replace(_fields(source), original_language=_original(source, texts))
        noted = [replace(text, note=text.note or note) for text in texts]
        made.append(save_article(session, ArticleInput(key, noted, fields), actor))
    names: dict[str, Any] = {"parts": [key for key, _ in parts]}
    finish(session, source, actor, "split", index=False, note=note, **names)
    return tuple(made)


def rename(session: Session, old_id: str, new_id: str, actor: str, *, note: str = "") -> SaveResult:
    """Give an article another key; the old one leads to it for ever.

    Raises NotFound, InvalidInput, Conflict when the new key is taken.
    """
    check_key(new_id, "an article")
    check_text(note, "note")
    for key in sorted({old_id, new_id}):
        advisory_lock(session, f"article:{key}")
    old = locked_article(session, old_id)
    check_free(session, new_id)
    begun = session.scalars(select(col(Edit.id)).where(col(Edit.article_id) == new_id)).first()
    if session.get(Article, new_id) is not None or begun is not None:
        raise Conflict(f"There is an article {new_id} already: choose another key.")
    values = old.model_dump() | {"id": new_id}
    new = Article.model_validate(values)
    session.add(new)
    session.flush()
    for table in (Translation, Review, Schedule, Comment, ArticleChange, Edit, Redirect):
        session.execute(
            update(table).where(_of(table, "article_id") == old_id).values(article_id=new_id)
        )
    _hand_over(session, old_id, new_id)
    session.expire_all()
    session.execute(delete(Article).where(col(Article.id) == old_id))
    session.flush()
    _lead(session, old_id, new_id, RedirectKind.renamed, actor, note)
    enqueue(session, Pool.article, old_id)
    audit.record(session, actor, "rename", "article", old_id, new=new_id)
    row = locked_article(session, new_id)
    return finish(session, row, actor, "rename", index=True, note=note, old=old_id)


def _lock_both(session: Session, old_id: str, target_id: str) -> str:
    """Where the target's own redirect leads; both locked in one order, that none waits for ever."""
    known = session.get(Redirect, target_id, populate_existing=True)
    target_id = target_id if known is None else known.article_id
    for key in sorted({old_id, target_id}):
        advisory_lock(session, f"article:{key}")
    if session.get(Article, target_id) is None:
        raise NotFound(f"There is no article {target_id[:120]!r}: look it up by its key.")
    return target_id


def _lead(
    session: Session, old_id: str, target_id: str, kind: RedirectKind, actor: str, note: str
) -> None:
    session.execute(
        update(Redirect).where(col(Redirect.article_id) == old_id).values(article_id=target_id)
    )
    values = {"old_id": old_id, "article_id": target_id, "kind": kind, "actor": actor}
    session.add(Redirect.model_validate(values | {"note": note}))
    audit.record(session, actor, "redirect", "article", old_id, target=target_id, kind=kind)
    session.flush()


def _put_away(session: Session, old: Article, target_id: str, actor: str, note: str) -> None:
    was = old.state
    move(session, old, ArticleState.archived, actor)
    old.trust = Trust.not_validated
    details: dict[str, Any] = {"old": was, "into": target_id}
    shown = was == ArticleState.published
    finish(session, old, actor, "redirect", index=shown, note=note, **details)


def _hand_over(session: Session, old_id: str, target_id: str) -> dict[str, int]:
    """What was noted about the old article is noted about the target; gives how much."""
    old, new = f"{ARTICLE}{old_id}", f"{ARTICLE}{target_id}"
    counts = {}
    for table in (Feedback, Flag, Task, Contribution):
        done: Any = session.execute(
            update(table).where(_of(table, "document") == old).values(document=new),
            execution_options={"synchronize_session": False},
        )
        counts[table.__name__.lower()] = done.rowcount
    session.execute(
        update(Suggestion).where(col(Suggestion.top_document) == old).values(top_document=new),
        execution_options={"synchronize_session": False},
    )
    session.execute(
        update(Contribution)
        .where(col(Contribution.article_id) == old_id)
        .values(article_id=target_id)
    )
    counts["cases"] = cite_instead(session, old_id, target_id)
    return counts


def _fields(row: Article) -> ArticleFields:
    """Those of another article, without its trust and its dates."""
    return ArticleFields(
        original_language=row.original_language,
        audience=row.audience,
        governance=row.governance,
        tags=list(row.tags),
        facets=dict(row.facets),
        owner=row.owner,
    )


def _original(source: Article, texts: Sequence[TranslationInput]) -> str:
    languages = [text.language for text in texts]
    if not languages:
        raise InvalidInput("Each part needs a text: give it in at least one language.")
    return source.original_language if source.original_language in languages else languages[0]


def _of(table: type[SQLModel], name: str) -> Mapped[Any]:
    column: Mapped[Any] = col(getattr(table, name))
    return column
