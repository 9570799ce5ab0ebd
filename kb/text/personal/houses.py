"""House numbers, and the words before them that name a street or a village."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.text.personal.rules import Rules
from kb.text.personal.tokens import Tokens

HOUSE = re.compile(
    r"\d{1,4}(?:-\d{1,4})?(?: ?[a-h](?![^\W_]))?"
    r"(?: ?/ ?\d{1,4}(?: ?[a-h](?![^\W_]))?|/[a-h](?![^\W_]))?"
    r"(?![^\W_])(?!:\d)(?![.,]\d)"
)
BESIDE = " ,.\n-"
"""What may stand between the parts of an address."""
MOST_WORDS = 4  # of a street's name
_THOUSANDS = re.compile(r"(?: \d{3}(?!\d))*")


@dataclass(frozen=True, slots=True)
class Houses:
    """House numbers of a text; places are those of tokens, ends those of characters."""

    tokens: Tokens
    rules: Rules

    def end(self, place: int, *, counted: bool = True) -> int:
        """The end of a house number with what hangs on to it; 0 where it is none.

        Unless `counted` is false, a number of things ("5 boxes") is none.
        """
        tokens = self.tokens
        house = HOUSE.match(tokens.lower, tokens.starts[place])
        if house is None:
            return 0
        end = house.end()
        for _ in range(3):
            tail = self.rules.address.house_tail.match(tokens.lower, end)
            if tail is None or tail.end() == end:
                break
            end = tail.end()
        if counted and end == house.end():
            thousands = _THOUSANDS.match(tokens.lower, end)
            counted_at = thousands.end() if thousands else end
            if self.rules.units.match(tokens.lower, counted_at):
                return 0
        return end

    def name_start(self, place: int) -> int:
        """Where the name begins that ends before `place`."""
        tokens, start = self.tokens, place
        while start > place - MOST_WORDS and tokens.is_capital(start - 1):
            start -= 1
        if start == place and (tokens.loose or not tokens.has_capitals):
            while start > place - 2 and self.is_plain_name(start - 1):
                start -= 1
        return start

    def is_plain_name(self, place: int) -> bool:
        """Whether a word in lower case may belong to a street's name."""
        tokens = self.tokens
        if not tokens.is_word(place):
            return False
        text = tokens.texts[place]
        is_other = text in self.rules.names.not_names or text in self.rules.address.cues
        return len(text) > 1 and not is_other
