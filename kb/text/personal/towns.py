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
            tokens.is_word(place + n) and _bends(tokens.texts[place + n], part)
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
            tokens.is_word(place + n) and tokens.texts[place + n][: len(part) - 1] == part[:-1]
            for n, part in enumerate(town)
        )
        for town in words.towns.get(tokens.texts[place][:2], ())
    )


def _bends(word: str, beginning: str) -> bool:
    return word.startswith(beginning) and len(word) <= len(beginning) + 3
