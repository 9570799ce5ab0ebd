"""A folder of Markdown files with front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from indexer.load.file_urls import file_urls, is_picture
from indexer.load.html_tree import Notes
from indexer.load.limits import check_inside, check_strings, decode, read_bytes, walk
from indexer.load.markdown_links import rewrite, with_code
from indexer.load.papers import Paper, PaperText, paper_part
from indexer.load.reading import Reading, old_keys, slug
from indexer.load.records import (
    ArticlePart,
    OldKey,
    OriginalMatter,
    RedirectMatter,
    TranslationMatter,
    complain,
)
from indexer.load.report import ImportOptions, Notice, Rejection, Source
from indexer.load.sniff import Kind, check_start
from indexer.load.yaml_text import YamlDocument, parse_yaml
from kb.actions.article_input import Origin
from kb.actions.articles import ArticleFields, TranslationInput
from kb.actions.carried import CarriedPlan
from kb.actions.checks import LANGUAGE_PATTERN
from kb.domain import Audience, image_address, image_keys
from kb.errors import InvalidInput, KbError

MARKDOWN = frozenset({".md", ".markdown"})
_FENCE = "---"  # before and after the front matter
IMAGES = "images"  # the folder of pictures, under their keys
_HEADING = re.compile(r"^#{1,2}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MarkdownFile:
    """Front matter and body, and the line on which the body starts."""

    matter: YamlDocument
    body: str
    body_line: int


def read_markdown_folder(
    folder: Path, reading: Reading
) -> Iterator[ArticlePart | Rejection | Notice]:
    """Every `*.md` below `folder`, by path; one file is one language of an article.

    Without its own statement the article's key is the file's name, its language the name of the
    folder it is in or `options.language`, its title the first heading. With `options.language`
    a file may have no front matter at all. Pictures beside the files come along, links from
    file to file lead to articles.
    """
    for path in walk(folder, MARKDOWN, reading.options.limits):
        name = path.relative_to(folder).as_posix()
        try:
            check_inside(path, folder)
            part, notices = read_markdown_file(path, name, reading)
        except KbError as error:
            line = error.details.get("line")
            yield Rejection(name, line if isinstance(line, int) else 1, error.message)
            continue
        yield from notices
        yield part


def read_markdown_file(
    path: Path, name: str, reading: Reading
) -> tuple[ArticlePart, tuple[Notice, ...]]:
    """One file, called `name` in reports. Raises KbError; details may hold the `line`."""
    limits = reading.options.limits
    data = read_bytes(path, limits.markdown_bytes)
    check_start(data, Kind.markdown)
    part = _parse(decode(data).replace("\r\n", "\n"), path, name, reading)
    notes = Notes()
    urls = file_urls(path, reading, partial(_key_of, reading), notes)
    body = rewrite(part.text.body, urls, is_picture, notes)
    for key in image_keys(part.text.body):
        _add_exported(key, reading, notes)
    text = part.text if body == part.text.body else replace(part.text, body=body)
    notices = tuple(Notice(name, 1, told) for told in notes.told())
    return replace(part, text=text), notices


def _add_exported(key: str, reading: Reading, notes: Notes) -> None:
    """A picture under its key, as an export writes it; it may be in the database already."""
    lost: list[str] = []
    found = reading.pictures.added_file(reading.root / IMAGES / key, reading.root, lost)
    for reason in lost:
        notes.add(reason)
    if found is not None and found != image_address(key):
        notes.add(f"the picture images/{key} is another one than its name says")


def _key_of(reading: Reading, path: Path) -> str | None:
    """The article in another file of the folder."""
    if path.suffix.lower() not in MARKDOWN or not path.is_file():
        return None
    try:
        check_inside(path, reading.root)
        text = decode(read_bytes(path, reading.options.limits.markdown_bytes))
        return _parse(text.replace("\r\n", "\n"), path, path.name, reading).key
    except KbError:
        return None  # the file itself is rejected


def _parse(text: str, path: Path, name: str, reading: Reading) -> ArticlePart:
    """As `parse_article`; a text without front matter is taken where the import has a language."""
    if text.split("\n", 1)[0].rstrip() == _FENCE:
        return parse_article(text, path, name, reading.options)
    language = _folder_language(path) or reading.options.language
    if reading.options.language is None or language is None:
        raise InvalidInput(
            "No front matter: start the file with a line `---` and the article's fields, or choose"
            " a language for the whole import (`--language en`).",
            line=1,
        )
    key = slug(path.stem, 120) or "page"
    paper = Paper(path, name, key, language, is_original=True)
    return paper_part(paper, _without_heading(text), reading)


def _without_heading(text: str) -> PaperText:
    """The first `# heading` is the title and no longer in the text, as in a page."""
    lines = text.split("\n")
    for number, (line, in_code) in enumerate(with_code(text)):
        if not in_code and line.startswith(("# ", "#\t")):
            del lines[number]
            title = re.sub(r"(?<=[ \t])#+$", "", line[2:].strip())
            return PaperText(title.strip(), "\n".join(lines).strip("\n"))
    return PaperText("", text.strip("\n"))


def parse_article(text: str, path: Path, name: str, options: ImportOptions) -> ArticlePart:
    """The article part in the text of a file. Raises KbError; details may hold the `line`."""
    file = split_front_matter(text, options)
    values = file.matter.value
    if not isinstance(values, dict):
        raise InvalidInput("The front matter is not a list of `key: value` lines.", line=2)
    check_strings(values, options.limits.depth)
    known = {key: value for key, value in values.items() if not str(key).startswith("x-")}
    model = TranslationMatter if "translation_of" in known else OriginalMatter
    try:
        matter = model.model_validate(known)
    except ValidationError as error:
        raise complain(error, file.matter.lines) from error
    key = path.stem if matter.article is None else matter.article
    is_draft = matter.draft is True
    text_ = _text(file, path, matter, options)
    part = ArticlePart(Source(name), key, text_, is_draft=is_draft)
    if isinstance(matter, TranslationMatter):
        _check_translation(part, matter, file.matter.lines)
        return part
    return _with_fields(part, matter, options)


def split_front_matter(text: str, options: ImportOptions) -> MarkdownFile:
    """Front matter and body: all but the blank line before it and the last line feed.

    Raises InvalidInput.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        raise InvalidInput("No front matter: start the file with a line `---`.", line=1)
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() == _FENCE), None)
    if end is None:
        raise InvalidInput("The front matter has no end: close it with a line `---`.", line=1)
    head = "\n".join(lines[1:end])
    if len(head.encode("utf-8", "replace")) > options.limits.front_matter_bytes:
        raise InvalidInput(
            f"The front matter is longer than {options.limits.front_matter_bytes:,} bytes:"
            " move texts to the body.",
            line=1,
        )
    matter = parse_yaml(head, options.limits.depth, first_line=2)
    rest = "\n".join(lines[end + 1 :])
    body = rest.removeprefix("\n")
    line = end + 2 + len(rest) - len(body)
    if not body.strip():
        raise InvalidInput("The article has no text below its front matter: write it.", line=line)
    return MarkdownFile(matter, body.removesuffix("\n"), line)


