"""The words, numbers and marks of a text, for rules that look at what stands beside what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import ne

from kb.text.personal.plain import Plain

_TOKEN = re.compile(r"[^\W\d_]+(?:['\-][^\W\d_]+)*|\d+|\n|\0+|[^\w\s]|_")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Lists of one length: what each token says in lower case, and where it stands.

    `has_capitals`: whether a capital letter says anything, that is, the text is neither all
    capitals nor without any. `loose`: whether its writer may well leave them out.
    """

    texts: list[str]
    starts: list[int]
    ends: list[int]
    cased: str
    lower: str
    numbers: list[int]  # places of numbers
    has_capitals: bool
    loose: bool

    def __len__(self) -> int:
        return len(self.texts)

    def is_word(self, place: int) -> bool:
        return 0 <= place < len(self.texts) and self.texts[place][0].isalpha()

    def is_number(self, place: int) -> bool:
        return 0 <= place < len(self.texts) and self.texts[place][0].isdigit()

    def is_capital(self, place: int) -> bool:
        """Whether this is a word that was given a capital letter."""
        return (
            self.has_capitals and self.is_word(place) and self.cased[self.starts[place]].isupper()
        )

    def is_joined(self, place: int, marks: str = "") -> bool:
        """Whether nothing stands between this token and the one before it, one of these marks."""
        if place < 1 or self.starts[place] != self.ends[place - 1]:
            return False
        return not marks or self.texts[place - 1] in marks

    def says(self, place: int, *texts: str) -> bool:
        """Whether the token is one of these; there may be none at that place."""
        return 0 <= place < len(self.texts) and self.texts[place] in texts

    def begins(self, place: int) -> bool:
        """Whether a line or a sentence begins here."""
        return place == 0 or self.texts[place - 1] in "\n.!?:;,-)"

    def closes(self, place: int) -> bool:
        """Whether a line, a sentence or a part of one ends before this place."""
        return place >= len(self.texts) or self.texts[place][0] in "\n.,!?;:()\0"

    def spoken(self, place: int, phrase: tuple[str, ...]) -> bool:
        """Whether these words stand here, one after the other; dots between them are passed."""
        return self.after(place, phrase) > 0

    def after(self, place: int, phrase: tuple[str, ...]) -> int:
        """The place after these words; 0 when they do not stand here."""
        for word in phrase:
            if not self.says(place, word):
                return 0
            place += 1
            if self.says(place, ".") and len(word) <= 4:
                place += 1
        return place


def read_tokens(plain: Plain) -> Tokens:
    """The tokens of a plain text."""
    lower = plain.lower
    spans = [match.span() for match in _TOKEN.finditer(lower)]
    texts = [lower[start:end] for start, end in spans]
    starts, ends = [span[0] for span in spans], [span[1] for span in spans]
    upper = sum(map(ne, lower, plain.cased))
    letters = sum([len(text) for text in texts if text[0].isalpha()])
    has_capitals = 0 < 3 * upper <= 2 * letters
    first = _LETTER.search(plain.cased)
    loose = not has_capitals or (first is not None and not first[0].isupper())
    numbers = [place for place, text in enumerate(texts) if text[0].isdigit()]
    return Tokens(texts, starts, ends, plain.cased, plain.lower, numbers, has_capitals, loose)
