"""The script that any page may include to show the sidebar, with its words in every language."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from api.ui import i18n, render

STATIC = render.FOLDER / "static"
SOURCE = render.FOLDER / "templates" / "embed.js"
_PLACE = '"__TEXTS__"'


@dataclass(frozen=True, slots=True)
class EmbedScript:
    text: str
    tag: str  # an entity tag


@lru_cache(maxsize=1)
def embed_script() -> EmbedScript:
    """Read and filled in once."""
    words = {language: _words(language) for language in i18n.NAMES}
    source = SOURCE.read_text(encoding="utf-8")
    text = source.replace(_PLACE, json.dumps(words, ensure_ascii=False), 1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return EmbedScript(text, f'"{digest[:20]}"')


def _words(language: str) -> dict[str, str]:
    found = render.environment(language).get_template("embed_words.html").render()
    words: dict[str, str] = json.loads(found)
    return words
