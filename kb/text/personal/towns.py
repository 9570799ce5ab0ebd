"""Towns that a language's file lists."""

from __future__ import annotations

from kb.text.personal.rules import AddressWords
from kb.text.personal.tokens import Tokens


def town_words(tokens: Tokens, place: int, words: AddressWords) -> int:
    """How many words of a listed town stand here; its last letter may be another."""
    if not tokens.is_word(place):
        return 0
    best = 0
    for town in words.towns.get(tokens.texts[place][:2], ()):
        if len(town) > best and all(
            tokens.is_word(place + n) and _bends(tokens.texts[place + n], part, len(part) > 4)
            for n, part in enumerate(town)
        ):
            best = len(town)
    return best


def is_like_town(tokens: Tokens, place: int, words: AddressWords) -> bool:
    """Whether a listed town stands here, in whatever form."""
    if not tokens.is_word(place):
        return False
    return any(
        all(
            tokens.is_word(place + n)
            and _bends(tokens.texts[place + n].partition("-")[0], part, (len(part) - 2) // 2)
            for n, part in enumerate(town)
        )
        for town in words.towns.get(tokens.texts[place][:2], ())
    )


def _bends(word: str, name: str, lost: int) -> bool:
    """Whether a word is a name with up to two of its last letters, at most `lost`, replaced."""
    kept = len(name) - min(2, lost)
    return word[:kept] == name[:kept] and len(word) <= len(name) + 2
