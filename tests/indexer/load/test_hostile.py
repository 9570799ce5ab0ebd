"""Files that want to harm an import: each is named in the report, and nothing else is lost."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, Limits, import_content
from indexer.load.html_markdown import convert_page
from indexer.load.html_tree import Urls
from indexer.load.sniff import UploadLimits
from kb.domain import Article
from kb.errors import InvalidInput, KbError, TooLarge
from kb.queries.articles import load_article
from kb.text.markdown import render_html
from tests.indexer.load import word
from tests.indexer.load.test_pages import png

Sessions = sessionmaker[Session]
GOOD = "<html lang=en><title>Good</title><p>Good text.</p></html>"
ENGLISH = ImportOptions(language="en")


def _imported(sessions: Sessions, folder: Path, name: str, data: bytes) -> str:
    """The reason a bad file beside a good one is refused for; the good one always comes in."""
    (folder / "good.html").write_text(GOOD)
    (folder / name).write_bytes(data)
    report = import_content(sessions, folder, ENGLISH).articles
    assert report.created == ["good"]
    (rejected,) = report.rejected
    assert rejected.file == name
    assert rejected.reason.isprintable()
    return rejected.reason


BOMB = f"<!DOCTYPE a [<!ENTITY a '{'x' * 50}'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)
OUTSIDE = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def _broken(data: bytes, find: bytes, change: Callable[[bytearray, int], None]) -> bytes:
    changed = bytearray(data)
    change(changed, data.index(find))
    return bytes(changed)


def _lie(data: bytearray, at: int) -> None:
    """A size in the ZIP's directory that is not the file's."""
    struct.pack_into("<I", data, at + 24, 10)


TEXT = word.paragraph("Text.")
DOCUMENTS = {
    "external entity": (word.document("<w:p><w:r><w:t>&e;</w:t></w:r></w:p>", prolog=OUTSIDE),
                        "document type or entities"),
    "billion laughs": (word.document("<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", prolog=f"{BOMB}]>"),
                       "document type or entities"),
    "entities in another part": (word.document(TEXT, {"word/styles.xml": f"{BOMB}]><a>&j;</a>"}),
                                 "document type or entities"),
    "entities in UTF-16": (word.document(TEXT, {"word/styles.xml":
                           f'<?xml version="1.0" encoding="UTF-16"?>{OUTSIDE}<a>&e;</a>'
                           .encode("utf-16")}), "document type or entities"),
    "nested": (word.document("<w:p>" * 5000 + "</w:p>" * 5000), "nested too deep"),
    "many elements": (word.document("<w:p/>" * 600_000), "nested too deep or too long"),
    "unpacks far": (word.document(TEXT, {"word/media/a.png": b"\0" * 210_000_000}), "unpacks to"),
    "much text": (word.document(TEXT, {"word/a.xml": "<a>" + " " * 31_500_000 + "</a>"}),
                  "unpacks to"),
    "many parts": (word.document(TEXT, {f"word/{n}.bin": b"" for n in range(5001)}), "parts"),
    "no document": (word.document(TEXT, {"word/document.xml": ""}), "damaged"),
    "another ZIP": (b"PK\x05\x06" + bytes(18), "no Word document"),
    "an old document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old or encrypted"),
    "no ZIP": (b"Just text.", "damaged or cut off"),
    "cut off": (word.document(TEXT)[:-40], "damaged or cut off"),
    "cut in the middle": (word.document(TEXT)[:700], "damaged or cut off"),
    "a lie about its size": (_broken(word.document(TEXT), b"PK\x01\x02", _lie), "damaged"),
    "not XML": (word.document(TEXT, {"word/styles.xml": "<a>"}), "is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCUMENTS)
def test_documents(tmp_path: Path, sqlite_sessions: Sessions, what: str) -> None:
    data, said = DOCUMENTS[what]
    assert said in _imported(sqlite_sessions, tmp_path, "bad.docx", data)


def test_a_document_reads_no_files_of_this_machine(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png())
    link = word.relations(f'<Relationship Id="i" Type="{word.RELATIONS}/image"'
                          f' Target="file://{secret}" TargetMode="External"/>')  # fmt: skip
    body = word.paragraph("Text.") + word.picture("i").replace("r:embed", "r:link")
    for inner in (body, body.replace("r:link", "r:embed")):
        (tmp_path / "in").mkdir(exist_ok=True)
        data = word.document(inner, {"word/_rels/document.xml.rels": link})
        (tmp_path / "in" / "a.docx").write_bytes(data)
        report = import_content(sqlite_sessions, tmp_path / "in", ENGLISH).articles
        if report.ok:
            with sqlite_sessions() as session:
                assert "/images/" not in load_article(session, "a").translations[0].body
            assert report.notices
        else:
            assert "damaged" in report.rejected[0].reason


PAGES = {
    "deep": ("<div>" * 100_000 + "x", "nested far too deep"),
    "deep lists": ("<ul><li>" * 200 + "x", "nested"),
    "deep quotes": ("<blockquote>" * 30 + "x", "nested too deep"),
    "many elements": ("<p>x" * 30_000, "30,002 elements"),
    "marks without end": ("".join(f"<b id={n}><p>x" for n in range(20_000)), "elements"),
    "long": (f"<p>{'word ' * 200_000}</p>", "characters"),
    "nothing": ("<p> </p><!-- a -->", "no text"),
    "empty": ("", "empty"),
    "a program": ("\x7fELF....", "a program"),
    "too large": ("<p>" + " " * 4_300_000, "bytes"),
}


@pytest.mark.parametrize("what", PAGES)
def test_pages(tmp_path: Path, sqlite_sessions: Sessions, what: str) -> None:
    page, said = PAGES[what]
    reason = _imported(sqlite_sessions, tmp_path, "bad.html", page.encode())
    assert said in reason, reason


ACTIVE = [
    "<a href='javascript:alert(1)'>b</a>",
    "<a href=' jAvA\tscript:alert(1)'>b</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>b</a>",
    "<a href='vbscript:x'>b</a><a href='file:///etc/passwd'>c</a>",
    "<img src='javascript:alert(1)' alt=b>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<iframe srcdoc='<script>alert(1)</script>' src='javascript:alert(1)'></iframe>",
    "<a href='//evil.example/a'>b</a>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<p>[x](javascript:alert(1))</p>",
    "<p>&lt;img src=x onerror=alert(1)&gt;</p>",
    "<style>@import 'https://evil.example'</style><base href='https://evil.example/'>",
]


@pytest.mark.parametrize("page", ACTIVE)
def test_nothing_active_comes_through(page: str) -> None:
    made = convert_page(f"<p>a</p>{page}", Urls())
    shown = render_html(made.markdown).lower()
    assert "<script" not in shown
    assert "<img" not in shown
    assert 'href="javascript' not in shown
    assert 'href="data' not in shown
    assert 'href="file' not in shown


def test_huge_attributes_are_no_harm() -> None:
    page = f"<p title='{'x' * 3_000_000}' {'a=b ' * 20_000}>text</p>"
    assert convert_page(page, Urls()).markdown == "text"
    spans = "<table><tr>" + "<td colspan=99999 rowspan=99999>x" * 60 + "</table>"
    assert convert_page(spans, Urls()).markdown.count("x") == 60


def _zip(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def _symlink(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


PAGE = ("en/good.html", GOOD.encode())
ZIPS = {
    "a bomb": (_zip(PAGE, ("en/bomb.html", b" " * 50_000_000)), "times its size"),
    "bad JSON": (_zip(PAGE, ("a.json", b"{"), ("a.png", b"x"), ("b.docx", b"x")), None),
    "leads out": (_zip(PAGE, ("../../evil.html", b"<p>a</p>")), "leads out"),
    "a link": (_zip(PAGE, (_symlink("en/link.html"), b"/etc/passwd")), "link or a device"),
    "twice": (_zip(PAGE, ("EN/GOOD.html", b"x")), "twice"),
    "encrypted": (_broken(_zip(PAGE), b"PK\x01\x02",
                          lambda data, at: struct.pack_into("<H", data, at + 8, 1)), "encrypted"),
    "a lie": (_broken(_zip(PAGE), b"PK\x01\x02", _lie), "damaged"),
    "cut off": (_zip(PAGE)[:-30], "damaged|more than a ZIP"),
    "in front": (b"GIF89a" + _zip(PAGE), "more than a ZIP"),
    "a ZIP in it": (_zip(PAGE, ("b.zip", _zip(PAGE))), "ZIP in the ZIP"),
    "none": (b"Just text", "damaged"),
}  # fmt: skip


@pytest.mark.parametrize("what", ZIPS)
def test_zips(tmp_path: Path, sqlite_sessions: Sessions, what: str) -> None:
    data, said = ZIPS[what]
    path = tmp_path / "in.zip"
    path.write_bytes(data)
    if said is not None:
        with pytest.raises(KbError, match=f"(?i){said}"):
            import_content(sqlite_sessions, path)
        with sqlite_sessions() as session:
            assert session.scalar(select(func.count()).select_from(Article)) == 0
        assert not (tmp_path.parent / "evil.html").exists()
        return
    report = import_content(sqlite_sessions, path).articles
    assert report.created == ["good"]
    assert report.rejected or report.notices


def test_what_a_zip_holds_beside_is_named(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(_zip(PAGE, ("a.css", b"p{}"), ("a.exe", b"MZ")))
    report = import_content(sqlite_sessions, path).articles
    assert (report.created, report.rejected) == (["good"], [])
    assert [n.file for n in report.notices] == ["a.css", "a.exe"]


def test_too_many_files(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    path = tmp_path / "in.zip"
    path.write_bytes(_zip(*((f"{n}.html", b"<p>a</p>") for n in range(10_001))))
    with pytest.raises(TooLarge, match="more than 10,000 files"):
        import_content(sqlite_sessions, path, ENGLISH)
    for n in range(21):
        (tmp_path / f"{n}.html").write_text(f"<p>text {n}</p>")
    limits = ImportOptions(language="en", limits=Limits(files=20))
    with pytest.raises(TooLarge, match="more than 20 files"):
        import_content(sqlite_sessions, tmp_path, limits)
    few = ImportOptions(zip_limits=UploadLimits(files=20_000, unpacked_bytes=1000))
    with pytest.raises(TooLarge, match="unpacks to"):
        import_content(sqlite_sessions, path, few)


@pytest.mark.parametrize("name", ["a.html", "a.docx", "a.md", "a.json"])
def test_links_in_a_folder_lead_nowhere(
    tmp_path: Path, sqlite_sessions: Sessions, name: str
) -> None:
    outside = tmp_path / name
    outside.write_text(GOOD)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / name).symlink_to(outside)
    (folder / "van.png").symlink_to("/etc/passwd")
    page = "<html lang=en><p>Text <img src=van.png> <img src=../x.png> <img src=/etc/passwd></html>"
    (folder / "good.html").write_text(page)
    report = import_content(sqlite_sessions, folder).articles
    assert report.created == ["good"]
    assert {r.file for r in report.rejected} == {name}
    assert "leads out of the folder" in report.rejected[0].reason
    assert any("van.png" in n.message for n in report.notices)
    with sqlite_sessions() as session:
        assert "/images/" not in load_article(session, "good").translations[0].body


@pytest.mark.parametrize(
    "data",
    [b"", b"\x89PNG\r\n\x1a\n", png()[:40], png() + b"<script>", b"<svg/>", b"GIF89a;", b"x"],
)
def test_pictures_that_are_none(tmp_path: Path, sqlite_sessions: Sessions, data: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(data)
    (tmp_path / "a.html").write_text("<html lang=en><p>Text <img src=bad.png alt=Van></html>")
    report = import_content(sqlite_sessions, tmp_path).articles
    assert (report.created, report.rejected) == (["a"], [])
    with sqlite_sessions() as session:
        body = load_article(session, "a").translations[0].body
    assert body.startswith("Text")
    assert "/images/" in body or any("bad.png" in n.message for n in report.notices)


def test_wrong_keys_of_articles_and_addresses(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    olds = {"a": ["/"], "b": "../../etc/passwd", "c": ["x" * 5000], "d": ["a\0b"]}
    row = {"title": "A", "text": "B", "lang": "en"}
    rows = [{"id": key, "redirects": old} | row for key, old in olds.items()]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows))
    report = import_content(sqlite_sessions, path).articles
    assert report.created == ["b", "c"]
    assert sorted(r.line for r in report.rejected) == [1, 4]
    with pytest.raises(InvalidInput, match="no field"):
        import_content(sqlite_sessions, path, ImportOptions(mapping={"redirect": "Old"}))
