"""Web pages and Word documents as articles."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from indexer.load import ImportOptions, import_content
from indexer.load.html_markdown import convert_page
from indexer.load.html_tree import Urls
from kb.domain import ArticleState, Attachment, Audience
from kb.queries.articles import load_article
from kb.queries.redirects import list_redirects
from kb.text.markdown import plain_text, render_html
from tests.indexer.load import word

Sessions = sessionmaker[Session]


def png(side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(out, format="PNG")
    return out.getvalue()


def _write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        ("<p>a <b>b</b><strong>c</strong> <i>d</i></p>", "a **bc** *d*"),
        ("<h1>A</h1><h2>B</h2>", "## A\n\n### B"),
        ("<ul><li>a<ol start=3><li>b</ol><li><p>c</p><p>d</p></ul>",
         "-   a\n    3.  b\n-   c\n\n    d"),
        ("<table><tr><th>A<th>B<tr><td>a|b<td>c<br>d</table>",
         "| A | B |\n| --- | --- |\n| a\\|b | c d |"),
        ("<table><tr><td>Only a box</table>", "Only a box"),
        ("<pre><code class='language-js'>a\n```\nb</code></pre>", "````js\na\n```\nb\n````"),
        ("<p>a</p><blockquote><p>b</p><p>c</p></blockquote>", "a\n\n> b\n>\n> c"),
        ("<p>x<sup>2</sup> H<sub>2</sub>O <del>no</del></p>", "x² H₂O ~~no~~"),
        ("<p><a href='https://a.example/x(y)' title='T'>w</a></p>",
         '[w](<https://a.example/x(y)> "T")'),
        ("<dl><dt>t<dd>d</dl>", "t\n:   d"),
        ("<p># a</p><p>1. b</p><p>- c</p><p>*d* _e_ [f](g) &lt;b&gt; &amp;lt;</p>",
         "\\# a\n\n1\\. b\n\n\\- c\n\n\\*d\\* \\_e\\_ \\[f\\](g) &lt;b> &amp;lt;"),
        ("<details><summary>More</summary><p>a</p></details>", "More\n\na"),
        ("<p>a<!-- b --></p>", "a"),
    ],
)  # fmt: skip
def test_what_html_becomes(page: str, markdown: str) -> None:
    made = convert_page(page, Urls())
    assert (made.markdown, made.lost) == (markdown, ())


@settings(max_examples=60, deadline=None)
@given(
    st.text(st.sampled_from("ab1 .!?()[]{}<>*_~`#+-=:|&\\\"'^\né"), min_size=1, max_size=30),
    st.sampled_from(["p", "div", "li", "td", "h2", "blockquote", "strong"]),
)
def test_any_text_reads_the_same_afterwards(text: str, tag: str) -> None:
    before = {"li": "<ul>", "td": "<table><tr><th>h<th>k<tr>"}.get(tag, "<p>")
    made = convert_page(f"{before}<{tag}>{html.escape(text)}</{tag}>", Urls()).markdown
    read = " ".join(plain_text(made).split()).removeprefix("h | k" if tag == "td" else "")
    assert read.strip(" |") == " ".join(text.split()).strip(" |")


@pytest.mark.parametrize(
    ("page", "lost"),
    [
        ("<p>a</p><script>x()</script>", "a script was left out"),
        ("<p>a</p><iframe src='https://v.example/1'></iframe>", "something embedded (iframe)"),
        ("<p>a <a href='javascript:alert(1)'>b</a></p>", "leads nowhere here"),
        ("<p>a <a href='#b'>b</a></p>", "places within the text"),
        ("<p>a <img src='b.png' alt='c'></p>", "a picture is not there: b.png"),
        ("<p>a <img src='data:text/html;base64,eA==' alt='c'></p>", "of a kind that is not taken"),
        ("<table><tr><td rowspan=2>a<td>b<tr><td>c</table>", "merged cells"),
        ("<table><tr><td>a<td><ul><li>b<li>c</ul></table>", "lists or blocks in cells"),
        ("<table><tr><td>a<td><table><tr><td>b<td>c</table></table>", "a table in a table"),
        ("<p>a <u>b</u></p>", "underlining became plain text"),
        ("<form><p>a</p><input value=b></form>", "a form field was left out"),
        ("<p>a</p><svg><text>b</text></svg>", "a drawing (SVG)"),
    ],
)
def test_what_cannot_be_said_is_told(page: str, lost: str) -> None:
    made = convert_page(page, Urls())
    assert made.markdown.startswith(("a", "| "))
    assert any(lost in told for told in made.lost), made.lost
    assert "javascript" not in render_html(made.markdown)


PAGE = """<!doctype html><html lang="en-GB"><head><title>Lost key - Help</title>
<meta name="description" content="Ask for a new one."><meta name="keywords" content="no key, key">
<link rel="canonical" href="https://old.example/faq/LostKey.html"></head>
<body><nav>Home</nav><h1>I lost my key</h1><p>See <a href="../faq/locker.html#x">lockers</a>,
<a href="https://post.example">post</a>, <a href="gone.html">gone</a>.</p>
<p><img src="../img/key.png" alt="A key"> <img src="{data}" alt="In the text"></p></body></html>"""


def test_a_folder_of_pages(tmp_path: Path, sessions: Sessions) -> None:
    data = f"data:image/png;base64,{base64.b64encode(png(9)).decode()}"
    _write(tmp_path, "en/lost-key.html", PAGE.replace("{data}", data))
    _write(tmp_path, "sl/lost-key.html", "<h1>Izgubil sem ključ</h1><p>Vprašajte.</p>")
    _write(tmp_path, "faq/locker.html", "<html lang=en><title>Lockers</title><p>Boxes.</p></html>")
    _write(tmp_path, "img/key.png", png())
    options = ImportOptions(state=ArticleState.published, audience=Audience.public, language="en")
    report = import_content(sessions, tmp_path, options).articles
    assert (sorted(report.created), report.rejected) == (["locker", "lost-key"], [])
    assert sorted({n.message for n in report.notices}) == [
        "a link leads to the old page, which is not here: gone.html",
        "the page's nav was left out",
    ]
    with sessions() as session:
        view = load_article(session, "lost-key")
        redirects = {row.old_id: row.article_id for row in list_redirects(session).items}
        images = {row.key: row.data for row in session.scalars(select(Attachment))}
    assert (view.original_language, view.state, view.audience) == ("en", "published", "public")
    text, translated = view.translations
    assert (text.title, text.summary) == ("I lost my key", "Ask for a new one.")
    assert text.keywords == ("no key", "key")
    assert "[lockers](article:locker)" in text.body
    assert "[post](https://post.example)" in text.body
    assert sorted(images.values()) == sorted([png(), png(9)])
    assert all(f"/images/{key}" in text.body for key in images)
    assert (translated.language, translated.title) == ("sl", "Izgubil sem ključ")
    assert redirects == {"lostkey": "lost-key"}
    again = import_content(sessions, tmp_path, options).articles
    assert sorted(again.unchanged) == ["locker", "lost-key"]


def test_pages_in_other_encodings(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    told = "<html lang=sl><meta charset=windows-1250><title>Ključ</title><p>čšž</p>"
    _write(tmp_path, "a.html", told.encode("cp1250"))
    _write(tmp_path, "b.html", "<html lang=sl><title>Ključ</title><p>čšž</p>".encode("cp1250"))
    _write(tmp_path, "c.html", "<title>Ključ</title><p>čšž</p>".encode("utf-16"))
    _write(tmp_path, "d.html", told.replace("1250", "99999").encode("cp1250"))
    _write(tmp_path, "e.html", b"<meta charset=utf-7>+ADw-script+AD4-<p>a</p>")
    report = import_content(sqlite_sessions, tmp_path, ImportOptions(language="sl")).articles
    assert report.created == ["a", "c", "e"]
    assert [r.file for r in report.rejected] == ["b.html", "d.html"]
    assert all("save it in the encoding UTF-8" in r.reason for r in report.rejected)
    with sqlite_sessions() as session:
        assert load_article(session, "a").translations[0].body == "čšž"
        assert "script>" not in load_article(session, "e").translations[0].body


def test_a_document_with_all_that_it_can_have(tmp_path: Path, sqlite_sessions: Sessions) -> None:
    link = word.relations(
        f'<Relationship Id="i" Type="{word.RELATIONS}/image" Target="media/image1.png"/>',
        f'<Relationship Id="h" Type="{word.RELATIONS}/hyperlink"'
        ' Target="https://post.example/" TargetMode="External"/>',
        f'<Relationship Id="s" Type="{word.RELATIONS}/styles" Target="styles.xml"/>',
    )
    body = "".join(
        [
            word.paragraph("Lost key", "Heading1"),
            word.paragraph("Ask at the desk."),
            word.paragraph("Steps", "Heading2"),
            word.table(("When", "Where"), ("Monday", "Desk")),
            '<w:p><w:hyperlink r:id="h"><w:r><w:t>Post</w:t></w:r></w:hyperlink></w:p>',
            word.picture("i"),
            "<w:p><w:del w:id='1'><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>",
            "<w:p><w:r><w:commentReference w:id='0'/></w:r></w:p>",
        ]
    )
    parts = {
        "word/_rels/document.xml.rels": link,
        "word/media/image1.png": png(),
        "word/header1.xml": f"<w:hdr {word.NAMESPACES}>{word.paragraph('Company')}</w:hdr>",
    }
    path = _write(tmp_path, "Lost key.docx", word.document(body, parts))
    report = import_content(sqlite_sessions, path, ImportOptions(language="en")).articles
    assert (report.created, report.rejected) == (["lost-key"], [])
    told = {notice.message for notice in report.notices}
    assert {"a change that somebody deleted was left out", "a comment was left out",
            "headers and footers of the document were left out"} <= told  # fmt: skip
    with sqlite_sessions() as session:
        (text,) = load_article(session, "lost-key").translations
        image = session.scalars(select(Attachment)).one()
    assert text.title == "Lost key"
    assert text.body == (
        "Ask at the desk.\n\n## Steps\n\n|  |  |\n| --- | --- |\n| When | Where |\n"
        f"| Monday | Desk |\n\n[Post](https://post.example/)\n\n![A van](/images/{image.key})"
    )
    assert image.data == png()
    again = import_content(sqlite_sessions, path, ImportOptions(language="en")).articles
    assert again.unchanged == ["lost-key"]


def test_a_folder_of_markdown_brings_pictures_and_links(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    body = (
        'See [lockers](../guides/locker.md), [gone](gone.md) and ![a van](img/van.png "Van").\n\n'
        "`[code](../guides/locker.md)`\n\n```\n![x](img/van.png)\n```\n\n"
        "![gone](img/none.png) ![far](https://far.example/a.png) [web](https://post.example)\n\n"
        "![out](../../outside.png)\n\n[ref]: img/van.png"
    )
    head = "---\narticle: {key}\nlanguage: en\ntitle: A\noriginal: true\n---\n\n"
    _write(tmp_path, "in/en/van.md", head.replace("{key}", "van") + body + "\n")
    _write(tmp_path, "in/guides/locker.md", head.replace("{key}", "lockers") + "Text.\n")
    _write(tmp_path, "in/en/img/van.png", png())
    _write(tmp_path, "outside.png", png(3))
    report = import_content(sqlite_sessions, tmp_path / "in").articles
    assert (sorted(report.created), report.rejected) == (["lockers", "van"], [])
    assert sorted(n.message for n in report.notices) == [
        "a link leads to no article: gone.md",
        "a picture is not there: ../../outside.png",
        "a picture is not there: img/none.png",
        "a picture of another site is not shown: https://far.example/a.png",
    ]
    with sqlite_sessions() as session:
        text = load_article(session, "van").translations[0].body
        image = session.scalars(select(Attachment)).one()
    address = f"/images/{image.key}"
    wanted = body.replace("[lockers](../guides/locker.md)", "[lockers](article:lockers)")
    wanted = wanted.replace('(img/van.png "Van")', f'({address} "Van")')
    assert text == wanted.replace("[ref]: img/van.png", f"[ref]: {address}")


def test_a_table_with_html_pictures_and_old_addresses(
    tmp_path: Path, sqlite_sessions: Sessions
) -> None:
    rows = (
        "Nr;Question;Answer;Old\n"
        "a1;Where?;<p>Here: <img src=img/van.png alt=Van></p><ul><li>one</li></ul>;"
        "https://old.example/faq/17-Where.html|old-where\n"
    )
    path = _write(tmp_path, "faq.csv", rows)
    _write(tmp_path, "img/van.png", png())
    mapping = {"id": "Nr", "title": "Question", "body": "Answer", "redirects": "Old"}
    plain = ImportOptions(mapping=mapping, language="en", dry_run=True)
    assert (
        "--body html" in import_content(sqlite_sessions, path, plain).articles.notices[-1].message
    )
    options = ImportOptions(mapping=mapping, language="en", body_html=True)
    report = import_content(sqlite_sessions, path, options).articles
    assert (report.created, report.notices, report.rejected) == (["a1"], [], [])
    with sqlite_sessions() as session:
        body = load_article(session, "a1").translations[0].body
        redirects = {row.old_id: row.article_id for row in list_redirects(session).items}
        image = session.scalars(select(Attachment)).one()
    assert body == f"Here: ![Van](/images/{image.key})\n\n-   one"
    assert redirects == {"17-where": "a1", "old-where": "a1"}
    assert import_content(sqlite_sessions, path, options).articles.unchanged == ["a1"]
