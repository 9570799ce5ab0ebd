"""Markdown to HTML, text and links; hostile input is refused or done at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from kb.errors import InvalidInput, TextRefused, TooLarge
from kb.text.markdown import MAX_BYTES, close, internal_links, plain_text, render_html

ARTICLE = """# Izgubljen paket

Preverite **sledenje** in [kako oddati reklamacijo](article:lost-parcel-claim#rok).

- [x] številka pošiljke
- naslov

| država | rok |
|:-------|----:|
| SI | 3 dni |

```text
[ni povezava](article:nope)
  zamik
```
"""


def test_article_becomes_html() -> None:
    html = render_html(ARTICLE)
    assert "<h1>Izgubljen paket</h1>" in html
    assert '<a href="/a/lost-parcel-claim#rok" rel="nofollow noopener">' in html
    assert '<input type="checkbox" disabled="" checked="">' in html
    assert '<td class="align-right">3 dni</td>' in html
    assert '<code class="language-text">[ni povezava](article:nope)' in html


def test_plain_text_reads_like_the_article() -> None:
    assert plain_text(ARTICLE).split("\n") == [
        "Izgubljen paket",
        "Preverite sledenje in kako oddati reklamacijo.",
        "številka pošiljke",
        "naslov",
        "država | rok",
        "SI | 3 dni",
        "[ni povezava](article:nope)",
        "  zamik",
    ]


def test_plain_text_keeps_signs_and_spaces() -> None:
    assert plain_text("**a**\n**b** 3 < 5 & 7 > 6") == "a b 3 < 5 & 7 > 6"
    assert plain_text("") == ""


def test_links_between_articles_come_once_in_order() -> None:
    text = "[b](article:b) [a](article:a#x) [b](article:b) `[c](article:c)` [d](https://d.example)"
    assert internal_links(text) == ["b", "a"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&colon;alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://tracker.example/p.png)",
        "![x](//tracker.example/p.png)",
        "![x](/\\tracker.example/p.png)",
        "<iframe src=//evil.example></iframe>",
        "<style>@import '//evil.example'</style>",
        '<p style="background:url(//evil.example)">x</p>',
        "[x](vbscript:x 'onmouseover=alert(1)')",
        '```"><script>\nx\n```',
    ],
)
def test_nothing_active_or_remote_gets_through(text: str) -> None:
    html = render_html(text).replace("&lt;", "(").lower()
    for bad in ("<script", "<iframe", "<style", "<img src", 'src="http', 'src="//', "javascript:a"):
        assert f'="{bad}' not in html
        assert not (bad.startswith("<") and bad in html)
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert "tracker.example" not in html


def test_images_of_our_own_stay() -> None:
    assert 'src="/files/box.png"' in render_html("![box](/files/box.png)")
    assert 'src="/files/box.png?v=2"' in render_html("![box](/files/box.png?v=2)")
    assert 'src="/files/box.png"' in render_html("![box](/files/box.png)", drafts=True)


@pytest.mark.parametrize(
    "address",
    [
        "https://tracker.example/p.png",
        "//tracker.example/p.png",
        "/\\tracker.example/p.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "/suggest?q=all",
        "/files/p.png#x",
        "p.png",
    ],
)
def test_a_draft_shows_no_image_that_makes_a_browser_ask_for_more(address: str) -> None:
    render_html(f"![x]({address})")  # what is kept of the published page is another thing
    assert render_html(f"![x]({address})", drafts=True) == '<p><img alt="x"></p>'


def test_no_style_and_no_unknown_class_gets_through() -> None:
    html = render_html("|a|b|\n|:-:|--|\n|c|d|\n\n- [ ] e\n\n```text\nf\n```")
    assert "style=" not in html
    assert '<th class="align-center">a</th><th>b</th>' in html.replace("\n", "")
    assert 'class="language-text"' in html
    assert 'class="task-list-item"' in html


def _cells(columns: int, rows: int) -> str:
    """A table whose short rows are filled up to the width of the first."""
    return "|a" * columns + "|\n" + "|-" * columns + "|\n" + "|\n" * rows


HOSTILE = {
    "open brackets": "[" * 50_000,
    "open brackets in short lines": ("[" * 190 + "\n") * 1_000,
    "open brackets in paragraphs": ("[" * 90 + "\n\n") * 2_000,
    "images": "![" * 40_000,
    "links": "[a](" * 40_000,
    "links in lines": ("[a](" * 40 + "\n") * 1_000,
    "references": "[a][" * 40_000,
    "stars": "*" * 19_000,
    "star words": "*a " * 6_000,
    "mixed emphasis": "***a**b*c " * 1_900,
    "underscores": "_a*" * 6_300,
    "backticks": " ".join("`" * n for n in range(1, 190)),
    "backtick pairs": "`a " * 6_300,
    "less than": "<" * 50_000,
    "tags": "<a " * 6_300,
    "comments": "<!--" * 4_900,
    "quotes": ">" * 50_000,
    "growing quotes": "\n".join(">" * n for n in range(400)),
    "nested list": "\n".join("  " * n + "- x" for n in range(400)),
    "flat list": "- x\n" * 10_000,
    "table": "|" * 19_000,
    "table of millions of cells": _cells(2_000, 15_000),
    "nested emphasis": "*a **b " * 2_800,
    "nested emphasis that closes": "**_" * 400 + "a" + "_**" * 400,
    "quotes in quotes": "\n\n".join(">" * (n % 21) + " x" for n in range(3_000)),
    "lists in lists": "\n\n".join("    " * (n % 19) + "- x" for n in range(3_000)),
    "definitions": ("[a]: " * 3_900 + "\n\n") * 8,
    "unclosed definitions": "\n\n".join(f'[{n}]: /u "' + "x " * 900 for n in range(100)),
    "many definitions": "\n\n".join(f"[{n}]: /u{n}" for n in range(4_000)) + "\n\n[0]" * 900,
    "long table": "|a|b|\n|-|-|\n" + "|a|b|\n" * 6_000,
    "fences": "```\n" * 40_000,
    "headings": "a\n=\n" * 40_000,
    "paragraphs": "a\n\n" * 60_000,
    "entities": "&" * 190_000,
    "escapes": "\\" * 190_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_converted_or_refused_and_the_next_text_is_converted(name: str) -> None:
    with suppress(TextRefused, InvalidInput):
        html = render_html(HOSTILE[name])
        assert len(html) < 4_000_000
    for number in range(3):  # whichever process it was
        after = f"*after* {name} {number}"
        assert render_html(after) == f"<p><em>after</em> {name} {number}</p>"


def test_a_refusal_says_what_to_do_and_is_no_fault_of_the_server() -> None:
    for text in ("[" * 50_000, _cells(2_000, 15_000)):
        with pytest.raises(TextRefused, match=r"Split|Break it up") as refused:
            render_html(text)
        assert refused.value.status == 422


def test_the_converter_is_never_loaded_into_this_process() -> None:
    code = (
        "import sys; from kb.text.markdown import *; render_html('*a*'); plain_text('*a*');"
        "internal_links('[a](article:b)'); print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not ran.stderr
    loaded = set(ran.stdout.split())
    assert "kb.text.markdown" in loaded
    assert not loaded & {"markdown", "pymdownx", "nh3", "kb.text.markdown_engine"}


def test_too_much_is_refused() -> None:
    with pytest.raises(TooLarge, match="Split") as refused:
        render_html("slovo\n\n" * (MAX_BYTES // 7 + 1))
    assert refused.value.status == 422
    with pytest.raises(InvalidInput, match="nested"):
        render_html("> " * 40 + "x")
    with pytest.raises(InvalidInput, match="nested"):
        render_html("a\n: b\n" * 1_000)


def test_pages_are_made_again_after_closing() -> None:
    before = render_html("*kept*")
    close()
    assert render_html("*kept*") == before


def test_a_long_honest_article_is_converted() -> None:
    paragraph = "Zásilku **nelze** doručit, viz [postup](article:wrong-postcode), `LP48`.\n" * 4
    html = render_html((paragraph + "\n") * 100)
    assert html.count("/a/wrong-postcode") == 400


def test_ordinary_rulers_and_deep_lists_are_fine() -> None:
    assert "<hr" in render_html("a\n\n" + "-" * 80 + "\n\n" + "* * *" * 10 + "\n")
    text = "\n".join("    " * level + "- x" for level in range(8))
    assert render_html(text).count("<ul>") == 8


def test_odd_characters_do_no_harm() -> None:
    assert render_html("a\x00b\ud800c\r\nd\re") == "<p>abc?\nd\ne</p>".replace("bc?", "b?c")
    assert "مرحبا" in render_html("مرحبا 🙂")


def test_threads_do_not_share_a_converter() -> None:
    texts = [f"[x](article:a-{n})" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(internal_links, texts))
    assert found == [[f"a-{n}"] for n in range(200)]
