"""Files that are one text each (pages, documents): which article, which language, what title."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from indexer.load.html_tree import Element, Notes
from indexer.load.limits import check_inside, read_bytes, walk
from indexer.load.reading import Reading, folder_language, slug
from indexer.load.records import ArticlePart, OldKey
from indexer.load.report import Rejection, Source
from kb.actions.articles import ArticleFields, TranslationInput
from kb.actions.checks import LANGUAGE_PATTERN
from kb.domain import Audience
from kb.errors import InvalidInput, KbError

_LANGUAGE_NAME = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")


@dataclass(frozen=True, slots=True)
class Paper:
    """A file: its name in reports, the article it is a text of, and the text's language."""

    path: Path
    name: str
    key: str
    language: str
    is_original: bool


@dataclass(frozen=True, slots=True)
class PaperText:
    """What stands in it. `title` may be empty: then it is made of the file's name."""

    title: str
    body: str
    summary: str = ""
    keywords: tuple[str, ...] = ()
    redirects: tuple[OldKey, ...] = ()


def lay_out(
    source: Path,
    suffixes: frozenset[str],
    most: int,
    reading: Reading,
    language_in: Callable[[bytes], str | None],
) -> Iterator[Paper | Rejection]:
    """Every file of the kind, by path: same path below folders of languages, same article.

    The original is in `options.language`, else in the language most files are in. Raises KbError.
    """
    found: list[tuple[Path, str, tuple[str, ...], str]] = []
    for path in walk(source, suffixes, reading.options.limits) if source.is_dir() else [source]:
        name = path.relative_to(reading.root).as_posix()
        try:
            check_inside(path, reading.root)
            inner = language_in(read_bytes(path, most))
            where = folder_language(PurePosixPath(name))
            language = where or inner or reading.options.language
            if language is None or not LANGUAGE_PATTERN.match(language):
                raise InvalidInput(
                    "No language: put the file in a folder named after it, such as en/, or choose"
                    " one for the whole import (`--language en`)."
                )
        except KbError as error:
            yield Rejection(name, 1, error.message)
            continue
        found.append((path, name, _place(name), language))
    yield from _papers(found, reading)


def _papers(
    found: list[tuple[Path, str, tuple[str, ...], str]], reading: Reading
) -> Iterator[Paper]:
    counts = Counter(language for *_, language in found)
    wanted = reading.options.language
    order = sorted(counts, key=lambda x: (x != wanted, -counts[x], x))
    by_place: dict[tuple[str, ...], list[tuple[Path, str, str]]] = defaultdict(list)
    for path, name, place, language in found:
        by_place[place].append((path, name, language))
    stems = Counter(place[-1] for place in by_place)
    for place, files in by_place.items():
        key = slug(place[-1] if stems[place[-1]] == 1 else "-".join(place), 120) or "page"
        files.sort(key=lambda file: order.index(file[2]))
        for path, name, language in files:
            yield Paper(path, name, key, language, language == files[0][2])


def _place(name: str) -> tuple[str, ...]:
    """The path without language folders and suffix; `faq/index.html` is the page `faq`."""
    path = PurePosixPath(name)
    parts = [part for part in path.parts[:-1] if not _LANGUAGE_NAME.fullmatch(part)]
    stem = path.stem
    if stem.lower() == "index" and parts:
        return tuple(parts)
    return (*parts, stem)


def paper_part(paper: Paper, text: PaperText, reading: Reading) -> ArticlePart:
    """The article part that a file is. Raises InvalidInput when there is no text in it."""
    if not text.body.strip():
        raise InvalidInput("It has no text: leave it out.")
    title = " ".join(text.title.split()) or paper.path.stem.replace("-", " ").replace("_", " ")
    given = TranslationInput(paper.language, title, text.body, text.summary, text.keywords)
    redirects = tuple(old for old in text.redirects if old.key != paper.key)
    source = Source(paper.name)
    if not paper.is_original:
        return ArticlePart(source, paper.key, given, redirects=redirects)
    options = reading.options
    stated = {"original_language"} | ({"audience"} if options.audience is not None else set())
    fields = ArticleFields(paper.language, audience=options.audience or Audience.internal)
    own = (fields, options.state, frozenset(stated))
    return ArticlePart(source, paper.key, given, *own, redirects=redirects)


def take_title(root: Element, notes: Notes) -> str:
    """The words of the heading that names the page, which is taken out; else an empty text."""
    headings = list(root.iter("h1"))
    if not headings:
        return ""
    first = headings[0]
    before = "".join(_text_before(root, first)).strip()
    if len(headings) > 1 and before:
        return ""
    title = " ".join("".join(first.itertext()).split())
    if not title or next(first.iter("img"), None) is not None:
        return ""
    first.drop_tree()
    return title


def _text_before(root: Element, mark: Element) -> Iterator[str]:
    for element in root.iter():
        if element is mark:
            return
        if isinstance(element.tag, str) and element.tag not in ("head", "title", "script", "style"):
            yield element.text or ""
