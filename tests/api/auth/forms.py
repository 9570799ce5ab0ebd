"""Forms as a browser without JavaScript sends them."""

from __future__ import annotations

import re

HTML = {"accept": "text/html", "accept-language": "en"}


def csrf_in(page: str) -> str:
    """The token in a page's form."""
    found = re.search(r'name="csrf" value="([\w-]{43})"', page)
    assert found, page
    return found[1]
