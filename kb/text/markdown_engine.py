"""Python-Markdown set up once per thread, with article links and a clock.

Imported on first use only: it pulls in Python-Markdown and its extensions.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

import markdown
from markdown.treeprocessors import Treeprocessor

from kb.errors import InvalidInput, TooLarge
from kb.text.markdown import ARTICLE_LINK

_SECONDS = 0.6  # of this thread's own computing, so that a busy machine refuses nothing
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
_local = threading.local()


def convert(text: str) -> tuple[str, list[str]]:
    """HTML, not yet cleaned, and the article keys linked to.

    Raises TooLarge when it takes too long, InvalidInput when nested too deep.
    """
    engine = _engine()
    try:
        return engine.convert(text), engine.links
    except RecursionError:
        raise InvalidInput("The text is nested too deep. Use fewer levels.") from None
    finally:
        engine.reset()


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
        self._md.treeprocessors.register(_ArticleLinks(self._md, self), "article-links", 5)
        for processor in self._md.parser.blockprocessors:
            _watch(processor, "test", self.check)
        for pattern in self._md.inlinePatterns:
            _watch(pattern, "handleMatch", self.check)

    def convert(self, text: str) -> str:
        self.links = []
        self._deadline = time.thread_time() + _SECONDS
        return self._md.convert(text)

    def reset(self) -> None:
        self._md.reset()

    def check(self) -> None:
        """Raise TooLarge when the time is up."""
        if time.thread_time() > self._deadline:
            raise TooLarge(
                "The text takes too long to convert. Split it, or take out repeated marks "
                "such as brackets, stars or backticks."
            )


def _watch(thing: Any, name: str, check: Callable[[], None]) -> None:
    original = getattr(thing, name)

    def watched(*args: Any, **kwargs: Any) -> Any:
        check()
        return original(*args, **kwargs)

    setattr(thing, name, watched)


class _ArticleLinks(Treeprocessor):
    """Rewrites `article:<key>` targets and remembers the keys."""

    def __init__(self, md: markdown.Markdown, engine: _Engine) -> None:
        super().__init__(md)
        self._engine = engine

    def run(self, root: Element) -> None:
        for link in root.iter("a"):
            found = re.fullmatch(ARTICLE_LINK, link.get("href", ""))
            if found:
                self._engine.links.append(found["key"])
                link.set("href", f"/a/{found['key']}{found['fragment'] or ''}")


def _engine() -> _Engine:
    engine: _Engine | None = getattr(_local, "engine", None)
    if engine is None:
        engine = _local.engine = _Engine()
    return engine
