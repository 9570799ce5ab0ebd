"""A folder of Markdown files with front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from indexer.load.limits import check_inside, check_strings, decode, read_bytes, walk
from indexer.load.records import ArticlePart, OriginalMatter, TranslationMatter, complain
from indexer.load.report import ImportOptions, Rejection, Source
from indexer.load.sniff import Kind, check_start
from indexer.load.yaml_text import YamlDocument, parse_yaml
from kb.actions.articles import ArticleFields, TranslationInput
from kb.actions.checks import LANGUAGE_PATTERN
from kb.domain import Audience
from kb.errors import InvalidInput, KbError

MARKDOWN = frozenset({".md", ".markdown"})
_HEADING = re.compile(r"^#{1,2}[ \t]+(.+?)[ \t#]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MarkdownFile:
    """Front matter and body, and the line on which the body starts."""

    matter: YamlDocument
    body: str
    body_line: int


def read_markdown_folder(folder: Path, options: ImportOptions) -> Iterator[ArticlePart | Rejection]:
    """Every `*.md` below `folder`, by path; one file is one language of an article.

    Without its own statement the article's key is the file's name, its language the name of the
    folder it is in or `options.language`, its title the first heading.
    """
    for path in walk(folder, MARKDOWN, options.limits):
        name = path.relative_to(folder).as_posix()
        try:
            check_inside(path, folder)
            yield read_markdown_file(path, name, options)
        except KbError as error:
            line = error.details.get("line")
            yield Rejection(name, line if isinstance(line, int) else 1, error.message)


def read_markdown_file(path: Path, name: str, options: ImportOptions) -> ArticlePart:
    """One file, called `name` in reports. Raises KbError; details may hold the `line`."""
    limits = options.limits
    data = read_bytes(path, limits.markdown_bytes)
    check_start(data, Kind.markdown)
    return parse_article(decode(data).replace("\r\n", "\n"), path, name, options)


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
    part = ArticlePart(Source(name), key, _text(file, path, matter, options))
    if isinstance(matter, TranslationMatter):
        _check_translation(part, matter, file.matter.lines)
        return part
    return _with_fields(part, matter, options)


def split_front_matter(text: str, options: ImportOptions) -> MarkdownFile:
    """Front matter and body: all but the blank line before it and the last line feed.

    Raises InvalidInput.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        raise InvalidInput("No front matter: start the file with a line `---`.", line=1)
    end = next((n for n, line in enumerate(lines) if n and line.rstrip() == "---"), None)
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
        raise InvalidInput("No language: add `language: en`, or import with --language en.", line=2)
    heading = _HEADING.search(file.body)
    title = matter.title or (heading[1] if heading else None)
    if title is None:
        raise InvalidInput("No title: add `title: ...` to the front matter.", line=2)
    return TranslationInput(language, title, file.body, matter.summary, tuple(matter.keywords))


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
    return ArticlePart(part.source, part.key, part.text, fields, state)
