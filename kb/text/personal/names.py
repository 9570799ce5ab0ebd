"""Names of people: those a case knows, and those that greetings, titles and the like give away."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from kb.text.personal.kinds import PersonalKind, PersonalSpan
from kb.text.personal.known_names import KnownNames
from kb.text.personal.rules import Rules, get_rules
from kb.text.personal.tokens import Tokens
from kb.text.personal.towns import is_like_town

_Phrases = tuple[tuple[str, ...], ...]
# Marks after which a capital says nothing: a new sentence, item, heading or quotation.
_OPENING = frozenset("\n.!?:*#-•·–|>(\"„“”«»'")
_MOST = 3  # words of a name


def find_names(tokens: Tokens, rules: Rules, known: KnownNames) -> Iterator[PersonalSpan]:
    """Names, each with all its parts in one span, without titles."""
    reader = _Reader(tokens, rules, known)
    telling = _telling(rules.language)
    if known.sure or known.also_words:
        telling = telling | known.sure | known.also_words
    marked = bytearray(len(tokens))
    before = ""
    for place, text in enumerate(tokens.texts):
        is_first, before = before == "\n", text
        if is_first or text in telling:
            for start, end in reader.names_at(place):
                marked[start:end] = b"\1" * (end - start)
    start = -1
    for place in range(len(tokens) + 1):
        inside = place < len(tokens) and marked[place]
        if inside and start < 0:
            start = place
        elif not inside and start >= 0:
            yield PersonalSpan(tokens.starts[start], tokens.ends[place - 1], PersonalKind.name)
            start = -1


class _Reader:
    """The rules, asked word by word; places and spans are those of tokens."""

    def __init__(self, tokens: Tokens, rules: Rules, known: KnownNames) -> None:
        words = rules.names
        self.tokens, self.words, self.known, self.rules = tokens, words, known, rules
        self.phrases = _phrases(rules.language)

    def names_at(self, place: int) -> Iterator[tuple[int, int]]:
        """The names that the word at `place` is a part of or stands beside."""
        text = self.tokens.texts[place]
        if text in self.known and self._is_known(place):
            yield place, place + 1
        if text in self.words.given:
            yield from self._given(place)
        if text in self.words.surnames or text in self.words.foreign:
            yield from self._surname(place)
        if place and self.tokens.texts[place - 1] == "\n":
            yield from self._own_line(place)
        if text in self.words.titles:
            yield from self._titled(place)
        if text in self.words.titles_after:
            yield from self._titled_before(place)
        if text in self.phrases["greeting"]:
            yield from self._greeted(place)
        if text in self.phrases["closing"]:
            yield from self._signed(place)
        if text in self.phrases["intro"]:
            yield from self._introduced(place)
        if text in self.phrases["weak"]:
            yield from self._perhaps_introduced(place)
        if text in self.phrases["role"]:
            yield from self._in_role(place)
        if text in self.phrases["after"]:
            yield from self._before_verb(place)

    def _is_known(self, place: int) -> bool:
        tokens = self.tokens
        if tokens.texts[place] in self.known.sure:
            return True
        beside = (place - 1, place + 1)
        if any(tokens.is_word(near) and tokens.texts[near] in self.known for near in beside):
            return True
        is_plain = not self._is_first(place) or tokens.closes(place + 1)
        return tokens.is_capital(place) and is_plain

    def _given(self, place: int) -> Iterator[tuple[int, int]]:
        """A listed given name, with the surname that stands beside it."""
        tokens, text = self.tokens, self.tokens.texts[place]
        start, end = self._around_given(place)
        is_only_name = text not in self.words.also_words and text not in self.words.not_names
        if tokens.is_capital(place):
            is_one = end - start > 1 or is_only_name
        else:
            is_listed = len(text) > 3 and text in self.words.first_names and is_only_name
            is_one = tokens.loose and (is_listed or end - start > 1)
        if is_one:
            yield start, end

    def _surname(self, place: int) -> Iterator[tuple[int, int]]:
        """A listed surname, or a given name of elsewhere, with a capital inside a sentence."""
        tokens, text = self.tokens, self.tokens.texts[place]
        if not tokens.is_capital(place) or self._is_first(place):
            return
        if text in self.words.also_words or text in self.words.not_names:
            return
        start, end = place, place + 1
        if self._is_inside(start - 1):
            start -= 1
        elif self._is_inside(end):
            end += 1
        yield start, end

    def _is_inside(self, place: int) -> bool:
        """Whether a word has a capital that no beginning of a sentence explains."""
        is_free = self.tokens.is_capital(place) and not self._is_first(place)
        return is_free and self._may_be(place)

    def _is_first(self, place: int) -> bool:
        return place == 0 or self.tokens.texts[place - 1] in _OPENING

    def _own_line(self, place: int) -> Iterator[tuple[int, int]]:
        """Two or three words with capitals, and nothing else on a line but the first."""
        end = self._taken(place)
        is_line = self.tokens.texts[place - 1] == "\n" and self.tokens.says(end, "\n", "\0")
        if end >= place + 2 and (is_line or end == len(self.tokens)):
            yield place, end

    def _around_given(self, place: int) -> tuple[int, int]:
        start, end = place, place + 1
        if self.words.surname_first:
            if self._is_surname(place - 1):
                start -= 1
            return start, end
        while end < place + _MOST and self._is_surname(end):
            end += 1
        return start, end

    def _is_surname(self, place: int) -> bool:
        """Whether a word beside a given name may be the other part of it."""
        tokens = self.tokens
        if not self._may_be(place):
            return False
        if tokens.is_capital(place):
            return True
        return tokens.loose and self._ends_like_one(tokens.texts[place])

    def _ends_like_one(self, text: str) -> bool:
        return text in self.words.surnames or text.endswith(self.words.surname_endings or ("\0",))

    def _titled(self, place: int) -> Iterator[tuple[int, int]]:
        tokens = self.tokens
        start = place + 1 + tokens.says(place + 1, ".")
        if len(tokens.texts[place]) < 3 and start == place + 1 and not tokens.is_capital(start):
            return  # "ga" is a word too
        while tokens.is_word(start) and tokens.texts[start] in self.words.titles:
            start += 1 + tokens.says(start + 1, ".")
        if end := self._taken(start):
            yield start, end
        elif tokens.loose and self._may_be(start):
            text = tokens.texts[start]
            greeted = place > 0 and (tokens.texts[place - 1],) in self.words.greetings
            sure = tokens.texts[place] in self.words.sure_titles or greeted
            sure = sure or tokens.says(start - 1, ".") or text in self.known
            alone = tokens.begins(place) and tokens.closes(start + 1)
            if sure or alone or self._looks_like_one(text):
                yield start, start + 1 + self._has_second(start)

    def _looks_like_one(self, text: str) -> bool:
        if text in self.words.also_words:
            return False
        return text in self.words.given or self._ends_like_one(text)

    def _has_second(self, start: int) -> bool:
        """Whether a given name in lower case is followed by something like a surname."""
        return self.tokens.texts[start] in self.words.given and self._may_be(start + 1)

    def _titled_before(self, place: int) -> Iterator[tuple[int, int]]:
        start = place
        while (
            start > place - _MOST and self._may_be(start - 1) and self.tokens.is_capital(start - 1)
        ):
            start -= 1
        if start == place and self.tokens.loose and self._may_be(place - 1):
            start -= 1
            if self.tokens.texts[start] in self.words.given and self._may_be(start - 1):
                start -= 1
        if start < place:
            yield start, place

    def _greeted(self, place: int) -> Iterator[tuple[int, int]]:
        tokens = self.tokens
        start = self._phrase("greeting", place)
        if not start or not tokens.begins(place):
            return
        comma = tokens.says(start, ",")
        start += comma
        end = self._taken(start)
        if end and (tokens.closes(end) or tokens.texts[start] in self.words.given):
            yield start, end
        elif tokens.loose and not comma and self._may_be(start) and tokens.closes(start + 1):
            yield start, start + 1

    def _signed(self, place: int) -> Iterator[tuple[int, int]]:
        tokens = self.tokens
        after = self._phrase("closing", place)
        if not after or not tokens.begins(place):
            return
        start = after
        while tokens.says(start, ",", "\n", ".", "!", "-", ":", ";"):
            start += 1
        if tokens.is_word(start) and tokens.texts[start] in self.words.titles:
            return
        end = self._taken(start)
        if end and (tokens.closes(end) or tokens.says(end, "-") or tokens.is_number(end)):
            yield start, end
        elif tokens.loose and start > after:
            end = start
            while end < start + _MOST and self._may_be(end):
                end += 1
            if start < end and tokens.closes(end):
                yield start, end

    def _introduced(self, place: int) -> Iterator[tuple[int, int]]:
        tokens = self.tokens
        start = self._phrase("intro", place)
        if not start:
            return
        start += tokens.says(start, ":", ",")
        end = self._taken(start)
        if end:
            yield start, end
        elif tokens.loose and self._may_be(start):
            yield start, start + 1 + self._may_be(start + 1)

    def _perhaps_introduced(self, place: int) -> Iterator[tuple[int, int]]:
        """After "this is" and the like: two words with capitals, or a given name."""
        tokens = self.tokens
        start = self._phrase("weak", place)
        if not start:
            return
        start += tokens.says(start, ":")
        end = self._taken(start)
        if end >= start + 2 or (end and tokens.texts[start] in self.words.given):
            yield start, end
        elif tokens.loose and self._may_be(start) and not self._is_town(start):
            second = self._may_be(start + 1)
            if tokens.texts[start] in self.words.given:
                yield start, start + 1 + second
            elif second and self._looks_like_one(tokens.texts[start + 1]):
                yield start, start + 2

    def _in_role(self, place: int) -> Iterator[tuple[int, int]]:
        tokens = self.tokens
        after = self._phrase("role", place)
        if not after:
            return
        start = after + tokens.says(after, ":", ",")
        if end := self._taken(start):
            yield start, end
        elif tokens.loose and self._may_be(start):
            marked = tokens.says(start - 1, ".", ":")
            second = self._may_be(start + 1)
            if tokens.texts[start] in self.words.given or (
                marked and tokens.closes(start + 1 + second)
            ):
                yield start, start + 1 + second

    def _before_verb(self, place: int) -> Iterator[tuple[int, int]]:
        """Before "calling", "vagyok" and the like."""
        tokens = self.tokens
        if not self._phrase("after", place):
            return
        start = place
        while start > place - _MOST and self._may_be(start - 1) and tokens.is_capital(start - 1):
            start -= 1
        is_given = any(tokens.texts[p] in self.words.given for p in range(start, place))
        if place - start >= 2 or is_given:
            yield start, place
        elif start == place and tokens.loose and self._may_be(place - 1):
            first = place - 1 - self._may_be(place - 2)
            if any(tokens.texts[p] in self.words.given for p in range(first, place)):
                yield first, place

    def _taken(self, start: int) -> int:
        """The end of a name with capitals that begins here; 0 when there is none."""
        tokens, place, count = self.tokens, start, 0
        if not tokens.is_capital(start) or self._is_town(start):
            return 0
        while count < _MOST and tokens.is_capital(place):
            text = tokens.texts[place]
            if len(text) == 1 and tokens.says(place + 1, "."):  # an initial
                place += 2
            elif self._may_be(place):
                place, count = place + 1, count + 1
            else:
                break
        if tokens.is_word(place) and tokens.texts[place] in self.words.particles and count:
            after = place + 1
            if tokens.is_capital(after) and self._may_be(after):
                return after + 1
        is_long = any(len(tokens.texts[near]) > 2 for near in range(start, place))
        return place if count and is_long else 0

    def _may_be(self, place: int) -> bool:
        if not self.tokens.is_word(place):
            return False
        text = self.tokens.texts[place]
        words = self.words
        if len(text) < 2 or text in words.not_names:
            return False
        if text in words.titles or text in words.titles_after:
            return False
        if "-" in text and text.partition("-")[0] in self.words.not_names:  # "SMS-em"
            return False
        return not self._is_acronym(place)

    def _is_town(self, place: int) -> bool:
        return is_like_town(self.tokens, place, self.rules.address)

    def _is_acronym(self, place: int) -> bool:
        tokens = self.tokens
        cased = tokens.cased[tokens.starts[place] : tokens.ends[place]]
        return tokens.has_capitals and 1 < len(cased) < 5 and cased.isupper()

    def _phrase(self, kind: str, place: int) -> int:
        """The place after the longest phrase of that kind that begins here, else 0."""
        for phrase in self.phrases[kind].get(self.tokens.texts[place], ()):
            if after := self.tokens.after(place, phrase):
                return after
        return 0


@lru_cache(maxsize=64)
def _phrases(language: str) -> dict[str, dict[str, list[tuple[str, ...]]]]:
    """What names stand beside, by kind and first word."""
    words = get_rules(language).names
    return {
        "greeting": _by_first(words.greetings),
        "closing": _by_first(words.closings),
        "intro": _by_first(words.intros),
        "weak": _by_first(words.weak_intros),
        "role": _by_first(words.roles),
        "after": _by_first(words.after),
    }


@lru_cache(maxsize=64)
def _telling(language: str) -> frozenset[str]:
    """Words that may be a name, or stand beside one."""
    words = get_rules(language).names
    listed = (words.given, words.surnames, words.foreign, words.titles, words.titles_after)
    return frozenset().union(*listed, *_phrases(language).values())


def _by_first(phrases: _Phrases) -> dict[str, list[tuple[str, ...]]]:
    found: dict[str, list[tuple[str, ...]]] = {}
    for phrase in phrases:
        if phrase:
            found.setdefault(phrase[0], []).append(phrase)
    return found
