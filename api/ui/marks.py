"""Passages as HTML, with the words that were searched marked."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from api.schemas.hits import HighlightOut
from kb.errors import KbError
from kb.text.markdown import render_html

# Characters nobody types: they pass through Markdown and become tags afterwards.
_OPEN, _CLOSE = "\ue000", "\ue001"
_TARGET = re.compile(r"\]\([^)]*\)|<[^>]*>|`[^`]*`|https?://\S+")
_ARTICLE = re.compile(r'href="/a/([\w.-]+)(#[\w-]+)?"')


def marked_markdown(text: str, highlights: Sequence[HighlightOut]) -> Markup:
    """Safe HTML of a passage in Markdown with its highlights as <mark>."""
    try:
        html = render_html(_with_marks(text, highlights))
    except KbError:  # a piece cut out of its context may not stand by itself
        return marked_text(text, highlights)
    return _as_tags(html)


def marked_text(text: str, highlights: Sequence[HighlightOut]) -> Markup:
    """Safe HTML of plain text, line breaks kept, with its highlights as <mark>."""
    lines = str(escape(_with_marks(text, highlights))).replace("\n", "<br>")
    return _as_tags(f"<p>{lines}</p>")


def article_html(body: str, language: str) -> Markup:
    """Safe HTML of an article; links to other articles stay in `language`."""
    html = _ARTICLE.sub(rf'href="/a/\1?lang={language}\2"', render_html(body))
    return Markup(html)  # render_html has cleaned it


def draft_html(body: str, language: str) -> Markup:
    """As `article_html`, but for images whose address has a query: looking at somebody's draft
    must not make the site do anything. Raises what saving the text would."""
    html = _ARTICLE.sub(rf'href="/a/\1?lang={language}\2"', render_html(body, drafts=True))
    return Markup(html)  # render_html has cleaned it


def _with_marks(text: str, highlights: Sequence[HighlightOut]) -> str:
    text = text.replace(_OPEN, " ").replace(_CLOSE, " ")
    closed = [match.span() for match in _TARGET.finditer(text)]
    parts, last = [], 0
    for span in sorted(highlights, key=lambda span: span.start):
        word = text[span.start : span.end]
        # A bare number may be the mark of a list; inside a link's target a mark would break it.
        inside = any(start < span.end and span.start < end for start, end in closed)
        if span.start < last or inside or not any(char.isalpha() for char in word):
            continue
        parts += [text[last : span.start], _OPEN, word, _CLOSE]
        last = span.end
    return "".join([*parts, text[last:]])


def _as_tags(html: str) -> Markup:
    tagged = html.replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>")
    return Markup(tagged)  # cleaned or escaped before
