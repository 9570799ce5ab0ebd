"""Keys made of titles."""

from __future__ import annotations

import re

from kb.text.fold import fold

LENGTH = 60
_OTHER = re.compile(r"[^a-z0-9]+")


def slug(title: str) -> str:
    """Small ASCII letters, digits and hyphens, cut at a word; "article" when nothing is left."""
    found = _OTHER.sub("-", fold(title)).strip("-")
    if len(found) > LENGTH:
        found = found[:LENGTH].rsplit("-", 1)[0]
    return found or "article"
