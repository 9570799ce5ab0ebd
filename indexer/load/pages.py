"""Web pages as articles: a folder of HTML files, or one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from indexer.load.file_urls import file_urls
from indexer.load.html_markdown import convert_tree
from indexer.load.html_tree import Element, Notes, parse_html
from indexer.load.limits import read_bytes
from indexer.load.papers import Paper, PaperText, lay_out, paper_part, take_title
from indexer.load.reading import Reading, language_of, old_key
from indexer.load.records import ArticlePart
from indexer.load.report import Notice, Rejection
from indexer.load.sniff import check_page
from kb.errors import InvalidInput, KbError

HTML = frozenset({".html", ".htm", ".xhtml"})
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{1,30})", re.IGNORECASE)
_KNOWN = re.compile(r"(?:windows-|cp)125\d|iso-8859-\d{1,2}|us-ascii|koi8-r", re.IGNORECASE)
_LANGUAGE = re.compile(rb"<html\b[^>]{0,500}?\slang\s*=\s*[\"']?([A-Za-z]{2,3})\b", re.IGNORECASE)
_START = 8192


@dataclass(frozen=True, slots=True)
class _Head:
    """What a page says of itself."""

    title: str
    summary: str
    keywords: tuple[str, ...]
    canonical: str


def read_pages(source: Path, reading: Reading) -> Iterator[ArticlePart | Rejection | Notice]:
    """Each page below `source`, or the one. Raises KbError when the folder cannot be read."""
    papers: list[Paper] = []
    for found in lay_out(source, HTML, reading.options.limits.html_bytes, reading, _language_in):
        if isinstance(found, Rejection):
            yield found
        else:
            papers.append(found)
    keys = {paper.path.resolve(): paper.key for paper in papers}
    for paper in papers:
        notes = Notes()
        try:
            part = paper_part(paper, _text(paper, reading, keys, notes), reading)
        except KbError as error:
            yield Rejection(paper.name, 1, error.message)
            continue
        for told in notes.told():
            yield Notice(paper.name, 1, told)
        yield part


def decode_page(data: bytes, notes: Notes) -> str:
    """The text in the encoding that its mark or itself says. Raises InvalidInput."""
    check_page(data)
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if data.startswith(mark):
            notes.add("it is in the encoding UTF-16 and was converted")
            return _decoded(data, encoding)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = _CHARSET.search(data[:_START])
        name = found[1].decode("ascii", "replace") if found else ""
        if not _KNOWN.fullmatch(name):
            raise InvalidInput(
                f"Not UTF-8 at byte {error.start}, and it does not say in which encoding it is:"
                " save it in the encoding UTF-8."
            ) from error
        notes.add(f"it is in the encoding {name} and was converted")
        return _decoded(data, name)


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InvalidInput(
            f"It says that it is in the encoding {encoding}, and is not: save it in UTF-8."
        ) from error


def _language_in(data: bytes) -> str | None:
    found = _LANGUAGE.search(data[:_START])
    return language_of(found[1].decode("ascii")) if found else None


def _text(paper: Paper, reading: Reading, keys: dict[Path, str], notes: Notes) -> PaperText:
    data = read_bytes(paper.path, reading.options.limits.html_bytes)
    root = parse_html(decode_page(data, notes))
    head = _head(root)
    main = _main(root, notes)
    title = take_title(main, notes) or head.title
    urls = file_urls(
        paper.path, reading, lambda path: keys.get(path.resolve()), notes, head.canonical
    )
    made = convert_tree(main, urls, notes)
    old = old_key(head.canonical) if head.canonical else None
    redirects = () if old is None else (old,)
    return PaperText(title, made.markdown, head.summary, head.keywords, redirects)


def _head(root: Element) -> _Head:
    title = root.find(".//title")
    metas = {
        (meta.get("name") or "").lower(): " ".join((meta.get("content") or "").split())
        for meta in root.iter("meta")
    }
    canonical = next(
        (link.get("href") for link in root.iter("link")
         if (link.get("rel") or "").lower() == "canonical" and link.get("href")), ""
    )  # fmt: skip
    words = (word.strip() for word in metas.get("keywords", "").split(","))
    return _Head(
        " ".join("".join(title.itertext()).split()) if title is not None else "",
        metas.get("description", ""),
        tuple(dict.fromkeys(word for word in words if word)),
        str(canonical),
    )


def _main(root: Element, notes: Notes) -> Element:
    """Where the text of the page stands, without what all pages have around it."""
    found = list(root.iter("main")) or list(root.iter("article"))
    body = root.find("body")
    around = body if body is not None else root
    if len(found) == 1:
        inner = "".join(found[0].itertext()).split()
        if len("".join(around.itertext()).split()) > len(inner):
            notes.add("what stands around the page's main part was left out")
        return found[0]
    for element in list(around.iter("nav", "footer")):
        if "".join(element.itertext()).strip():
            notes.add(f"the page's {element.tag} was left out")
        element.drop_tree()
    return around
