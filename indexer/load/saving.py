"""Saving an article with what came with it: texts, also under way, pictures, old keys, plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.orm import Session

from indexer.load.pictures import Pictures
from indexer.load.records import ArticlePart
from indexer.load.report import ImportOptions, ImportReport, Source
from kb.actions.article_input import hash_text
from kb.actions.article_rows import UNATTENDED
from kb.actions.articles import ArticleFields, ArticleInput, publish, save_article
from kb.actions.carried import carry_plan, carry_redirect
from kb.actions.saved import SaveResult, SaveStatus
from kb.domain import Article, ArticleState, image_address, image_keys
from kb.errors import InvalidInput, KbError
from kb.queries.carried import kept_images, readers_hashes

_NEWS = (SaveStatus.created, SaveStatus.changed, SaveStatus.unchanged)


@dataclass(frozen=True, slots=True)
class Saving:
    """One import as its writers see it."""

    options: ImportOptions
    report: ImportReport
    pictures: Pictures


Group = Sequence[ArticlePart]
"""The parts of one article, the original first."""


def grouped(parts: Sequence[ArticlePart], report: ImportReport) -> list[list[ArticlePart]]:
    """Parts by article, each language once (and once under way), the original first.

    Articles whose keys lead to others come before those: a key that leads elsewhere can take no
    new article.
    """
    groups: dict[str, dict[tuple[str, bool], ArticlePart]] = {}
    for part in sorted(parts, key=lambda part: part.is_draft):  # fields come with what is read
        _place(groups.setdefault(part.key, {}), part, report)
    led = {old.key for part in parts for old in part.redirects}
    return [
        sorted(group.values(), key=lambda part: (part.fields is None, part.is_draft))
        for key, group in sorted(groups.items(), key=lambda item: item[0] not in led)
        if group
    ]


def _place(
    group: dict[tuple[str, bool], ArticlePart], part: ArticlePart, report: ImportReport
) -> None:
    place = (part.text.language, part.is_draft)
    other = group.get(place)
    if other is not None:
        report.reject(
            part.source,
            f"The article {part.key} has its {part.text.language} text already in"
            f" {other.source.file}, line {other.source.line}: keep one of them.",
        )
        return
    if part.fields is not None:
        first = next((p for p in group.values() if p.fields is not None), None)
        is_same = first is not None and first.text.language == part.text.language
        if first is not None and part.given is None and not is_same:
            report.reject(
                part.source,
                f"The article {part.key} has its original in {first.source.file}:"
                " write translation_of here.",
            )
            return
        if first is not None:  # in a table, later languages of the same key are translations
            part = replace(part, fields=None, state=None)
    group[place] = part


def save_group(session: Session, group: Group, run: Saving) -> SaveResult:
    """Save all of it, or nothing. Raises KbError; what only came along is told in the report."""
    group = [_as_known(part, run) for part in group]
    images = {name for part in group for name in image_keys(part.text.body)}
    kept = run.pictures.keep(session, images, run.options.actor)
    for name in sorted(images - kept_images(session, images)):
        run.report.note(group[0].source, f"a picture is not there: {image_address(name)}")
    results = _save_texts(session, group, run.options)
    run.report.pictures |= kept
    for part in group:
        for act, old_key in _acts(session, part, run.options.actor):
            if _tried(session, run, part.source, act):
                results.append(replace(results[-1], status=SaveStatus.changed))
                run.report.redirects += [old_key] if old_key else []
    status = min((result.status for result in results), key=_NEWS.index)
    return replace(results[-1], status=status)


def _as_known(part: ArticlePart, run: Saving) -> ArticlePart:
    """Who sends a file cannot vouch for somebody else having read what a machine proposed."""
    origin = part.text.origin
    if origin is None or origin.checked_by is None or run.options.actor in UNATTENDED:
        return part
    run.report.note(part.source, "a text that a machine proposed has to be confirmed here again")
    text = replace(part.text, origin=replace(origin, checked_by=None))
    return replace(part, text=text)


def _acts(
    session: Session, part: ArticlePart, actor: str
) -> Iterator[tuple[Callable[[], bool], str]]:
    """What comes along with a part: each tells whether it was news; with the old key, if any."""
    for old in part.redirects:
        act = partial(carry_redirect, session, old.key, part.key, actor, old.kind, old.note)
        yield act, old.key
    for plan in part.plans:
        yield partial(carry_plan, session, part.key, plan, actor), ""


def _tried(session: Session, run: Saving, source: Source, act: Callable[[], bool]) -> bool:
    """Do it behind a savepoint of its own; what cannot be done is a notice."""
    try:
        with session.begin_nested():
            return act()
    except KbError as error:
        run.report.note(source, error.message)
        return False


def _save_texts(session: Session, group: Group, options: ImportOptions) -> list[SaveResult]:
    key, first = group[0].key, group[0]
    row = session.get(Article, key)
    state = _state(first, row)
    shown = [part.text for part in group if not part.is_draft]
    under_way = [part.text for part in group if part.is_draft]
    if not under_way:
        fields = _fields(first, row)
        return [save_article(session, ArticleInput(key, shown, fields, state), options.actor)]
    if state != ArticleState.published:
        raise InvalidInput(
            f"The article {key} is not published, so all its texts are drafts: take `draft` out."
        )
    fields = _fields(first, row)
    if row is None and first.is_draft:  # readers have translations of it, not the original
        made = save_article(session, ArticleInput(key, [*shown, *under_way], fields), options.actor)
        languages = [text.language for text in shown]
        return [made, publish(session, key, languages, options.actor)]
    hashes = readers_hashes(session, key)
    being_changed = {text.language for text in under_way}
    news = [
        text for text in shown
        if text.language not in being_changed or hashes.get(text.language) != hash_text(text)
    ]  # fmt: skip
    saved = save_article(session, ArticleInput(key, news, fields, state), options.actor)
    return [saved, save_article(session, ArticleInput(key, under_way), options.actor)]


def _state(first: ArticlePart, row: Article | None) -> ArticleState | None:
    if first.fields is not None:
        return first.state
    if row is None:
        raise InvalidInput(
            f"A translation, but the original of {first.key} is neither here nor in the"
            " database: import it too, and mend it if it was rejected."
        )
    return ArticleState.published if row.state == ArticleState.published else None


def _fields(first: ArticlePart, row: Article | None) -> ArticleFields | None:
    """The fields, those the source says nothing of as they are in the database."""
    if first.fields is None or first.given is None or row is None:
        return first.fields
    names = set(ArticleFields.__dataclass_fields__) - first.given
    return replace(first.fields, **{name: getattr(row, name) for name in names})
