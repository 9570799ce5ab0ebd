"""What a file really is, by its content; its name and type are only what somebody says.

`sniff` is for what comes from outside (uploads): it takes a file whole or refuses it.
`check_start` is for the importers, which report bad records one by one: it only refuses a file
that is something else altogether.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from indexer.load.limits import MIB
from kb.errors import InvalidInput, TooLarge
from kb.images.formats import check_image, image_kind


class Kind(StrEnum):
    """What Potica takes. `folder` is a ZIP of such files, at least one of them Markdown."""

    markdown = "markdown"
    text = "text"
    csv = "csv"
    jsonl = "jsonl"
    json = "json"
    yaml = "yaml"
    folder = "folder"
    png = "png"
    jpeg = "jpeg"
    gif = "gif"
    webp = "webp"


IMAGES = frozenset({Kind.png, Kind.jpeg, Kind.gif, Kind.webp})
MEDIA_TYPES = {
    Kind.markdown: "text/markdown",
    Kind.text: "text/plain",
    Kind.csv: "text/csv",
    Kind.jsonl: "application/x-ndjson",
    Kind.json: "application/json",
    Kind.yaml: "application/yaml",
    Kind.folder: "application/zip",
    Kind.png: "image/png",
    Kind.jpeg: "image/jpeg",
    Kind.gif: "image/gif",
    Kind.webp: "image/webp",
}
SUFFIXES = {
    ".md": Kind.markdown,
    ".markdown": Kind.markdown,
    ".txt": Kind.text,
    ".csv": Kind.csv,
    ".tsv": Kind.csv,
    ".jsonl": Kind.jsonl,
    ".ndjson": Kind.jsonl,
    ".json": Kind.json,
    ".yaml": Kind.yaml,
    ".yml": Kind.yaml,
    ".zip": Kind.folder,
    ".png": Kind.png,
    ".jpg": Kind.jpeg,
    ".jpeg": Kind.jpeg,
    ".gif": Kind.gif,
    ".webp": Kind.webp,
}
# What browsers and systems say besides the proper type.
_ALSO = {
    Kind.markdown: {"text/x-markdown", "text/plain"},
    Kind.csv: {"text/plain", "application/csv", "application/vnd.ms-excel",
               "text/tab-separated-values"},
    Kind.jsonl: {"text/plain", "application/json", "application/jsonl", "application/x-jsonlines",
                 "application/jsonlines"},
    Kind.json: {"text/plain", "text/json"},
    Kind.yaml: {"text/plain", "text/yaml", "text/x-yaml", "application/x-yaml"},
    Kind.folder: {"application/x-zip-compressed", "application/x-zip"},
}  # fmt: skip
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_JSONL_LINES = 50  # looked at; the importer reports each of the others


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bounds of one upload, in bytes but for `files` and `ratio` (unpacked to packed)."""

    text_bytes: int = 20 * MIB
    image_bytes: int = 10 * MIB
    folder_bytes: int = 50 * MIB
    unpacked_bytes: int = 100 * MIB
    files: int = 10_000
    ratio: int = 100


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file is, and the media type to keep and serve it under."""

    kind: Kind
    media_type: str


def sniff(
    data: bytes, name: str, media_type: str | None = None, limits: UploadLimits | None = None
) -> Sniffed:
    """What `data` is, when `name` (a bare file name) and `media_type` say the same.

    A folder's own files are checked by `indexer.load.zipped.unpack`, which this calls.
    Raises InvalidInput, saying what to do, for anything that is not wholly one of `Kind`;
    TooLarge above the limits.
    """
    limits = limits or UploadLimits()
    kind = _claimed(name)
    if not data:
        raise InvalidInput("The file is empty: choose another.")
    _check_size(data, kind, limits)
    if kind in IMAGES:
        _check_picture(data, kind)
    elif kind is Kind.folder:
        from indexer.load.zipped import unpack  # it asks this function about each of its files

        check_start(data, kind)
        unpack(data, limits)
    else:
        check_start(data, kind)
        _check_text(data, kind)
    _check_media_type(kind, media_type)
    return Sniffed(kind, MEDIA_TYPES[kind])


def check_start(data: bytes, kind: Kind) -> None:
    """Raises InvalidInput when the start of `data` shows something else than `kind`."""
    start = data[:4096]
    found = _foreign(start)
    if kind is Kind.folder and start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return
    if found is not None:
        what, advice = found
        raise InvalidInput(f"This is {what}, not {_called(kind)}: {advice}.")
    if kind is Kind.folder:
        raise InvalidInput("This is no ZIP file: pack the folder as ZIP, or send a single file.")
    line = start.removeprefix(_BOM).lstrip().partition(b"\n")[0].rstrip()
    if kind is Kind.csv and (line.startswith((b'{"', b"[{")) or line in (b"{", b"[")):
        raise InvalidInput("This is JSON, not CSV: name it .jsonl, with one object a line.")
    if kind is Kind.jsonl and (line.startswith(b"[{") or line == b"["):
        raise InvalidInput("This is one JSON list, not JSONL: write one object a line.")


def check_page(data: bytes) -> None:
    """Raises InvalidInput when the start of `data` shows that it is no web page."""
    start = data[:4096]
    found = _foreign(start)
    if (
        found is not None
        and found is not _PAGE
        and not start.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        raise InvalidInput(f"This is {found[0]}, not HTML: {found[1]}.")


def check_name(name: str) -> None:
    """Raises InvalidInput unless `name` is a plain file name that is the same everywhere."""
    odd = any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for char in name)
    if odd or not name.strip(" .") or name != name.strip() or any(c in name for c in '/\\:*?"<>|'):
        raise InvalidInput(
            "The file's name holds a character that not every system takes, or none that counts:"
            " use letters, digits, hyphens and points."
        )
    if len(name.encode("utf-8", "replace")) > 255:
        raise InvalidInput("The file's name is longer than 255 bytes: shorten it.")


def _claimed(name: str) -> Kind:
    check_name(name)
    kind = SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        raise InvalidInput(
            f"Files of this kind are not taken; these are: {', '.join(sorted(SUFFIXES))}."
        )
    return kind


def _check_size(data: bytes, kind: Kind, limits: UploadLimits) -> None:
    most = limits.text_bytes
    if kind in IMAGES:
        most = limits.image_bytes
    elif kind is Kind.folder:
        most = limits.folder_bytes
    if len(data) > most:
        raise TooLarge(f"The file has {len(data):,} bytes, the limit is {most:,}: make it smaller.")


def _check_picture(data: bytes, kind: Kind) -> None:
    found = image_kind(data)
    if found is None:
        check_start(data, kind)
        check_image(data)
    if found != kind:
        raise InvalidInput(f"This is a {found} picture, not {_called(kind)}: name it .{found}.")
    check_image(data)


def _check_media_type(kind: Kind, media_type: str | None) -> None:
    said = (media_type or "").partition(";")[0].strip().lower()
    if said in _SAYS_NOTHING or said == MEDIA_TYPES[kind] or said in _ALSO.get(kind, ()):
        return
    raise InvalidInput(
        f"The file is {_called(kind)}, but was sent as another type: send it as"
        f" {MEDIA_TYPES[kind]}."
    )


_BOM = b"\xef\xbb\xbf"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ufffe\uffff]")


def _check_text(data: bytes, kind: Kind) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"Not UTF-8 at byte {error.start}: save the file in the encoding UTF-8."
        ) from error
    found = _CONTROL.search(text)
    if found:
        raise InvalidInput(
            f"A control character at position {found.start()}: this is no plain text, or it is"
            " damaged. Save it as text again."
        )
    if not text.strip():
        raise InvalidInput("The file holds no text: choose another.")
    if kind is Kind.json:
        _parse(text, "The file")
    elif kind is Kind.jsonl:
        lines = (line for line in text.split("\n") if line.strip())
        for number, line in zip(range(1, _JSONL_LINES + 1), lines, strict=False):
            if not isinstance(_parse(line, f"Record {number}"), dict):
                raise InvalidInput(f'Record {number} is no JSON object: write {{"...": ...}}.')


def _parse(text: str, what: str) -> object:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InvalidInput(f"{what} is nested too deep: flatten it.") from error
    except ValueError as error:
        raise InvalidInput(f"{what} is not valid JSON: mend it, and save it as UTF-8.") from error


_PROGRAM = ("a program", "programs are not taken")
_ARCHIVE = ("a packed file", "unpack it, and pack what is in it as ZIP")
_OFFICE = ("a document of an office program", "save it as text, Markdown or CSV")
_PAGE = ("a web page or other markup", "convert it to Markdown, or save it as plain text")
_PICTURE = ("a picture", "give it the name of its kind (.png, .jpg, .gif or .webp)")
_SIGNATURES: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (b"\x7fELF", _PROGRAM),
    (b"#!/", ("a script", "programs are not taken")),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\xfe\xed\xfa\xce", _PROGRAM),
    (b"\xfe\xed\xfa\xcf", _PROGRAM),
    (b"\xce\xfa\xed\xfe", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\0asm", _PROGRAM),
    (b"dex\n03", _PROGRAM),
    (b"PK\x03\x04", ("a ZIP file", "name it .zip, or unpack it")),
    (b"PK\x05\x06", ("an empty ZIP file", "pack the folder again")),
    (b"\x1f\x8b", _ARCHIVE),
    (b"\xfd7zXZ\0", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"%PDF-", ("a PDF document", "save its text as Markdown")),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (b"{\\rtf", _OFFICE),
    (b"SQLite format 3\0", ("a database", "export its records as CSV or JSONL")),
    (b"\xff\xfe", ("text in the encoding UTF-16", "save it in the encoding UTF-8")),
    (b"\xfe\xff", ("text in the encoding UTF-16", "save it in the encoding UTF-8")),
)
_MARKUP = re.compile(
    rb"(?:\s|<!--.*?-->)*<(?:!doctype|html|head|body|script|style|iframe|svg|\?xml|\?php)\b",
    re.IGNORECASE | re.DOTALL,
)


def _foreign(start: bytes) -> tuple[str, str] | None:
    """What the start shows that is no text of ours, and what to do about it."""
    for signature, told in _SIGNATURES:
        if start.startswith(signature):
            return told
    if start[:2] == b"MZ" and b"\0" in start[:64]:
        return _PROGRAM
    if start[257:262] == b"ustar" or (start[:3] == b"BZh" and start[4:10] == b"1AY&SY"):
        return _ARCHIVE
    if image_kind(start) is not None:
        return _PICTURE
    if _MARKUP.match(start.removeprefix(_BOM)):
        return _PAGE
    return None


def _called(kind: Kind) -> str:
    told = {Kind.markdown: "Markdown", Kind.text: "plain text", Kind.folder: "a ZIP file"}
    return told.get(kind, kind.value.upper())
