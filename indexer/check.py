"""Checking a content folder before anybody imports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from indexer.check_data import (
    Problem,
    check_cases,
    check_incident,
    check_offer,
    check_synonyms,
    first_difference,
)
from indexer.export import DRAFTS, markdown_file
from indexer.load.content import CASES, INCIDENTS, OFFERS, SYNONYMS
from indexer.load.folder import IMAGES, MARKDOWN, MarkdownFile, parse_article, split_front_matter
from indexer.load.limits import check_inside, decode, read_bytes, walk
from indexer.load.records import ArticlePart, OriginalMatter, TranslationMatter
from indexer.load.report import ImportOptions
from indexer.load.sniff import Kind, check_start
from indexer.load.synonyms import YAML
from kb.domain import Audience, image_address, image_keys, utc_now
from kb.errors import KbError
from kb.text.markdown import internal_links

__all__ = ["Problem", "check_content"]


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file that could be read: its text, what it says, and which article it is a text of."""

    name: str
    text: str
    file: MarkdownFile
    part: ArticlePart
    translation_of: str | None

    def line_of(self, words: str) -> int:
        """The line on which `words` first stand in the body, else the body's first."""
        before, found, _ = self.file.body.partition(words)
        return self.file.body_line + (before.count("\n") if found else 0)

    def line_of_key(self, key: str) -> int:
        return self.file.matter.lines.get(key, 1)


@dataclass(slots=True)
class _Shelf:
    """All texts in the folder, by article and language."""

    texts: dict[str, dict[str, _Checked]] = field(default_factory=dict)
    languages: set[str] = field(default_factory=set)
    under_way: list[_Checked] = field(default_factory=list)

    def original(self, key: str) -> _Checked | None:
        found = [*self.texts.get(key, {}).values()]
        found += [text for text in self.under_way if text.part.key == key]
        return next((text for text in found if text.part.fields is not None), None)


def check_content(folder: Path, now: datetime | None = None) -> list[Problem]:
    """Everything wrong in a content folder, by file and line; an empty list when all is well.

    Looks for what an import would reject, and for dead links, missing translations, articles
    that link to what their readers may not see, dates that cannot be or have passed, and bytes
    that an export would write differently. Raises NotFound when there is no such folder.
    """
    options = ImportOptions()
    problems: list[Problem] = []
    shelf = _Shelf()
    for path in walk(folder, MARKDOWN, options.limits):
        name = path.relative_to(folder).as_posix()
        try:
            check_inside(path, folder)
            checked = _read(path, name, options)
        except KbError as error:
            line = error.details.get("line")
            problems.append(Problem(name, line if isinstance(line, int) else 1, error.message))
            continue
        problems += _place(shelf, checked)
    for key in shelf.texts:
        problems += _check_article(shelf, key, now or utc_now())
    for checked in shelf.under_way:
        problems += _check_under_way(shelf, checked)
    every = [text for texts in shelf.texts.values() for text in texts.values()]
    for checked in [*every, *shelf.under_way]:
        problems += _check_pictures(folder, checked)
    problems += _check_data(folder, shelf, options, now or utc_now())
    return sorted(problems, key=lambda p: (p.file, p.line, p.message))


def _read(path: Path, name: str, options: ImportOptions) -> _Checked:
    data = read_bytes(path, options.limits.markdown_bytes)
    check_start(data, Kind.markdown)
    text = decode(data)
    lined = text.replace("\r\n", "\n")
    part = parse_article(lined, path, name, options)
    file = split_front_matter(lined, options)
    value = file.matter.value
    source = value.get("translation_of") if isinstance(value, dict) else None
    return _Checked(name, text, file, part, source if isinstance(source, str) else None)


def _place(shelf: _Shelf, checked: _Checked) -> Iterator[Problem]:
    """Put a text on the shelf, unless its place is taken; one under way has a shelf of its own."""
    part = checked.part
    language = part.text.language
    if part.is_draft:
        shelf.under_way.append(checked)
        where = f"{DRAFTS}/{language}/{part.key}.md"
        if checked.name != where:
            yield Problem(checked.name, 1, f"The file belongs at {where}.")
        return
    texts = shelf.texts.setdefault(part.key, {})
    if language in texts:
        yield Problem(
            checked.name,
            checked.line_of_key("article"),
            f"{part.key} has its {language} text already in {texts[language].name}.",
        )
        return
    original = shelf.original(part.key)
    if original is not None and not original.part.is_draft and part.fields is not None:
        message = f"{part.key} has its original in {original.name}: write translation_of here."
        yield Problem(checked.name, checked.line_of_key("original"), message)
    texts[language] = checked
    shelf.languages.add(language)
    if checked.name != f"{language}/{part.key}.md":
        yield Problem(checked.name, 1, f"The file belongs at {language}/{part.key}.md.")


