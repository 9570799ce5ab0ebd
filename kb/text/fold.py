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


def fold(text: str) -> str:
    """`text` casefolded, without diacritics and invisible characters, NFKC otherwise.

    Letters that do not decompose (ł, đ, ø, ß, æ) get their usual replacement, so that
    "Łódź" and "lodz" are one. The length may change.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = _MARKS.sub("", decomposed).translate(_UNDECOMPOSED)
    return unicodedata.normalize("NFKC", bare)
