"""The files of a Help Center export: JSON in any number of files, and pictures beside them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from indexer.load.limits import Limits, check_inside, check_strings, decode, read_bytes, walk
from indexer.load.pictures import SUFFIXES
from indexer.load.records import complain
from indexer.load.report import Rejection, Source
from indexer.load.tables import parse_json
from indexer.load.zendesk_rows import (
    ArticleRow,
    AttachmentRow,
    SectionRow,
    SegmentRow,
    TagRow,
    TranslationRow,
)
from kb.errors import InvalidInput, KbError

JSON = frozenset({".json"})
_LISTS = {
    "articles": "article",
    "translations": "translation",
    "sections": "section",
    "categories": "category",
    "user_segments": "user_segment",
    "article_attachments": "article_attachment",
    "content_tags": "content_tag",
}
"""The name of a list in the API's answers, and of one record by itself."""

Row = TypeVar("Row", bound=BaseModel)


@dataclass(slots=True)
class HelpCenter:
    """All records by what they are; each article with the file it stands in."""

    articles: dict[int, tuple[Source, ArticleRow]] = field(default_factory=dict)
    texts: dict[int, dict[str, TranslationRow]] = field(default_factory=lambda: defaultdict(dict))
    sections: dict[int, SectionRow] = field(default_factory=dict)
    categories: dict[int, SectionRow] = field(default_factory=dict)
    segments: dict[int, SegmentRow] = field(default_factory=dict)
    attachments: dict[int, list[AttachmentRow]] = field(default_factory=lambda: defaultdict(list))
    tags: dict[str, str] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)  # files without any of these


def read_help_center(source: Path, limits: Limits) -> Iterator[HelpCenter | Rejection]:
    """Rejections of single records or files, and last the whole. Raises KbError."""
    whole = HelpCenter()
    is_folder = source.is_dir()
    for path in walk(source, JSON, limits) if is_folder else [source]:
        name = path.relative_to(source).as_posix() if is_folder else path.name
        try:
            if is_folder:
                check_inside(path, source)
            records = _records(path, limits)
        except KbError as error:
            if not is_folder:
                raise
            yield Rejection(name, 1, error.message)
            continue
        if not records:
            whole.passed_over.append(name)
        yield from _sort(whole, name, records, limits)
    yield whole


def _records(path: Path, limits: Limits) -> list[tuple[str, object]]:
    """Each record with the name of its kind."""
    value = parse_json(decode(read_bytes(path, limits.json_bytes)), limits)
    if isinstance(value, list):
        value = {_guessed(value): value}
    if not isinstance(value, dict):
        return []
    found: list[tuple[str, object]] = []
    for many, one in _LISTS.items():
        rows = value.get(many)
        if isinstance(rows, list):
            found += [(one, row) for row in rows]
        if isinstance(value.get(one), dict):
            found.append((one, value[one]))
    if isinstance(value.get("records"), list):  # how content tags come
        found += [("content_tag", row) for row in value["records"]]
    if len(found) > limits.records:
        raise InvalidInput(f"There are more than {limits.records:,} records: split the file.")
    return found


def _guessed(rows: list[object]) -> str:
    first = rows[0] if rows else None
    if not isinstance(first, Mapping):
        return ""
    if "source_id" in first:
        return "translations"
    return "articles" if "section_id" in first or "body" in first else ""


def _sort(
    whole: HelpCenter, name: str, records: list[tuple[str, object]], limits: Limits
) -> Iterator[Rejection]:
    for kind, value in records:
        number = value.get("id") if isinstance(value, dict) else None
        place = f"{name}#{kind}-{str(number)[:30]}" if number is not None else name
        try:
            check_strings(value, limits.depth)
            _put(whole, kind, value, Source(place), limits)
        except ValidationError as error:
            yield Rejection(place, 1, complain(error).message)
        except KbError as error:
            yield Rejection(place, 1, error.message)


def _put(whole: HelpCenter, kind: str, value: object, source: Source, limits: Limits) -> None:
    if kind == "article":
        size = len(json.dumps(value))
        if size > limits.record_bytes * 10:
            raise InvalidInput(f"The article has {size:,} bytes: shorten it.")
        article = ArticleRow.model_validate(value)
        if article.id in whole.articles:  # the same list in another locale, or a page again
            _add_own_text(whole, article)
            return
        whole.articles[article.id] = (source, article)
        _add_own_text(whole, article)
        for text in article.translations:
            whole.texts[article.id][text.locale.lower()] = text
    elif kind == "translation":
        text = TranslationRow.model_validate(value)
        if text.source_type == "Article" and text.source_id is not None:
            whole.texts[text.source_id][text.locale.lower()] = text
    elif kind in ("section", "category"):
        row = SectionRow.model_validate(value)
        known = whole.sections if kind == "section" else whole.categories
        if row.id not in known or row.locale == row.source_locale:
            known[row.id] = row
    elif kind == "user_segment":
        segment = SegmentRow.model_validate(value)
        whole.segments[segment.id] = segment
    elif kind == "article_attachment":
        attachment = AttachmentRow.model_validate(value)
        if attachment.article_id is not None:
            whole.attachments[attachment.article_id].append(attachment)
    else:
        tag = TagRow.model_validate(value)
        whole.tags[str(tag.id)] = tag.name


def _add_own_text(whole: HelpCenter, row: ArticleRow) -> None:
    """The text that stands in the article itself, unless its translation says more."""
    locale = (row.locale or row.source_locale).lower()
    if not locale or locale in whole.texts[row.id] or not (row.title or row.body):
        return
    whole.texts[row.id][locale] = TranslationRow(
        source_id=row.id,
        locale=locale,
        title=row.title or row.name,
        body=row.body,
        draft=row.draft,
        outdated=row.outdated,
        html_url=row.html_url,
    )


class AttachedFiles:
    """Pictures beside the JSON, found by the attachment's number or by their name."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._by_number: dict[str, Path] = {}
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in walk(folder, SUFFIXES, limits):
            self._by_name[path.name.lower()].append(path)
            for part in (*path.relative_to(folder).parts[:-1], path.stem, _leading(path.name)):
                if part.isdecimal():
                    self._by_number.setdefault(part, path)

    def find(self, number: str, name: str) -> Path | None:
        """The file `<number>/<name>`, `<number>-<name>`, `<number>.png` or, if one only, `name`."""
        found = self._by_number.get(number)
        if found is None:
            same = self._by_name.get(name.lower(), [])
            found = same[0] if len(same) == 1 else None
        return found


def _leading(name: str) -> str:
    return name.replace("_", "-").partition("-")[0]
