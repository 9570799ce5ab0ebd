"""Word documents (DOCX, ECMA-376) as articles, through HTML."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from indexer.load.html_markdown import convert_tree
from indexer.load.html_tree import Notes, Urls, parse_html
from indexer.load.limits import MIB, read_bytes
from indexer.load.papers import Paper, PaperText, lay_out, paper_part, take_title
from indexer.load.reading import Reading, language_of
from indexer.load.records import ArticlePart
from indexer.load.report import Notice, Rejection
from kb.domain import IMAGE_FOLDER
from kb.errors import InvalidInput, KbError, TooLarge

DOCX = frozenset({".docx"})
_MAX_PARTS = 5_000
_MAX_UNPACKED = 200 * MIB
_MAX_XML = 30 * MIB
_MAX_DEPTH = 100
_MAX_ELEMENTS = 500_000
_MAX_MESSAGES = 10
_ENCRYPTED = 0x1 | 0x40
_LOST = {
    "del": "a change that somebody deleted was left out",
    "ins": "a change that somebody added was taken as it stands",
    "commentReference": "a comment was left out",
    "oMath": "a formula may be plain text now",
    "object": "an embedded object was left out",
    "chart": "a chart was left out",
    "txbxContent": "a text box was taken into the text, or left out",
    "relIds": "a diagram (SmartArt) was left out",
}
_AROUND = re.compile(r"word/(?:header|footer)\d*\.xml")


@dataclass(slots=True)
class _Seen:
    """What of a document's XML was seen on the way."""

    lost: Counter[str] = field(default_factory=Counter)
    language: str = ""
    title: str = ""
    has_margin: bool = False  # headers or footers with words


def read_documents(source: Path, reading: Reading) -> Iterator[ArticlePart | Rejection | Notice]:
    """Each document below `source`, or the one. Raises KbError when the folder cannot be read."""
    said = reading.options.language  # what a template says is often wrong

    def language_in(data: bytes) -> str | None:
        return said or _language_in(data)

    papers = lay_out(source, DOCX, reading.options.limits.docx_bytes, reading, language_in)
    for found in papers:
        if isinstance(found, Rejection):
            yield found
            continue
        notes = Notes()
        try:
            part = paper_part(found, _text(found, reading, notes), reading)
        except KbError as error:
            yield Rejection(found.name, 1, error.message)
            continue
        for told in notes.told():
            yield Notice(found.name, 1, told)
        yield part


def _text(paper: Paper, reading: Reading, notes: Notes) -> PaperText:
    data = read_bytes(paper.path, reading.options.limits.docx_bytes)
    seen = check_docx(data)
    for name, count in seen.lost.items():
        for _ in range(count):
            notes.add(_LOST[name])
    if seen.has_margin:
        notes.add("headers and footers of the document were left out")
    root = parse_html(_html(data, reading, notes) or "<p></p>")
    title = take_title(root, notes) or seen.title
    made = convert_tree(root, Urls(image=_kept), notes)
    return PaperText(title, made.markdown)


def _kept(address: str) -> str | None:
    return address if address.startswith(IMAGE_FOLDER) else None


def _html(data: bytes, reading: Reading, notes: Notes) -> str:
    """What mammoth makes of it. Raises InvalidInput."""
    import mammoth

    lost: list[str] = []

    def picture(image: Any) -> dict[str, str]:
        with image.open() as stream:
            address = reading.pictures.added(stream.read(), "", lost)
        for reason in lost:
            notes.add(reason)
        lost.clear()
        return {"src": address or ""}

    try:
        made = mammoth.convert_to_html(
            io.BytesIO(data), convert_image=mammoth.images.img_element(picture)
        )
    except KbError:
        raise
    except Exception as error:  # damage comes out of it in a dozen kinds
        raise InvalidInput(
            "The document is damaged: open it in an office program and save it again."
        ) from error
    told = list(dict.fromkeys(str(message.message) for message in made.messages))
    for message in told[:_MAX_MESSAGES]:
        notes.add(f"of the document's form: {message}")
    if len(told) > _MAX_MESSAGES:
        notes.add(f"of the document's form: {len(told) - _MAX_MESSAGES} more such things")
    return str(made.value)


def check_docx(data: bytes) -> _Seen:
    """Look through a document before anything unpacks it.

    Raises InvalidInput (no document, encrypted, with a document type or entities, nested too
    deep) and TooLarge.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidInput("This is an old or encrypted document: save it as .docx, unprotected.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_amounts(entries)
            if "word/document.xml" not in archive.namelist():
                raise InvalidInput("There is no Word document in the file: save it as .docx again.")
            seen = _Seen()
            for entry in entries:
                if entry.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(entry) as stream:
                        _look_through(entry.filename, stream.read(entry.file_size + 1), seen)
            return seen
    except KbError:
        raise
    except Exception as error:  # damage comes out of zipfile in a dozen kinds
        raise InvalidInput(
            "The document is damaged or cut off: open it in an office program and save it again."
        ) from error


def _check_amounts(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > _MAX_PARTS:
        raise TooLarge(f"The document has more than {_MAX_PARTS:,} parts: split it.")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise InvalidInput("The document is encrypted: save it without a password.")
    xml = sum(e.file_size for e in entries if e.filename.lower().endswith((".xml", ".rels")))
    whole = sum(entry.file_size for entry in entries)
    if whole > _MAX_UNPACKED or xml > _MAX_XML:
        raise TooLarge(
            f"The document unpacks to {whole:,} bytes, {xml:,} of them text;"
            f" {_MAX_UNPACKED:,} and {_MAX_XML:,} are allowed: split it."
        )


def _look_through(name: str, data: bytes, seen: _Seen) -> None:
    """Raises InvalidInput for a document type (with it entities) and for deep nesting."""
    parser = expat.ParserCreate()
    depth = count = 0
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > _MAX_DEPTH or count > _MAX_ELEMENTS:
            raise InvalidInput(f"{name[:80]} in the document is nested too deep or too long.")
        local = tag.rpartition(":")[2]
        inside.append(local)
        if name == "word/document.xml" and local in _LOST:
            seen.lost[local] += 1
        if local == "lang" and name == "word/styles.xml" and not seen.language:
            seen.language = attributes.get("w:val", "")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1
        inside.pop()

    def words(text: str) -> None:
        if name == "docProps/core.xml" and inside[-1] == "title" and len(seen.title) < 500:
            seen.title += text
        if _AROUND.fullmatch(name) and inside[-1] == "t" and text.strip():
            seen.has_margin = True

    def refuse(*_: object) -> None:
        raise InvalidInput(
            f"{name[:80]} in the document declares a document type or entities, which no office"
            " program writes: save it again."
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = words
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise InvalidInput(
            f"{name[:80]} in the document is damaged: open it in an office program and save it"
            " again."
        ) from error


def _language_in(data: bytes) -> str | None:
    try:
        found = check_docx(data).language
    except KbError:
        return None  # said when it is read
    return language_of(found) if re.match(r"[A-Za-z]{2,3}(?:-|$)", found) else None
