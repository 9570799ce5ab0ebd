"""Reading ease by the formula published for the language; honest where there is none.

- English: Flesch Reading Ease, 206.835 - 1.015 words/sentence - 84.6 syllables/word (R. Flesch,
  "A new readability yardstick", Journal of Applied Psychology 32, 1948).
- Czech: the same with 1.672 and 62.18 (K. Bendova, "Using a parallel corpus to adapt the Flesch
  Reading Ease formula to Czech", Jazykovedny casopis 72, 2021).
- Polish: Pisarek's linear index, a third of words/sentence and a third of the percentage of words
  with four syllables or more, plus 1: about the years of school (W. Pisarek, 1969; as in B. Broda
  and others, "Measuring readability of Polish texts", LREC 2014). Words count as they stand, not
  as lemmas.
- Slovenian, Hungarian and others: no formula with coefficients of the language's own is known to
  us; the mean length of a sentence stands in, and says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kb.text.sentences import split_sentences
from kb.text.terms import base_language

FEWEST = 30  # words from which a formula says anything
EASY_FLESCH = 50.0  # "fairly difficult" begins below
EASY_YEARS = 12.0
EASY_WORDS = 20.0  # of a sentence
LONG_SENTENCE = 35  # words
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_VOWELS = {
    "en": re.compile(r"[aeiouy]+"),
    "pl": re.compile(r"i?[aąeęoóuy]|i(?![aąeęoóu])"),
    "cs": re.compile(
        r"[oae]u|[aáeéěiíoóuúůyý]|(?<=[^aáeéěiíoóuúůyý])[rl](?=[^aáeéěiíoóuúůyýrl]|$)"
    ),
}
_FLESCH = {"en": (1.015, 84.6), "cs": (1.672, 62.18)}


@dataclass(frozen=True, slots=True)
class Reading:
    """`measure` is flesch, pisarek or sentence_length; `easy` by our bar for that measure.

    `value` is None where the text is too short to tell. `long` are the spans of very long
    sentences, characters of the text.
    """

    measure: str
    value: float | None
    easy: bool
    long: tuple[tuple[int, int], ...]


def reading_ease(text: str, language: str) -> Reading:
    """How easily the plain text reads."""
    base = base_language(language)
    spans = split_sentences(text, language)
    counts = [len(_WORD.findall(text, span.start, span.end)) for span in spans]
    words = _WORD.findall(text.lower())
    long = tuple(
        (span.start, span.end)
        for span, count in zip(spans, counts, strict=True)
        if count > LONG_SENTENCE
    )
    sentences = sum(count > 0 for count in counts)
    measure = "flesch" if base in _FLESCH else "pisarek" if base == "pl" else "sentence_length"
    if len(words) < FEWEST or not sentences:
        return Reading(measure, None, True, long)
    length = len(words) / sentences
    if measure == "flesch":
        per_sentence, per_word = _FLESCH[base]
        syllables = sum(count_syllables(word, base) for word in words) / len(words)
        value = 206.835 - per_sentence * length - per_word * syllables
        return Reading(measure, round(value, 1), value >= EASY_FLESCH, long)
    if measure == "pisarek":
        hard = sum(count_syllables(word, base) >= 4 for word in words) / len(words)
        value = length / 3 + 100 * hard / 3 + 1
        return Reading(measure, round(value, 1), value <= EASY_YEARS, long)
    return Reading(measure, round(length, 1), length <= EASY_WORDS, long)


@lru_cache(maxsize=50_000)
def count_syllables(word: str, base: str) -> int:
    """Syllables of a small-letter word in en, pl or cs, by its vowels; at least one."""
    count = len(_VOWELS[base].findall(word))
    if base == "en" and word.endswith("e") and not word.endswith(("le", "ee", "ye")) and count > 1:
        count -= 1
    return max(1, count)
