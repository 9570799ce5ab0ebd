"""Quotes: what one text took from another word by word, whatever the case and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kb.text.sentences import split_sentences

RUN = 6  # words in a row that are no chance, also inside a sentence
RUN_LENGTH = 30  # characters of them
SENTENCE = 20  # characters from which on the same sentence is no chance
LEAST = 8  # characters of a sentence that is looked for at all
_MASK = "[]"
_WORD = re.compile(r"\[[^\[\]\n]{1,40}\]|\w+")  # what stands for something hidden is a word
_PIECE = re.compile(r"[;→]|->|=>|^\s*(?:re|fwd?|odp|vá)\s*:", re.IGNORECASE)

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters [start, end) of a text that repeat these words."""

    start: int
    end: int
    words: Words


def sayings(text: str, language: str) -> set[Words]:
    """What would be a quote of this text: its sentences, their pieces, and runs of words.

    Among them are sentences so short that anybody may say them: see `is_telling`.
    """
    found: set[Words] = set()
    for span in split_sentences(text, language):
        sentence = text[span.start : span.end]
        for piece in {sentence, *_PIECE.split(sentence)}:
            words = tuple(word for word, _, _ in _words(piece))
            for form in {words, tuple(word for word in words if word != _MASK)}:
                found.update(_of(form))
    return found


def is_telling(words: Words) -> bool:
    """Whether the same words elsewhere are no chance."""
    return _length(words) >= SENTENCE


class Quotes:
    """Finds sayings in other texts."""

    def __init__(self, said: Collection[Words]) -> None:
        self._said = frozenset(said)
        self._lengths: dict[Words, set[int]] = {}  # by the first two words
        for words in self._said:
            self._lengths.setdefault(words[:2], set()).add(len(words))

    def __bool__(self) -> bool:
        return bool(self._said)

    def find(self, text: str) -> Iterator[Quote]:
        """Every quote in the text; they may overlap."""
        words = list(_words(text))
        plain = [word for word, _, _ in words]
        for at in range(len(plain)):
            for start in (tuple(plain[at : at + 2]), (plain[at],)):
                for length in self._lengths.get(start, ()):
                    run = tuple(plain[at : at + length])
                    if run in self._said:
                        yield Quote(words[at][1], words[at + len(run) - 1][2], run)


def _of(words: Words) -> Iterator[Words]:
    """The sentence, and from each of its words on, and up to each, the shortest run."""
    if _length(words) >= LEAST:
        yield words
    yield from _runs(words)
    yield from (run[::-1] for run in _runs(words[::-1]))


def _runs(words: Words) -> Iterator[Words]:
    end = 0
    for start in range(len(words)):
        end = max(end, start + RUN)
        while end <= len(words) and _length(words[start:end]) < RUN_LENGTH:
            end += 1
        if end > len(words):
            return
        yield words[start:end]


def _length(words: Words) -> int:
    """Characters, without what is hidden."""
    return sum(len(word) + 1 for word in words if word != _MASK) - 1


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _WORD.finditer(text):
        word = match[0]
        plain = _MASK if word[0] == "[" else unicodedata.normalize("NFKC", word).casefold()
        yield plain, match.start(), match.end()
