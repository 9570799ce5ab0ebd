"""Postcodes with their town, and the house before them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache

from kb.text.personal.houses import BESIDE, MOST_WORDS, Houses
from kb.text.personal.rules import AddressWords, Rules, get_labels, get_rules, rule_languages
from kb.text.personal.tokens import Tokens
from kb.text.personal.towns import town_words

_INSIDE = frozenset("0123456789abcdefghijklmnopqrstuvwxyz.,/+-")


class Postcodes:
    """The rules; spans are of characters."""

    def __init__(self, tokens: Tokens, rules: Rules) -> None:
        self.tokens, self.rules = tokens, rules
        self.houses = Houses(tokens, rules)

    def find(self, streets: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Postcodes with a town, and with what stands before them if it looks like a house."""
        tokens, ends = self.tokens, {end for _, end in streets}
        own = self.rules.language
        every = [(name == own, get_rules(name).address) for name in (own, *_others(own))]
        for number in tokens.numbers:
            place = number
            for _ in range(2):  # "EH9", "SI-1000"
                before = tokens.texts[place - 1]
                is_part = before == "-" or (before.isalpha() and len(before) < 3)
                if is_part and tokens.is_joined(place):
                    place -= 1
            start = tokens.starts[place]
            if start and tokens.lower[start - 1] in _INSIDE:
                continue
            for is_own, words in every:
                match = words.postcode.match(tokens.lower, start)
                if match is not None and (span := self._postcode(match, words, is_own, ends)):
                    yield span
                    break

    def _postcode(
        self, match: re.Match[str], words: AddressWords, own: bool, ends: set[int]
    ) -> tuple[int, int] | None:
        tokens = self.tokens
        place = bisect_left(tokens.starts, match.start())
        if words.postcode_alone:
            return self._town_before(place), match.end()
        if get_labels().units.match(tokens.lower, match.end()):
            return None
        before = self._house_before(place)
        lead = tokens.lower[max(0, match.start() - 3) : match.start()].rstrip(" ")
        follows = before >= 0 or any(match.start() - gap in ends for gap in range(1, 4))
        is_apart = not lead or lead[-1] in ",\n:("
        after = bisect_left(tokens.starts, match.end())
        is_year = match[0][:2] in ("19", "20")
        is_sure = is_apart or len(match[0]) != 4 or not is_year
        end = self._town_end(after, words, own and (is_sure or follows))
        if not end and own and (follows or (is_apart and tokens.closes(after + 1))):
            end = self._small_town_end(after)
        if not end and follows and own and is_sure and not tokens.is_number(after):
            end = match.end()
        start = before if before >= 0 else match.start()
        return (start, end) if end else None

    def _town_end(self, place: int, words: AddressWords, trusted: bool) -> int:
        """The end of the town's name; only listed towns count unless `trusted`."""
        tokens = self.tokens
        place += tokens.says(place, ",")
        count = town_words(self.tokens, place, words)
        if not count and trusted and self._is_name(place):
            count = 1
            while count < 4 and tokens.is_capital(place + count):
                count += 1
        if not count:
            return 0
        end = place + count
        is_district = tokens.is_number(end) and len(tokens.texts[end]) < 3
        if words.numbered_towns and is_district:
            end += not self.rules.units.match(tokens.lower, tokens.ends[end])
        return tokens.ends[end - 1]

    def _small_town_end(self, place: int) -> int:
        """The end of a town in lower case that no list has, where nobody writes capitals."""
        tokens = self.tokens
        if tokens.loose and self.houses.is_plain_name(place) and len(tokens.texts[place]) > 3:
            return tokens.ends[place]
        return 0

    def _town_before(self, place: int) -> int:
        """Where the town begins that stands before a British postcode."""
        tokens = self.tokens
        at = place - 1 - tokens.says(place - 1, ",", "\n")
        start = at
        while start > at - 3 and self._is_name(start):
            start -= 1
        if start == at and town_words(tokens, at, get_rules("en").address):
            start -= 1
        return tokens.starts[start + 1] if start < at else tokens.starts[place]

    def _house_before(self, place: int) -> int:
        """Where a house begins that stands right before a postcode, such as "Gorje 45,"; or -1."""
        tokens = self.tokens
        if place >= len(tokens):
            return -1
        for near in range(place - 1, max(-1, place - 9), -1):
            if not tokens.is_number(near) or not tokens.is_word(near - 1):
                continue
            end = self.houses.end(near, counted=False)
            if not 0 < end <= tokens.starts[place]:
                continue
            if not tokens.lower[end : tokens.starts[place]].strip(BESIDE):
                start = self._name_start(near)
                if start < near:
                    return tokens.starts[start]
        return -1

    def _name_start(self, number: int) -> int:
        """Where the name before a house number begins; the number's place where there is none."""
        start = self.houses.name_start(number)
        if start == number and self.houses.is_plain_name(number - 1):
            start -= 1
            while start > number - MOST_WORDS and self.tokens.is_capital(start - 1):
                start -= 1
        return start

    def _is_name(self, place: int) -> bool:
        """Whether a word with a capital may be a town."""
        tokens = self.tokens
        return tokens.is_capital(place) and tokens.texts[place] not in self.rules.names.not_names


@lru_cache(maxsize=64)
def _others(language: str) -> tuple[str, ...]:
    return tuple(name for name in rule_languages() if name != language)
