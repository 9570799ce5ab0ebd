"""Markdown to HTML, text and links; hostile input is refused or done at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from kb.errors import InvalidInput, TooLarge
from kb.text.markdown import MAX_BYTES, internal_links, plain_text, render_html

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
    assert '<td style="text-align: right;">3 dni</td>' in html
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
    "long table": "|a|b|\n|-|-|\n" + "|a|b|\n" * 6_000,
    "fences": "```\n" * 40_000,
    "headings": "a\n=\n" * 40_000,
    "paragraphs": "a\n\n" * 60_000,
    "entities": "&" * 190_000,
    "escapes": "\\" * 190_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_done_or_refused_at_once(name: str) -> None:
    render_html("warm")
    start = time.thread_time()
    with suppress(TooLarge, InvalidInput):
        render_html(HOSTILE[name])
    # twice the second that a quiet machine takes at most
    assert time.thread_time() - start < 2.0


def test_too_much_is_refused() -> None:
    with pytest.raises(TooLarge, match="Split"):
        render_html("slovo\n\n" * (MAX_BYTES // 7 + 1))
    with pytest.raises(InvalidInput, match="nested"):
        render_html("> " * 40 + "x")


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