def _check_article(shelf: _Shelf, key: str, now: datetime) -> Iterator[Problem]:
    texts = shelf.texts[key]
    original = shelf.original(key)
    first = original or next(iter(texts.values()))
    if original is None:
        yield Problem(first.name, 1, f"The original of {key} is not in the folder.")
    else:
        yield from _check_dates(original, now)
    for language in sorted(shelf.languages - set(texts)):
        yield Problem(first.name, 1, f"There is no translation into {language}.")
    for checked in texts.values():
        yield from _check_form(checked)
        yield from _check_links(shelf, checked, original)
        if original and checked.translation_of not in (None, original.part.text.language):
            yield Problem(
                checked.name,
                checked.line_of_key("translation_of"),
                f"The original of {key} is in {original.part.text.language}, not in"
                f" {checked.translation_of}.",
            )


def _check_form(checked: _Checked) -> Iterator[Problem]:
    values = checked.file.matter.value
    if not isinstance(values, dict):
        return
    line = first_difference(checked.text, _canonical(values, checked))
    if line:
        yield Problem(checked.name, line, "Not in canonical form: an export writes it differently.")


def _canonical(values: Mapping[str, object], checked: _Checked) -> str:
    model = TranslationMatter if checked.translation_of else OriginalMatter
    ordered = {name: values[name] for name in model.model_fields if name in values}
    extra = {name: value for name, value in values.items() if name not in ordered}
    return markdown_file(ordered | extra, checked.file.body)


def _check_links(shelf: _Shelf, checked: _Checked, original: _Checked | None) -> Iterator[Problem]:
    try:
        keys = internal_links(checked.part.text.body)
    except KbError as error:
        yield Problem(checked.name, checked.file.body_line, error.message)
        return
    for key in keys:
        line = checked.line_of(f"article:{key}")
        target = shelf.original(key)
        if key not in shelf.texts:
            yield Problem(checked.name, line, f"A dead link: there is no article {key}.")
        elif _is_internal(target) and not _is_internal(original):
            # From public to customer is fair: the reader is asked to sign in.
            yield Problem(
                checked.name,
                line,
                f"{key} is internal: the readers of this article cannot open it.",
            )


def _check_under_way(shelf: _Shelf, checked: _Checked) -> Iterator[Problem]:
    yield from _check_form(checked)
    yield from _check_links(shelf, checked, shelf.original(checked.part.key))
    if checked.part.key not in shelf.texts:
        message = f"Readers have no text of {checked.part.key}: take `draft` out."
        yield Problem(checked.name, checked.line_of_key("draft"), message)


def _check_pictures(folder: Path, checked: _Checked) -> Iterator[Problem]:
    for key in image_keys(checked.part.text.body):
        if not (folder / IMAGES / key).is_file():
            line = checked.line_of(image_address(key))
            yield Problem(checked.name, line, f"There is no picture {IMAGES}/{key}.")


def _is_internal(original: _Checked | None) -> bool:
    fields = original.part.fields if original else None
    return fields is not None and fields.audience == Audience.internal


def _check_dates(checked: _Checked, now: datetime) -> Iterator[Problem]:
    fields = checked.part.fields
    if fields is None:
        return
    start, end, review = fields.valid_from, fields.valid_until, fields.review_by
    if start and end and start >= end:
        yield Problem(
            checked.name, checked.line_of_key("valid_until"), "valid_until comes before valid_from."
        )
    if review and start and review <= start:
        yield Problem(
            checked.name, checked.line_of_key("review_by"), "review_by comes before valid_from."
        )
    if review and review <= now:
        yield Problem(
            checked.name,
            checked.line_of_key("review_by"),
            f"To be reviewed since {review.date()}: review it and set a new date.",
        )


def _check_data(
    folder: Path, shelf: _Shelf, options: ImportOptions, now: datetime
) -> Iterator[Problem]:
    limits = options.limits
    if (folder / CASES).is_dir():
        for path in walk(folder / CASES, frozenset({".jsonl"}), limits):
            yield from check_cases(path, folder, set(shelf.texts), options)
    for name, check in ((OFFERS, check_offer), (INCIDENTS, check_incident)):
        if (folder / name).is_dir():
            for path in walk(folder / name, YAML, limits):
                yield from check(path, folder, shelf.languages, limits)
    if (folder / SYNONYMS).is_dir():
        for path in walk(folder / SYNONYMS, YAML, limits):
            yield from check_synonyms(path, folder, limits)
