"""Folding: one written form for all the ways people type a word."""

from __future__ import annotations

import re
import unicodedata

# Letters that Unicode does not decompose into a base letter and a mark.
_UNDECOMPOSED = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "ħ": "h",
        "ŧ": "t",
        "ı": "i",
        "ĸ": "k",
        "ŋ": "n",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ƶ": "z",
    }
)
# Marks of Latin, Greek and Cyrillic; marks of other scripts carry meaning and stay.
_MARKS = re.compile("[\u0300-\u036f\u00ad\u200b-\u200d\u2060\ufeff]+")


def _bare_latin() -> dict[int, str]:
    """Every Latin letter with a mark, by itself: far faster than decomposing whole texts."""
    letters = (chr(code) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)))
    table = {ord(c): _MARKS.sub("", unicodedata.normalize("NFKD", c)) for c in letters}
    return {code: bare for code, bare in table.items() if bare.isascii()} | _UNDECOMPOSED


_BARE_LATIN = _bare_latin()


def fold(text: str) -> str:
    """`text` casefolded, without diacritics and invisible characters, NFKC otherwise.

    Letters that do not decompose (ł, đ, ø, ß, æ) get their usual replacement, so that
    "Łódź" and "lodz" are one. The length may change.
    """
    if text.isascii():
        return text.lower()
    quick = text.casefold().translate(_BARE_LATIN)
    if quick.isascii():
        return quick
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = _MARKS.sub("", decomposed).translate(_UNDECOMPOSED)
    return unicodedata.normalize("NFKC", bare)
