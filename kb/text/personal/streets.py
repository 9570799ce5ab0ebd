"""Streets with a house number, by the word for a street or by what else speaks for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.text.personal.houses import BESIDE, HOUSE, MOST_WORDS, Houses
from kb.text.personal.rules import Rules, get_labels, get_rules, rule_languages
from kb.text.personal.tokens import Tokens
from kb.text.personal.towns import town_words

_FLAT = re.compile(
    r"(?:flat|apt|apartment|unit|suite|room|floor|block)\.?"
    r" ?\d{1,4}(?:/\d{1,3})?[a-z]?[ ,\n]{0,3}\Z"
)
_REACH = 10  # tokens before a house number in which its street may begin
_BEFORE_NUMBER = frozenset(["at", "to", "from", "address", ",", ":", "\n"])
_COUNTED = """days day working hours hour weeks week months parcels boxes items pcs am pm minutes
    mins x kg cm"""


@dataclass(frozen=True, slots=True)
class _Foreign:
    """What gives an address of another language away: types that are nothing else."""

    before: frozenset[str]
    after: frozenset[str]


@lru_cache(maxsize=64)
def _foreign(language: str) -> _Foreign:
    others = [get_rules(name).address for name in rule_languages() if name != language]
    before = {word for other in others for word in other.before - other.own_before}
    after = {word for other in others for word in other.after if len(word) > 4}
    return _Foreign(frozenset(before), frozenset(after))


class Streets:
    """The rules; spans are of characters."""

    def __init__(self, tokens: Tokens, rules: Rules) -> None:
        self.tokens, self.rules, self.words = tokens, rules, rules.address
        self.houses = Houses(tokens, rules)
        self.foreign = _foreign(rules.language)
        self.english = get_rules("en").address
        self.types = self.english.types | self.english.capital_types

    def find(self) -> Iterator[tuple[int, int]]:
        """Streets with a house number."""
        tokens, words = self.tokens, self.words
        for place in self._near_numbers():
            text = tokens.texts[place]
            if tokens.is_number(place):
                if words.dated:
                    yield from self._dated_name(place)
                yield from self._number_first(place)
                continue
            if not text[0].isalpha():
                continue
            if text in words.before or (text in self.foreign.before and self._has_capital(place)):
                yield from self._type_first(place)
            if text in words.after or text in self.foreign.after:
                yield from self._type_last(place)
            if text in words.prepositions and tokens.is_capital(place):
                yield from self._preposition(place)
            if words.endings and tokens.is_number(place + 1):
                if text.endswith(words.endings):
                    yield from self._bare_name(place)
                elif tokens.is_capital(place) and tokens.is_capital(place - 1):
                    yield from self._village(place)
            if text == "c" and words.house_words and tokens.after(place, ("c", "p")):
                yield from self._house_word(place)

    def _near_numbers(self) -> Iterator[int]:
        """The places of numbers and of the words before them, in order."""
        done = 0
        for number in self.tokens.numbers:
            yield from range(max(done, number - _REACH), number + 1)
            done = number + 1

    def _has_capital(self, place: int) -> bool:
        """Whether one of the next words has a capital."""
        return any(self.tokens.is_capital(near) for near in range(place + 1, place + 4))

    def _type_first(self, place: int) -> Iterator[tuple[int, int]]:
        """ "ul. Długa 12", "Trg republike 3", "ul. 3 Maja 5"."""
        tokens = self.tokens
        at = place + 1 + tokens.says(place + 1, ".")
        words, capital = 0, tokens.is_capital(place)
        for near in range(at, min(len(tokens), at + 8)):
            text = tokens.texts[near]
            if tokens.is_word(near):
                words += 1
                capital = capital or tokens.is_capital(near)
                if words > MOST_WORDS:
                    return
            elif tokens.is_number(near):
                capital = capital or not words  # "ul. 3. maja 5"
                if words:
                    end = self.houses.end(near)
                    if end and (capital or not tokens.has_capitals or tokens.loose):
                        yield tokens.starts[place], end
                    return
            elif text != "." or len(tokens.texts[near - 1]) > 4:
                return

    def _type_last(self, place: int) -> Iterator[tuple[int, int]]:
        """ "Kossuth Lajos utca 12", "Slovenska cesta 5"."""
        tokens = self.tokens
        at = place + 1 + tokens.says(place + 1, ".")
        at += tokens.says(at, "a", "az", "c")
        if not tokens.is_number(at) or not (end := self.houses.end(at)):
            return
        start = self.houses.name_start(place)
        if start < place:
            yield tokens.starts[start], end

    def _bare_name(self, place: int) -> Iterator[tuple[int, int]]:
        """ "Vodičkova 12", "na Dunajski 5": only where something else speaks for an address."""
        tokens, words = self.tokens, self.words
        text = tokens.texts[place]
        if len(text) < 4 or text in self.rules.names.not_names:
            return
        end = self.houses.end(place + 1)
        if not end or (place and tokens.texts[place - 1] in self.rules.names.titles):
            return
        start = place
        while start > place - 2 and tokens.is_capital(place) and tokens.is_capital(start - 1):
            if tokens.texts[start - 1] in self.rules.names.not_names:
                break
            start -= 1
        before = tokens.texts[start - 1] if start else "\n"
        is_cued = before in words.cues or before in ",:(\n"
        if not tokens.is_capital(place):
            is_cued = tokens.loose and before in words.cues
        if is_cued or self._postcode_after(end):
            yield tokens.starts[start], end

    def _village(self, place: int) -> Iterator[tuple[int, int]]:
        """ "na Stara Wieś 48": several words with capitals after a word such as "at"."""
        tokens, start = self.tokens, place
        while start > place - MOST_WORDS and tokens.is_capital(start - 1):
            if tokens.texts[start - 1] in self.rules.names.not_names:
                break
            start -= 1
        is_cued = start > 0 and tokens.texts[start - 1] in self.words.cues
        end = self.houses.end(place + 1) if is_cued else 0
        if end and not town_words(tokens, start, self.words):
            yield tokens.starts[start], end

    def _dated_name(self, place: int) -> Iterator[tuple[int, int]]:
        """ "17. listopadu 5": a street named by a day, not a date with a year."""
        tokens = self.tokens
        at = place + 2
        if not (tokens.says(place + 1, ".") and tokens.is_word(at) and tokens.is_number(at + 1)):
            return
        if not _month().fullmatch(tokens.texts[at]) or len(tokens.texts[at + 1]) > 3:
            return
        end = self.houses.end(at + 1)
        before = tokens.texts[place - 1] if place else "\n"
        is_cued = before in self.words.cues or before in ",:(\n"
        if end and (is_cued or "/" in tokens.lower[tokens.ends[at] : end]):
            yield tokens.starts[place], end

    def _preposition(self, place: int) -> Iterator[tuple[int, int]]:
        """ "Na Příkopě 12", "U Zeleného ptáka 3"."""
        tokens, words = self.tokens, self.words
        at = place + 1
        if not tokens.is_capital(at) or town_words(tokens, at, words):
            return
        at += 1
        at += tokens.is_word(at) and tokens.is_number(at + 1)
        if tokens.is_number(at) and (end := self.houses.end(at)):
            yield tokens.starts[place], end

    def _house_word(self, place: int) -> Iterator[tuple[int, int]]:
        """ "Horní Lhota č.p. 12"."""
        tokens = self.tokens
        at = tokens.after(place, ("c", "p"))
        if tokens.is_number(at) and (end := self.houses.end(at)):
            start = self.houses.name_start(place)
            yield tokens.starts[start], end

    def _number_first(self, place: int) -> Iterator[tuple[int, int]]:
        """ "14 Mayfield Road", "Flat 2, 5 Church Close"."""
        tokens = self.tokens
        house = HOUSE.match(tokens.lower, tokens.starts[place])
        if house is None or tokens.is_joined(place, "./-:"):
            return
        first = place + 1
        while first < len(tokens) and tokens.starts[first] < house.end():
            first += 1
        end = self._type_end(first, place)
        if end >= 0:
            start = tokens.starts[place]
            flat = _FLAT.search(tokens.lower, max(0, start - 30), start)
            yield (flat.start() if flat else start), end

    def _type_end(self, first: int, number: int) -> int:
        """The end of a name with its type that begins here, such as "Mayfield Road"; or -1."""
        tokens, end = self.tokens, -1
        for near in range(first, min(len(tokens), first + 6)):
            text = tokens.texts[near]
            if not tokens.is_word(near):
                if text == "." and near > first and len(tokens.texts[near - 1]) <= 3:
                    continue
                break
            if near > first and text in self.types and self._is_type(near, first, number):
                end = tokens.ends[near]
            if text in _english_stops() and not (near == first and text in ("the", "st")):
                break
        return end

    def _is_type(self, place: int, first: int, number: int) -> bool:
        tokens, text = self.tokens, self.tokens.texts[place]
        if text in self.english.types:
            return tokens.is_capital(first) or tokens.loose or not tokens.has_capitals
        if tokens.has_capitals and not tokens.loose:
            return tokens.is_capital(place) and tokens.is_capital(first)
        if tokens.is_capital(place) and tokens.is_capital(first):
            return True
        is_cued = number > 0 and tokens.texts[number - 1] in _BEFORE_NUMBER
        return is_cued or tokens.closes(place + 1)

    def _postcode_after(self, end: int) -> bool:
        lower = self.tokens.lower
        at = end
        while at < len(lower) and at < end + 3 and lower[at] in BESIDE:
            at += 1
        return self.words.postcode.match(lower, at) is not None


@lru_cache(maxsize=1)
def _month() -> re.Pattern[str]:
    return re.compile(get_labels().month)


@lru_cache(maxsize=1)
def _english_stops() -> frozenset[str]:
    rules = get_rules("en")
    types = rules.address.types | rules.address.capital_types
    return rules.names.not_names - types | frozenset(_COUNTED.split())
