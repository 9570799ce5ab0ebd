"""Markdown of articles and cases: safe HTML, plain text, links between articles.

Whoever can write an article can write hostile Markdown, and Python-Markdown is quadratic or
worse on some of it. So it is never run here: a process of its own does it, which is killed when
it takes too long (`kb.text.markdown_worker`); what it made is kept, so that a page that is read
again costs nothing. Why: docs/decisions/0010-markdown-in-a-process.md.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from kb.errors import InvalidInput, KbError, TextRefused
from kb.text.markdown_wire import Answer, Kind, Refusal
from kb.text.markdown_worker import Renderers

MAX_BYTES = 200_000
_KEPT_BYTES = 24_000_000


def render_html(markdown: str, *, drafts: bool = False) -> str:
    """Safe HTML of `markdown`.

    Raw HTML shows as text. Only allow-listed tags and attributes; images only from this site
    (of `drafts`, only such whose address holds no query: opening somebody's draft must not
    make the site do anything); links carry `rel="nofollow noopener"`; `article:<key>` becomes
    `/a/<key>`.
    Raises TextRefused above `MAX_BYTES` or when it would take too long, InvalidInput when
    nested too deep, Busy when too many texts wait or the process cannot be started.
    """
    return _kept(Kind.draft if drafts else Kind.page, markdown).text


def plain_text(markdown: str) -> str:
    """The words of `markdown` as read: no marks, a line per block, cells joined by " | ".

    Raises as `render_html`.
    """
    # Not kept: the indexer asks once for each passage, pages never do.
    return _taken(_renderers.ask(Kind.words, _encoded(markdown))).text


def internal_links(markdown: str) -> list[str]:
    """Keys of the articles that `markdown` links to, each once, in order; not those in code.

    Raises as `render_html`.
    """
    return list(_kept(Kind.page, markdown).links)


def close() -> None:
    """End the processes and forget what is kept; the next text starts anew."""
    _shelf.clear()
    _renderers.close()


class _Shelf:
    """The answers used last, at most `size` bytes of them. Threads may share it."""

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._room = self._size = size

    def get(self, key: bytes) -> Answer | None:
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._answers.move_to_end(key)
            return answer

    def put(self, key: bytes, answer: Answer) -> None:
        with self._lock:
            if key in self._answers or answer.size > self._size // 4:
                return
            self._answers[key] = answer
            self._room -= answer.size
            while self._room < 0:
                _, oldest = self._answers.popitem(last=False)
                self._room += oldest.size

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()
            self._room = self._size


def _kept(kind: Kind, markdown: str) -> Answer:
    data = _encoded(markdown)
    key = hashlib.sha256(kind.value.encode() + data).digest()
    answer = _shelf.get(key)
    if answer is None:
        # Many may wait for the page that everybody reads: the first of them makes it.
        answer = _renderers.ask(kind, data, known=lambda: _shelf.get(key))
        if not (answer.refusal and answer.refusal.passing):
            _shelf.put(key, answer)
    return _taken(answer)


def _taken(answer: Answer) -> Answer:
    if answer.refusal is not None:
        raise _error(answer.refusal)
    return answer


def _error(refusal: Refusal) -> KbError:
    kind = InvalidInput if refusal.nested else TextRefused
    return kind(refusal.message) if refusal.limit is None else kind(
        refusal.message, limit=refusal.limit
    )  # fmt: skip


def _encoded(markdown: str) -> bytes:
    data = markdown.encode("utf-8", "replace")  # lone surrogates
    if len(data) > MAX_BYTES:
        raise TextRefused(
            f"The text has {len(data)} bytes, {MAX_BYTES} are allowed. "
            "Split it into several articles.",
            limit=MAX_BYTES,
        )
    return data


_shelf = _Shelf(_KEPT_BYTES)
_renderers = Renderers()