def _text(
    file: MarkdownFile,
    path: Path,
    matter: TranslationMatter | OriginalMatter,
    options: ImportOptions,
) -> TranslationInput:
    language = matter.language or _folder_language(path) or options.language
    if language is None:
        raise InvalidInput(
            "No language: add `language: en`, or choose one for the whole import"
            " (`--language en`).",
            line=2,
        )
    heading = _HEADING.search(file.body)
    title = matter.title or (heading[1] if heading else None)
    if title is None:
        raise InvalidInput("No title: add `title: ...` to the front matter.", line=2)
    outdated = isinstance(matter, TranslationMatter) and matter.outdated is True
    origin = Origin(matter.machine_model, matter.checked_by, outdated)
    return TranslationInput(
        language,
        title,
        file.body,
        matter.summary,
        tuple(matter.keywords),
        origin=None if origin == Origin() else origin,
    )


def _folder_language(path: Path) -> str | None:
    name = path.parent.name
    return name if LANGUAGE_PATTERN.match(name) and len(name.partition("-")[0]) == 2 else None


def _check_translation(
    part: ArticlePart, matter: TranslationMatter, lines: Mapping[str, int]
) -> None:
    if matter.translation_of == part.text.language:
        raise InvalidInput(
            "A translation of itself: take translation_of out, or mend the language.",
            line=lines.get("translation_of", 1),
        )


def _with_fields(part: ArticlePart, matter: OriginalMatter, options: ImportOptions) -> ArticlePart:
    fields = ArticleFields(
        original_language=part.text.language,
        audience=matter.audience or options.audience or Audience.internal,
        trust=matter.trust,
        governance=matter.governance,
        tags=tuple(matter.tags),
        facets={name: tuple(values) for name, values in matter.facets.items()},
        owner=matter.owner,
        valid_from=matter.valid_from,
        valid_until=matter.valid_until,
        review_by=matter.review_by,
    )
    state = matter.state or options.state
    return replace(
        part, fields=fields, state=state, redirects=_redirects(matter), plans=_plans(matter)
    )


def _redirects(matter: OriginalMatter) -> tuple[OldKey, ...]:
    found = list(old_keys(word for word in matter.redirects if isinstance(word, str)))
    found += [
        OldKey(row.key, row.kind, row.note)
        for row in matter.redirects
        if isinstance(row, RedirectMatter)
    ]
    return tuple(found)


def _plans(matter: OriginalMatter) -> tuple[CarriedPlan, ...]:
    return tuple(
        CarriedPlan(
            row.action, row.at, None if row.languages is None else tuple(row.languages), row.note
        )
        for row in matter.plans
    )
