"""The one tokenizer, for index and query alike: folded lemmas of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from kb.text.fold import fold
from kb.text.lexicon import get_lexicon
from kb.text.stopwords import QUESTION_WORDS, STOP_WORDS

__all__ = ["TermSpan", "fold", "is_stop", "question_words", "term_spans", "terms"]

_LETTER = r"[^\W\d_]"
_TOKEN = re.compile(
    r"""
    (?P<email>[\w.+-]{1,64}@\w[\w-]*(?:\.\w[\w-]*)+)
  | (?P<postcode>\b[A-Za-z]{1,2}\d[A-Za-z\d]?\ ?\d[A-Za-z]{2}\b)
  | (?P<number>\d+(?:[.,:/]\d+)+(?![\w]))
  | (?P<dotted>\w+(?:[.]\w+)+)
  | (?P<word>\w(?:[\w\u0300-\u036f]|['’\-‑](?=\w))*)
    """,
    re.VERBOSE,
)
_CAMEL = re.compile(r"(?<=[a-z\u00df-\u00f6\u00f8-\u017f])(?=[A-ZÀ-ÖØ-Þ])")
_PIECE = re.compile(rf"{_LETTER}+|\d+")
_APOSTROPHES = str.maketrans("", "", "'’")
_LONGEST = 64  # characters of any term; longer runs are noise (base64, rulers)

_STEM = 7  # characters of a lemma that count


@dataclass(frozen=True, slots=True)
class TermSpan:
    """A term and the characters [start, end) of the text it came from."""

    term: str
    start: int
    end: int


def terms(text: str, language: str) -> list[str]:
    """Folded lemmas of `text`, in order, repeats and stop words included.

    Identifiers (LP4830012957, PK-204518, EH8 9YL, e-mail addresses, file names) come whole,
    without spaces and hyphens, followed by their useful parts. A term never holds white space;
    beside letters and digits it may hold `.`, `@`, `_`, `+` and, in e-mail addresses, `-`.
    Languages without a dictionary are folded only.
    """
    base = base_language(language)
    found: list[str] = []
    for match in _TOKEN.finditer(text):
        found.extend([part[0] for part in _analyse(match.lastgroup or "", match[0], base)])
    return found


def each_term(text: str, language: str) -> Iterator[str]:
    """The same terms as `terms`, found as they are asked for."""
    base = base_language(language)
    for match in _TOKEN.finditer(text):
        for part in _analyse(match.lastgroup or "", match[0], base):
            yield part[0]


def term_spans(text: str, language: str) -> list[TermSpan]:
    """The same terms as `terms`, each with its character span in `text`, for highlighting."""
    base = base_language(language)
    return [
        TermSpan(term, match.start() + start, match.start() + end)
        for match in _TOKEN.finditer(text)
        for term, start, end in _analyse(match.lastgroup or "", match[0], base)
    ]


@lru_cache(maxsize=256)
def base_language(language: str) -> str:
    """The primary subtag of a BCP-47 tag: "en" of "en-GB"."""
    return language.replace("_", "-").partition("-")[0].lower()


def is_stop(term: str, language: str) -> bool:
    """Whether a term is a function word, greeting or courtesy of the language.

    Negations never are. Languages without a list have no stop words.
    """
    return term in STOP_WORDS.get(base_language(language), frozenset())


def question_words(language: str) -> frozenset[str]:
    """Folded words that open questions in the language; empty when it is not known."""
    return QUESTION_WORDS.get(base_language(language), frozenset())


_Part = tuple[str, int, int]  # term, start and end within the token


@lru_cache(maxsize=100_000)
def _analyse(kind: str, token: str, language: str) -> tuple[_Part, ...]:
    size = len(token)
    if kind == "postcode":
        outward = len(token[: size - 3].rstrip())
        return _whole_and_pieces(token.replace(" ", ""), token, [(0, outward), (size - 3, size)])
    if kind == "number":
        return _number(token)
    if kind in ("email", "dotted"):
        pieces = [m.span() for m in re.finditer(r"[^\W_]+", token) if len(m[0]) > 2]
        return _whole_and_pieces(token, token, pieces, language)
    if any(c.isdigit() for c in token):
        return _code(token, language)
    return tuple(_word(token, language))


def _whole_and_pieces(
    whole: str, token: str, pieces: list[tuple[int, int]], language: str | None = None
) -> tuple[_Part, ...]:
    """The folded whole, then its pieces; letters of a piece are lemmatised in `language`."""
    found = [(fold(whole)[:_LONGEST], 0, len(token))]
    for start, end in pieces:
        piece = fold(token[start:end])
        term = lemma(piece, language) if language and piece.isalpha() else piece
        if term and all(term != other for other, _, _ in found):
            found.append((term[:_LONGEST], start, end))
    return tuple(found)


def _number(token: str) -> tuple[_Part, ...]:
    """2,5 and 2.5 are one; dates and times also give their longer parts."""
    pieces = [m.span() for m in re.finditer(r"\d+", token) if len(m[0]) > 1]
    return _whole_and_pieces(token.replace(",", "."), token, pieces)


def _code(token: str, language: str) -> tuple[_Part, ...]:
    """PK-204518: pk204518, pk, 204518. EH8-ra, LP483-et: the case ending goes."""
    head, _, tail = token.rpartition("-")
    if head and any(c.isdigit() for c in head) and tail.isalpha() and tail.islower():
        token = head
    if token.isdigit():
        return ((fold(token)[:_LONGEST], 0, len(token)),)
    whole = re.sub(r"[-‑'’]", "", token)
    pieces = [m.span() for m in _PIECE.finditer(token) if len(m[0]) > 1]
    return _whole_and_pieces(whole, token, pieces, language)


def _word(token: str, language: str) -> Iterator[_Part]:
    """Lemmas of a word: compounds at hyphens and underscores, CamelCase whole and in parts."""
    parts = [(m.start(), m.end()) for m in re.finditer(r"[^\-‑_]+", token)]
    if len(parts) > 1 and min(end - start for start, end in parts) <= 2:
        # e-mail is also written email, wi-fi wifi
        yield fold(re.sub(r"[-‑_]", "", token))[:_LONGEST], 0, len(token)
    for start, end in parts:
        part = token[start:end]
        if len(parts) > 1 and end - start == 1:
            continue
        humps = [0, *(m.start() for m in _CAMEL.finditer(part)), len(part)]
        if len(humps) == 2:
            yield lemma(fold(_bare(part, language)), language)[:_LONGEST], start, end
            continue
        yield fold(_bare(part, language))[:_LONGEST], start, end
        for left, right in pairwise(humps):
            if right - left > 2:
                piece = fold(part[left:right])
                yield lemma(piece, language)[:_LONGEST], start + left, start + right


def _bare(word: str, language: str) -> str:
    """Without the possessive 's of English and without apostrophes."""
    if language == "en" and word[-2:] in ("'s", "’s"):
        word = word[:-2]
    return word.translate(_APOSTROPHES)


@lru_cache(maxsize=100_000)
def lemma(word: str, language: str) -> str:
    """The term of one folded word: its folded lemma, at most `_STEM` characters of it.

    The cut brings derived words together ("dostupny", "dostupnost"); it helped on average
    (docs/decisions/0003). Function words stay as they are: alone they are too ambiguous
    ("mamy": we have, mothers).
    """
    if word in STOP_WORDS.get(language, ()):
        return word
    lexicon = get_lexicon(language)
    return word if lexicon is None else lexicon.lemma(word)[:_STEM]
