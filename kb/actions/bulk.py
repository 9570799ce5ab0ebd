"""One change of many articles: looked at first, done at once, undone where nothing came after."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from kb.actions import audit
from kb.actions.article_rows import find_article, finish, translations_of
from kb.actions.articles import archive, set_audience
from kb.actions.checks import check_text
from kb.actions.outbox import enqueue
from kb.actions.redirect_rows import check_free
from kb.domain import Article, ArticleState, Audience, BulkChange, Pool, utc_now
from kb.errors import Conflict, InvalidInput, KbError, NotFound

MOST = 500


class BulkAction(StrEnum):
    owner = "owner"
    add_tag = "add_tag"
    remove_tag = "remove_tag"
    audience = "audience"
    archive = "archive"


@dataclass(frozen=True, slots=True)
class BulkInput:
    """What to do with which articles; `value` the owner ("": nobody), tag or audience."""

    action: BulkAction
    articles: Sequence[str]
    value: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BulkItem:
    """One article: what it has now, what it gets, or why it cannot be changed."""

    id: str
    before: str
    after: str
    problem: str | None = None

    @property
    def changes(self) -> bool:
        return self.problem is None and self.before != self.after


@dataclass(frozen=True, slots=True)
class BulkResult:
    """`id` undoes it; None when nothing was changed."""

    id: str | None
    items: tuple[BulkItem, ...]


Allowed = Callable[[Article], None]
"""Raises KbError for an article that the caller may not change."""


def preview(session: Session, given: BulkInput, allowed: Allowed) -> tuple[BulkItem, ...]:
    """What would happen; nothing is written."""
    _check(given)
    keys = sorted(set(given.articles))
    query = select(Article).where(col(Article.id).in_(keys))
    rows = {row.id: row for row in session.scalars(query)}
    return tuple(_look(rows.get(key), key, given, allowed) for key in keys)


def apply(session: Session, given: BulkInput, actor: str, allowed: Allowed) -> BulkResult:
    """Change all that can be changed, in one transaction; the others are told with their reason."""
    _check(given)
    items, kept = [], []
    for key in sorted(set(given.articles)):
        found = find_article(session, key)  # locked in one order
        item = _look(found, key, given, allowed)
        if item.changes:
            assert found is not None
            kept.append(_change(session, found, given, actor))
        items.append(item)
    if not kept:
        return BulkResult(None, tuple(items))
    bulk_id = f"blk_{secrets.token_hex(12)}"
    values = {"id": bulk_id, "actor": actor, "action": given.action, "items": kept}
    session.add(BulkChange.model_validate(values | {"note": given.note}))
    audit.record(session, actor, "bulk", "bulk_change", bulk_id, set=given.action, of=len(kept))
    session.flush()
    return BulkResult(bulk_id, tuple(items))


def undo(
    session: Session,
    bulk_id: str,
    actor: str,
    allowed: Allowed,
    check: Callable[[str], None] | None = None,
) -> BulkResult:
    """Put back what was before, in articles that nobody has changed since.

    `check` gets the action and raises KbError when the caller may not take it back. Raises
    NotFound, Conflict when it was undone already.
    """
    row = session.get(BulkChange, bulk_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no bulk change {bulk_id[:60]!r}.")
    if row.undone_at is not None:
        raise Conflict("This was undone already.")
    if check is not None:
        check(row.action)
    items = [_put_back(session, item, row.action, actor, allowed) for item in row.items]
    row.undone_at, row.undone_by = utc_now(), actor
    done = sum(item.changes for item in items)
    audit.record(session, actor, "undo", "bulk_change", bulk_id, of=done)
    session.flush()
    return BulkResult(bulk_id, tuple(items))


def _check(given: BulkInput) -> None:
    check_text(given.value, "value")
    check_text(given.note, "note")
    if not 0 < len(given.articles) <= MOST:
        raise InvalidInput(f"Choose 1 to {MOST} articles.")
    if given.action in (BulkAction.add_tag, BulkAction.remove_tag) and not given.value.strip():
        raise InvalidInput("Name the tag.")
    if given.action == BulkAction.audience and given.value not in list(Audience):
        raise InvalidInput(f"The audience is one of {', '.join(Audience)}.")


def _look(row: Article | None, key: str, given: BulkInput, allowed: Allowed) -> BulkItem:
    if row is None:
        return BulkItem(key, "", "", f"There is no article {key[:120]!r}.")
    try:
        allowed(row)
    except KbError as error:
        return BulkItem(key, "", "", error.message)
    before = _value(row, given.action)
    after = {
        BulkAction.owner: given.value,
        BulkAction.audience: given.value,
        BulkAction.archive: ArticleState.archived,
        BulkAction.add_tag: ", ".join(dict.fromkeys([*row.tags, given.value])),
        BulkAction.remove_tag: ", ".join(tag for tag in row.tags if tag != given.value),
    }[given.action]
    return BulkItem(key, before, str(after))


def _value(row: Article, action: str) -> str:
    if action == BulkAction.owner:
        return row.owner or ""
    if action == BulkAction.audience:
        return str(row.audience)
    if action == BulkAction.archive:
        return str(row.state)
    return ", ".join(row.tags)


def _change(session: Session, row: Article, given: BulkInput, actor: str) -> dict[str, Any]:
    """Do it; gives what undoing needs."""
    kept: dict[str, Any] = {"id": row.id}
    if given.action == BulkAction.archive:
        texts = translations_of(session, row.id)
        kept |= {"state": row.state}
        kept["shown"] = {x: text.published_revision_id for x, text in texts.items()}
        kept["version"] = archive(session, row.id, actor, note=given.note).version
        return kept
    if given.action == BulkAction.audience:
        kept["audience"] = row.audience
        saved = set_audience(session, row.id, Audience(given.value), actor, note=given.note)
        return kept | {"version": saved.version}
    if given.action == BulkAction.owner:
        kept["owner"], row.owner = row.owner, given.value or None
    else:
        kept["tags"] = list(row.tags)
        without = [tag for tag in row.tags if tag != given.value]
        adds = given.action == BulkAction.add_tag
        row.tags = list(dict.fromkeys([*row.tags, given.value])) if adds else without
    index = row.state == ArticleState.published and "tags" in kept
    saved = finish(session, row, actor, "bulk", index=index, note=given.note, set=given.action)
    return kept | {"version": saved.version}


def _put_back(
    session: Session, kept: dict[str, Any], action: str, actor: str, allowed: Allowed
) -> BulkItem:
    key = str(kept["id"])
    row = find_article(session, key)
    if row is None or row.version != kept["version"]:
        return BulkItem(key, "", "", f"The article {key} was changed since: look at it yourself.")
    before = _value(row, action)
    try:
        allowed(row)
        if "state" in kept:
            check_free(session, key)
    except KbError as error:
        return BulkItem(key, before, before, error.message)
    if "state" in kept:
        row.state = ArticleState(kept["state"])
        for language, text in translations_of(session, key).items():
            text.published_revision_id = kept["shown"].get(language)
        if row.state == ArticleState.in_review:
            row.state = ArticleState.draft  # its review is over
    for name in ("owner", "tags"):
        if name in kept:
            setattr(row, name, kept[name])
    if "audience" in kept:
        row.audience = Audience(kept["audience"])
    finish(session, row, actor, "undo_bulk", index=False, set=action)
    if row.state == ArticleState.published and "owner" not in kept:
        enqueue(session, Pool.article, key)
    return BulkItem(key, before, _value(row, action))
