"""Python-Markdown set up with article links, a clock and a bound on nesting.

Runs in the Markdown process only, in one thread (`kb.text.markdown_child`).
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import markdown
from markdown.treeprocessors import Treeprocessor

from kb.errors import InvalidInput, TextRefused
from kb.text.markdown_limits import check_shape
from kb.text.markdown_wire import TOO_LONG

SECONDS = 1.0  # of computing, not of waiting: a busy machine refuses nothing
MAX_DEPTH = 60  # elements inside each other
MAX_HTML = 2_000_000  # characters
_KEY = r"[A-Za-z0-9][\w.-]{0,119}"
_ARTICLE_LINK = re.compile(rf"article:(?P<key>{_KEY})(?P<fragment>#[\w-]+)?")
_ALIGN = re.compile(r"text-align: (left|right|center);")
_EXTENSIONS = (
    "tables",
    "sane_lists",
    "def_list",
    "pymdownx.highlight",
    "pymdownx.superfences",
    "pymdownx.betterem",
    "pymdownx.tilde",
    "pymdownx.tasklist",
)


def convert(markdown: str) -> tuple[str, list[str]]:
    """HTML, not yet cleaned, and the article keys linked to, in order.

    Raises TextRefused when it takes too long or grows too large, InvalidInput when nested too
    deep. Neither is certain to be in time: one pattern match cannot be interrupted.
    """
    text = markdown.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    check_shape(text)
    engine = _engine()
    try:
        html = engine.convert(text)
    except BaseException as error:
        # Stopped in the middle, Python-Markdown still believes to be inside a list or a quote.
        _engine.cache_clear()
        if isinstance(error, RecursionError):
            raise _too_deep() from None
        raise
    if len(html) > MAX_HTML:
        raise TextRefused("The text grows too large as a page. Split it, or use smaller tables.")
    return html, engine.links


class _Engine:
    """One converter; Python-Markdown's are not safe to share between threads."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self._deadline = 0.0
        self._md = markdown.Markdown(
            extensions=list(_EXTENSIONS),
            extension_configs={"pymdownx.highlight": {"use_pygments": False}},
        )
        # Raw HTML is text here: articles need none, and matching it is where time explodes.
        self._md.preprocessors.deregister("html_block")
        self._md.inlinePatterns.deregister("html")
        self._md.treeprocessors.register(_Finish(self._md, self), "finish", 5)
        for processor in self._md.parser.blockprocessors:
            _watch(processor, "test", self.check)
        for pattern in self._md.inlinePatterns:
            _watch(pattern, "handleMatch", self.check)

    def convert(self, text: str) -> str:
        self._md.reset()
        self.links = []
        self._deadline = time.thread_time() + SECONDS
        return self._md.convert(text)

    def check(self) -> None:
        """Raise TextRefused when the time is up."""
        if time.thread_time() > self._deadline:
            raise TextRefused(TOO_LONG)


def _too_deep() -> InvalidInput:
    return InvalidInput("The text is nested too deep. Use fewer levels.")


def _watch(thing: Any, name: str, check: Callable[[], None]) -> None:
    original = getattr(thing, name)

    def watched(*args: Any, **kwargs: Any) -> Any:
        check()
        return original(*args, **kwargs)

    setattr(thing, name, watched)


class _Finish(Treeprocessor):
    """Links to articles, alignment by class, and a look at how deep it all is."""

    def __init__(self, md: markdown.Markdown, engine: _Engine) -> None:
        super().__init__(md)
        self._engine = engine

    def run(self, root: Element) -> None:
        level = [root]
        for _ in range(MAX_DEPTH):
            self._engine.check()
            level = [child for element in level for child in element]
        if level:
            raise _too_deep()
        for element in root.iter():
            self._finish(element)

    def _finish(self, element: Element) -> None:
        aligned = _ALIGN.fullmatch(element.attrib.pop("style", ""))
        if aligned:
            element.set("class", f"align-{aligned[1]}")
        found = _ARTICLE_LINK.fullmatch(element.get("href", ""))
        if found:
            self._engine.links.append(found["key"])
            element.set("href", f"/a/{found['key']}{found['fragment'] or ''}")


@functools.cache
def _engine() -> _Engine:
    return _Engine()
